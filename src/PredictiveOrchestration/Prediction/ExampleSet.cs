using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Runs that stand for all that were learned from, each as far as possible from the others (greedy k-centre). Immutable.
/// </summary>
internal sealed class ExampleSet
{
    public const int Most = 96;

    // Input by input, each of all examples and of as many more as fill a vector: the distances to some are found at once.
    private readonly float[] _inputs;
    private readonly int _width, _stride;

    private ExampleSet(float[] points, int width, TrainingRow[] rows)
    {
        var lanes = Vector256<float>.Count;
        (_width, _stride, Rows) = (width, (rows.Length + lanes - 1) / lanes * lanes, rows);
        _inputs = new float[_width * _stride];
        for (var i = 0; i < points.Length; i++)
        {
            _inputs[(i % width * _stride) + (i / width)] = points[i];
        }
    }

    public TrainingRow[] Rows { get; }

    public void Write(BinaryWriter writer)
    {
        var points = new float[Rows.Length * _width];
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = _inputs[(i % _width * _stride) + (i / _width)];
        }

        writer.WriteArray(points);
        writer.Write(Rows.Length);
        foreach (var row in Rows)
        {
            row.Write(writer);
        }
    }

    public static ExampleSet Read(BinaryReader reader, int inputs)
    {
        var points = reader.ReadFloats();
        var rows = new TrainingRow[reader.ReadCount(TrainingRow.LeastBytes)];
        BinaryParts.Require(rows.Length is >= 1 and <= Most && points.Length == rows.Length * inputs);
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = TrainingRow.Read(reader);
        }

        return new ExampleSet(points, inputs, rows);
    }

    public static ExampleSet Choose(FeatureScale scale, IReadOnlyList<TrainingRow> rows)
    {
        var width = scale.Count;
        var all = new float[rows.Count][];
        for (var r = 0; r < rows.Count; r++)
        {
            all[r] = new float[width];
            scale.Apply(rows[r].Features, all[r]);
        }

        var distance = new float[rows.Count];
        Array.Fill(distance, float.MaxValue);
        var chosen = new List<int>();
        for (var next = 0; chosen.Count < Math.Min(Most, rows.Count) && distance[next] > 0;)
        {
            chosen.Add(next);
            var farthest = 0;
            for (var r = 0; r < rows.Count; r++)
            {
                distance[r] = Math.Min(distance[r], TensorPrimitives.Distance<float>(all[r], all[next]));
                farthest = distance[r] > distance[farthest] ? r : farthest;
            }

            next = farthest;
        }

        return new ExampleSet([.. chosen.SelectMany(c => all[c])], width, [.. chosen.Select(c => rows[c])]);
    }

    /// <summary>The nearest example.</summary>
    public int Nearest(ReadOnlySpan<float> standardised)
    {
        var (best, at) = (float.MaxValue, 0);
        Span<float> squares = stackalloc float[Vector256<float>.Count];
        for (var first = 0; first < _stride; first += squares.Length)
        {
            var sum = Vector256<float>.Zero;
            for (var i = 0; i < _width; i++)
            {
                var apart = Vector256.LoadUnsafe(ref _inputs[(i * _stride) + first]) - Vector256.Create(standardised[i]);
                sum += apart * apart;
            }

            sum.CopyTo(squares);
            for (var k = 0; k < squares.Length && first + k < Rows.Length; k++)
            {
                if (squares[k] < best)
                {
                    (best, at) = (squares[k], first + k);
                }
            }
        }

        return at;
    }
}

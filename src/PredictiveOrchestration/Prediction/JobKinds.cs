using System.Numerics;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// What kinds of jobs were learned from: a random sample of them by the inputs that do not grow with the job (shares of gates, how
/// far states spread, how qubits are joined). The distance to the nearest says whether a job is of a kind that was seen, whatever its size. Immutable.
/// </summary>
internal sealed class JobKinds
{
    /// <summary>The most jobs in the sample: with these the nearest tells kinds apart as well as the eighth nearest of 1,500 does.</summary>
    public const int Most = 256;

    // Positions behind the terms: see ResidualFeatures.
    private static readonly int[] Inputs = [3, 4, 5, 7, 9, 11, 18, 19, 20, 21, 24, 25, 26, 27, 28];
    private readonly float[] _points, _columns;
    private readonly int _count;

    // One column for each input, filled up to whole vectors with points that are near to nothing.
    private JobKinds(float[] points)
    {
        _points = points;
        _count = points.Length / Inputs.Length;
        var height = Height;
        _columns = new float[height * Inputs.Length];
        Array.Fill(_columns, 1e6f);
        for (var i = 0; i < points.Length; i++)
        {
            _columns[(i % Inputs.Length * height) + (i / Inputs.Length)] = points[i];
        }
    }

    private int Height => (_count + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;

    public void Write(BinaryWriter writer) => writer.WriteArray(_points);

    public static JobKinds Read(BinaryReader reader)
    {
        var points = reader.ReadFloats();
        BinaryParts.Require(points.Length > 0 && points.Length % Inputs.Length == 0 && points.Length <= Most * Inputs.Length);
        return new JobKinds(points);
    }

    /// <summary>A sample of the rows.</summary>
    public static JobKinds Of(FeatureScale scale, IReadOnlyList<TrainingRow> rows, int seed)
    {
        var order = Enumerable.Range(0, rows.Count).ToArray();
        new Random(seed).Shuffle(order);
        return new JobKinds([.. order.Take(Most).SelectMany(r => PointOf(scale, rows[r].Features))]);
    }

    /// <summary>The inputs by which kinds are told apart, standardised.</summary>
    public static float[] PointOf(FeatureScale scale, ReadOnlySpan<float> features)
    {
        Span<float> z = stackalloc float[scale.Count];
        scale.Apply(features, z);
        var point = new float[Inputs.Length];
        for (var i = 0; i < point.Length; i++)
        {
            point[i] = z[z.Length - ResidualFeatures.Common + Inputs[i]];
        }

        return point;
    }

    /// <summary>The distance to the nearest, in deviations.</summary>
    /// <param name="standardised">All inputs of a job.</param>
    public double DistanceTo(ReadOnlySpan<float> standardised)
    {
        var height = Height;
        var best = new Vector<float>(float.MaxValue);
        for (var row = 0; row < height; row += Vector<float>.Count)
        {
            var sum = Vector<float>.Zero;
            for (var i = 0; i < Inputs.Length; i++)
            {
                var d = new Vector<float>(_columns, (i * height) + row) - new Vector<float>(standardised[standardised.Length - ResidualFeatures.Common + Inputs[i]]);
                sum += d * d;
            }

            best = Vector.Min(best, sum);
        }

        var least = float.MaxValue;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            least = Math.Min(least, best[lane]);
        }

        return Math.Sqrt(least);
    }
}

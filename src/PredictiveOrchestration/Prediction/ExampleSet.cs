using System.Numerics.Tensors;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Runs that stand for all that were learned from, each as far as possible from the others (greedy k-centre). Immutable.
/// </summary>
internal sealed class ExampleSet
{
    public const int Most = 96;

    private readonly PointColumns _points;

    private ExampleSet(float[] points, int width, TrainingRow[] rows) => (_points, Rows) = (new PointColumns(points, width), rows);

    public TrainingRow[] Rows { get; }

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_points.ToArray());
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
    public int Nearest(ReadOnlySpan<float> standardised) => _points.Nearest(standardised).Index;
}

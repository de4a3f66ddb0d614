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
    private readonly PointColumns _points;

    private JobKinds(float[] points) => _points = new PointColumns(points, Inputs.Length);

    public void Write(BinaryWriter writer) => writer.WriteArray(_points.ToArray());

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
        Pick(z, point);
        return point;
    }

    /// <summary>The distance to the nearest, in deviations.</summary>
    /// <param name="standardised">All inputs of a job.</param>
    public double DistanceTo(ReadOnlySpan<float> standardised)
    {
        Span<float> point = stackalloc float[Inputs.Length];
        Pick(standardised, point);
        return Math.Sqrt(_points.Nearest(point).Square);
    }

    private static void Pick(ReadOnlySpan<float> standardised, Span<float> point)
    {
        for (var i = 0; i < point.Length; i++)
        {
            point[i] = standardised[standardised.Length - ResidualFeatures.Common + Inputs[i]];
        }
    }
}

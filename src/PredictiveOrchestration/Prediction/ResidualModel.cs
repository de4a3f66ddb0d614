namespace PredictiveOrchestration.Prediction;

/// <summary>What the learned parts say of one job, each on its own.</summary>
internal readonly record struct ResidualParts(double Forest, double Network, double Spread, double Outside, double Novelty, int Cluster, int Nearest)
{
    /// <summary>The error of runs of the same circuit; not a number if there was none.</summary>
    public double Kin { get; init; } = double.NaN;
}

/// <summary>The weights of the learned parts.</summary>
internal readonly record struct PartShares(double Forest, double Network);

/// <summary>How the parts are put together; fitted to held-out rows.</summary>
/// <param name="Shares">The weights of forest and network for jobs near to an example, between, and far; what is missing to 1 leaves the analytic model as it is.</param>
/// <param name="KinShare">The weight of runs of the same circuit where there are any.</param>
/// <param name="HullDecay">How fast the correction fades as a job leaves the range of the training data.</param>
/// <param name="Floor">The least scale of an error.</param>
/// <param name="KinFloor">The least scale of an error where the same circuit ran before.</param>
/// <param name="Near">Jobs nearer to an example than this are near.</param>
/// <param name="Far">Jobs farther than this are far.</param>
internal sealed record ResidualStack(PartShares[] Shares, double KinShare, double HullDecay, double Floor, double KinFloor, double Near, double Far)
{
    /// <summary>Near, between, far in each cluster; then near to the range of the training data, far outside, and circuits that ran before.</summary>
    public const int Groups = (3 * CircuitClusters.Count) + 3;

    public double Correction(in ResidualParts p)
    {
        var learned = Learned(p);
        return double.IsNaN(p.Kin) ? learned : learned + (KinShare * (p.Kin - learned));
    }

    public double Scale(in ResidualParts p) => double.IsNaN(p.Kin) ? Floor + p.Spread : KinFloor;

    public int Group(in ResidualParts p) => !double.IsNaN(p.Kin) ? Groups - 1 : p.Outside > 4 ? Groups - 2 : p.Outside > 0.05 ? Groups - 3 : (3 * p.Cluster) + Band(p);

    /// <summary>0 near to an example, 1 between, 2 far.</summary>
    public int Band(in ResidualParts p) => p.Novelty < Near ? 0 : p.Novelty < Far ? 1 : 2;

    private double Learned(in ResidualParts p)
    {
        var (forest, network) = Shares[Band(p)];
        return ((forest * p.Forest) + (network * p.Network)) / (1 + (HullDecay * p.Outside));
    }
}

/// <summary>Corrects the analytic model: a forest, a network, clusters and examples over the same inputs. Immutable.</summary>
internal sealed class ResidualModel(FeatureScale scale, FlatForest forest, NeuralNetwork? network, CircuitClusters clusters, ExampleSet examples)
{
    public FeatureScale Scale => scale;

    public ExampleSet Examples => examples;

    public CircuitClusters Clusters => clusters;

    public bool HasNetwork => network is not null;

    public ResidualParts Evaluate(ReadOnlySpan<float> features)
    {
        Span<float> z = stackalloc float[scale.Count];
        scale.Apply(features, z);
        var (mean, spread) = forest.Predict(features);
        var (nearest, novelty) = examples.Nearest(z);
        return new ResidualParts(mean, network?.Predict(z) ?? 0, spread, scale.Outside(features), novelty, clusters.Of(z), nearest);
    }
}

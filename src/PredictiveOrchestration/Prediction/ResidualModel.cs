namespace PredictiveOrchestration.Prediction;

/// <summary>What the learned parts say of one job, each on its own.</summary>
internal readonly record struct ResidualParts(double Forest, double Network, double Spread, double Outside, double Novelty, int Cluster, int Nearest);

/// <summary>How the parts are put together; fitted to held-out rows.</summary>
/// <param name="ForestShare">The weight of the forest.</param>
/// <param name="NetworkShare">The weight of the network; what is missing to 1 leaves the analytic model as it is.</param>
/// <param name="HullDecay">How fast the correction fades as a job leaves the range of the training data.</param>
/// <param name="Floor">The least scale of an error.</param>
/// <param name="Near">Jobs nearer to an example than this are near.</param>
/// <param name="Far">Jobs farther than this are far.</param>
internal sealed record ResidualStack(double ForestShare, double NetworkShare, double HullDecay, double Floor, double Near, double Far)
{
    /// <summary>Near, between, far in each cluster; then near to the range of the training data, and far outside.</summary>
    public const int Groups = (3 * CircuitClusters.Count) + 2;

    public void Write(BinaryWriter writer)
    {
        foreach (var value in (ReadOnlySpan<double>)[ForestShare, NetworkShare, HullDecay, Floor, Near, Far])
        {
            writer.Write(value);
        }
    }

    public static ResidualStack Read(BinaryReader reader)
    {
        var stack = new ResidualStack(reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite());
        BinaryParts.Require(stack is { ForestShare: >= 0, NetworkShare: >= 0, HullDecay: >= 0, Floor: > 0 } && stack.ForestShare + stack.NetworkShare <= 1 + 1e-9);
        return stack;
    }

    public double Correction(in ResidualParts p) => ((ForestShare * p.Forest) + (NetworkShare * p.Network)) / (1 + (HullDecay * p.Outside));

    public double Scale(in ResidualParts p) => Floor + p.Spread;

    public int Group(in ResidualParts p) => p.Outside > 4 ? Groups - 1 : p.Outside > 0.05 ? Groups - 2 : (3 * p.Cluster) + (p.Novelty < Near ? 0 : p.Novelty < Far ? 1 : 2);
}

/// <summary>Corrects the analytic model: a forest, a network, clusters and examples over the same inputs. Immutable.</summary>
internal sealed class ResidualModel(FeatureScale scale, FlatForest forest, NeuralNetwork? network, CircuitClusters clusters, ExampleSet examples)
{
    public FeatureScale Scale => scale;

    public ExampleSet Examples => examples;

    public CircuitClusters Clusters => clusters;

    public bool HasNetwork => network is not null;

    public void Write(BinaryWriter writer)
    {
        scale.Write(writer);
        forest.Write(writer);
        writer.Write(network is not null);
        network?.Write(writer);
        clusters.Write(writer);
        examples.Write(writer);
    }

    public static ResidualModel Read(BinaryReader reader, int inputs)
    {
        var scale = FeatureScale.Read(reader);
        BinaryParts.Require(scale.Count == inputs);
        var forest = FlatForest.Read(reader, inputs);
        return new ResidualModel(scale, forest, reader.ReadBoolean() ? NeuralNetwork.Read(reader, inputs) : null, CircuitClusters.Read(reader, inputs), ExampleSet.Read(reader, inputs));
    }

    public ResidualParts Evaluate(ReadOnlySpan<float> features)
    {
        Span<float> z = stackalloc float[scale.Count];
        scale.Apply(features, z);
        var (mean, spread) = forest.Predict(features);
        var (nearest, novelty) = examples.Nearest(z);
        return new ResidualParts(mean, network?.Predict(z) ?? 0, spread, scale.Outside(features), novelty, clusters.Of(z), nearest);
    }
}

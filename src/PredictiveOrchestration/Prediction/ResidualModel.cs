namespace PredictiveOrchestration.Prediction;

/// <summary>What the learned parts say of one job, each on its own.</summary>
/// <param name="Forest">The forest's correction in log time.</param>
/// <param name="Network">The network's.</param>
/// <param name="Spread">The scatter of the trees.</param>
/// <param name="Outside">How far outside the range of the training data.</param>
/// <param name="Above">The logarithm of the analytic time over that of the largest terms seen; 0 inside.</param>
/// <param name="Below">The logarithm of the analytic time of the smallest terms seen over this one's; 0 inside.</param>
/// <param name="Novelty">The distance to the nearest example.</param>
/// <param name="Cluster">The cluster.</param>
/// <param name="Nearest">The nearest example.</param>
internal readonly record struct ResidualParts(double Forest, double Network, double Spread, Outside Outside, double Above, double Below, double Novelty, int Cluster, int Nearest)
{
    /// <summary>The error of runs of the same circuit; not a number if there was none.</summary>
    public double Kin { get; init; } = double.NaN;
}

/// <summary>How the parts are put together; fitted to held-out rows.</summary>
/// <param name="ForestShare">The weight of the forest.</param>
/// <param name="NetworkShare">The weight of the network; what is missing to 1 leaves the analytic model as it is.</param>
/// <param name="KinShare">The weight of runs of the same circuit where there are any.</param>
/// <param name="HullDecay">How fast the correction fades as a job leaves the range of the training data.</param>
/// <param name="Floor">The least scale of an error.</param>
/// <param name="KinFloor">The scale of an error where the same circuit ran before.</param>
/// <param name="Near">Jobs nearer to an example than this are near.</param>
/// <param name="Far">Jobs farther than this are far.</param>
internal sealed record ResidualStack(double ForestShare, double NetworkShare, double KinShare, double HullDecay, double Floor, double KinFloor, double Near, double Far)
{
    /// <summary>Near, between, far in each cluster; then near to the range of the training data, far outside, and circuits that ran before.</summary>
    public const int Groups = (3 * CircuitClusters.Count) + 3;

    // A unit of log time stands for about eight inputs that leave their range by a deviation.
    private const double WorkDecay = 8, LearningRate = 0.05;

    public void Write(BinaryWriter writer)
    {
        foreach (var value in (ReadOnlySpan<double>)[ForestShare, NetworkShare, KinShare, HullDecay, Floor, KinFloor, Near, Far])
        {
            writer.Write(value);
        }
    }

    public static ResidualStack Read(BinaryReader reader)
    {
        var stack = new ResidualStack(reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite());
        BinaryParts.Require(stack is { ForestShare: >= 0, NetworkShare: >= 0, KinShare: >= 0 and <= 1, HullDecay: >= 0, Floor: > 0, KinFloor: > 0 } && stack.ForestShare + stack.NetworkShare <= 1 + 1e-9);
        return stack;
    }

    /// <summary>
    /// The correction in log time. It fades outside the range of the training data, but never so fast that a larger job is predicted shorter: a positive correction gives back at
    /// most half of what the terms grew by beyond the largest seen (in log time), a negative one at most half of what they lack to the smallest.
    /// </summary>
    public double Correction(in ResidualParts p)
    {
        var learned = Learned(p, ForestShare, NetworkShare);
        return double.IsNaN(p.Kin) ? learned : learned + (KinShare * (p.Kin - learned));
    }

    private double Learned(in ResidualParts p, double forest, double network)
    {
        var whole = ((forest * p.Forest) + (network * p.Network)) / (1 + (HullDecay * p.Outside.Shape));
        var held = whole / (1 + (HullDecay * (whole > 0 ? p.Outside.Below : p.Outside.Above)));
        var beyond = whole > 0 ? p.Above : p.Below;
        var fading = WorkDecay * HullDecay * beyond;
        return held - Math.CopySign(Math.Min((1 - ResidualModel.Slope) * beyond, Math.Abs(held) * fading / (1 + fading)), held);
    }

    /// <summary>The experts' weights after one more run, by exponentiated gradient (Kivinen and Warmuth 1997) on the absolute error; the analytic model alone is the third expert.</summary>
    /// <param name="p">What the learned parts said.</param>
    /// <param name="residual">ln(observed / analytic), less the systematic error lately.</param>
    public ResidualStack With(in ResidualParts p, double residual)
    {
        double forest = Math.Clamp(Learned(p, 1, 0), -2, 2), network = Math.Clamp(Learned(p, 0, 1), -2, 2);
        var error = Learned(p, ForestShare, NetworkShare) - residual;
        var step = LearningRate * Math.Clamp(error / Floor, -1, 1);
        var a = (1 - ForestShare - NetworkShare) + 1e-3;
        var f = (ForestShare + 1e-3) * Math.Exp(-step * forest);
        var n = (NetworkShare + 1e-3) * Math.Exp(-step * network);
        return this with { ForestShare = f / (a + f + n), NetworkShare = n / (a + f + n) };
    }

    public double Scale(in ResidualParts p) => double.IsNaN(p.Kin) ? Floor + p.Spread : KinFloor;

    public int Group(in ResidualParts p) => !double.IsNaN(p.Kin) ? Groups - 1 : p.Outside.Sum > 4 ? Groups - 2 : p.Outside.Sum > 0.05 ? Groups - 3 : (3 * p.Cluster) + (p.Novelty < Near ? 0 : p.Novelty < Far ? 1 : 2);
}

/// <summary>
/// Corrects the analytic model: a forest, a network, clusters and examples over the same inputs. What forest and network say never falls with a size; from it a part of the logarithm of the
/// analytic time is taken, so that a correction may fall as a job grows, but more slowly than the analytic time grows. Immutable.
/// </summary>
internal sealed class ResidualModel(FeatureScale scale, TermRange range, double anchor, FlatForest forest, NeuralNetwork? network, CircuitClusters clusters, ExampleSet examples)
{
    /// <summary>The part.</summary>
    public const double Slope = 0.5;

    /// <summary>What the learned parts may correct, in log time: a loose bound is off by many orders of magnitude.</summary>
    public const double Reach = 30;

    public FeatureScale Scale => scale;

    public ExampleSet Examples => examples;

    public CircuitClusters Clusters => clusters;

    public bool HasNetwork => network is not null;

    public void Write(BinaryWriter writer)
    {
        scale.Write(writer);
        range.Write(writer);
        writer.Write(anchor);
        forest.Write(writer);
        writer.Write(network is not null);
        network?.Write(writer);
        clusters.Write(writer);
        examples.Write(writer);
    }

    public static ResidualModel Read(BinaryReader reader, int inputs, int terms)
    {
        var scale = FeatureScale.Read(reader);
        BinaryParts.Require(scale.Count == inputs);
        var range = TermRange.Read(reader, terms);
        var anchor = reader.ReadFinite();
        var forest = FlatForest.Read(reader, inputs);
        return new ResidualModel(scale, range, anchor, forest, reader.ReadBoolean() ? NeuralNetwork.Read(reader, inputs) : null, CircuitClusters.Read(reader, inputs), ExampleSet.Read(reader, inputs));
    }

    public ResidualParts Evaluate(ReadOnlySpan<float> features, ReadOnlySpan<double> terms, AnalyticCostModel analytic)
    {
        Span<float> z = stackalloc float[scale.Count];
        scale.Apply(features, z);
        var (mean, spread) = forest.Predict(features);
        var (nearest, novelty) = examples.Nearest(z);
        var (above, below) = range.Beyond(terms, analytic.Coefficients);
        var slope = Slope * (Math.Log(analytic.Predict(terms)) - anchor);
        return new ResidualParts(
            Math.Clamp(mean - slope, -Reach, Reach), network is null ? 0 : Math.Clamp(network.Predict(z) - slope, -Reach, Reach), spread, scale.OutsideOf(features), above, below, novelty, clusters.Of(z), nearest);
    }
}

namespace PredictiveOrchestration.Prediction;

/// <summary>What the learned parts say of one job, each on its own.</summary>
/// <param name="Forest">The forest's correction in log time.</param>
/// <param name="Network">The network's.</param>
/// <param name="Spread">The scatter of the trees.</param>
/// <param name="Outside">How far outside the range of the training data.</param>
/// <param name="OutsideWork">By how much, in log time, the terms are larger or smaller than any seen; 0 inside.</param>
/// <param name="Novelty">The distance to the nearest kind of job that was seen.</param>
/// <param name="Cluster">The cluster.</param>
internal readonly record struct ResidualParts(double Forest, double Network, double Spread, double Outside, double OutsideWork, double Novelty, int Cluster)
{
    /// <summary>The error of runs of the same circuit; not a number if there was none.</summary>
    public double Kin { get; init; } = double.NaN;

    /// <summary>The natural logarithm of the seconds that the terms say.</summary>
    public double LogSeconds { get; init; }

    /// <summary>Whether the terms say longer than any run was seen to take: then they are a loose bound, or the job is hopeless.</summary>
    public bool IsBeyond { get; init; }
}

/// <summary>How much of a correction is taken from each part; what is missing to 1 leaves the analytic model as it is.</summary>
/// <param name="Forest">The weight of the forest.</param>
/// <param name="Network">The weight of the network.</param>
internal readonly record struct LearnedShares(double Forest, double Network)
{
    public static LearnedShares Read(BinaryReader reader)
    {
        var shares = new LearnedShares(reader.ReadFinite(), reader.ReadFinite());
        BinaryParts.Require(shares is { Forest: >= 0, Network: >= 0 } && shares.Forest + shares.Network <= 1 + 1e-9);
        return shares;
    }
}

/// <summary>How the parts are put together; fitted to held-out rows.</summary>
/// <param name="Seen">The weights on jobs of a kind that was seen.</param>
/// <param name="New">The weights on others: a correction learned from other kinds may be worse than none.</param>
/// <param name="KinShare">The weight of runs of the same circuit where there are any.</param>
/// <param name="HullDecay">How fast the correction fades as a job leaves the range of the training data.</param>
/// <param name="Floor">Half of what errors are in the median: what is noise to the weights.</param>
/// <param name="Near">Jobs nearer than this to a kind that was seen are near.</param>
/// <param name="Far">Jobs at least as far as this are of a new kind.</param>
internal sealed record ResidualStack(LearnedShares Seen, LearnedShares New, double KinShare, double HullDecay, double Floor, double Near, double Far)
{
    /// <summary>Near, between, of a new kind in each cluster; then longer than any run, near to the range of the training data, far outside, and circuits that ran before.</summary>
    public const int Groups = (3 * CircuitClusters.Count) + 4;

    /// <summary>The group of circuits that ran before.</summary>
    public const int RanBefore = Groups - 1;

    /// <summary>How wrong a prediction may be.</summary>
    public ErrorScale ErrorScale { get; init; } = ErrorScale.Constant;

    // A unit of log time stands for about eight inputs that leave their range by a deviation.
    private const double WorkDecay = 8, LearningRate = 0.05;

    public void Write(BinaryWriter writer)
    {
        foreach (var value in (ReadOnlySpan<double>)[Seen.Forest, Seen.Network, New.Forest, New.Network, KinShare, HullDecay, Floor, Near, Far])
        {
            writer.Write(value);
        }

        ErrorScale.Write(writer);
    }

    public static ResidualStack Read(BinaryReader reader)
    {
        var stack = new ResidualStack(LearnedShares.Read(reader), LearnedShares.Read(reader), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite()) { ErrorScale = ErrorScale.Read(reader) };
        BinaryParts.Require(stack is { KinShare: >= 0 and <= 1, HullDecay: >= 0, Floor: > 0 });
        return stack;
    }

    /// <summary>The correction in log time. It fades outside the range of the training data.</summary>
    public double Correction(in ResidualParts p)
    {
        var learned = Learned(p, SharesOf(p));
        return double.IsNaN(p.Kin) ? learned : learned + (KinShare * (p.Kin - learned));
    }

    private LearnedShares SharesOf(in ResidualParts p) => p.Novelty < Far ? Seen : New;

    private double Learned(in ResidualParts p, LearnedShares shares) =>
        ((shares.Forest * p.Forest) + (shares.Network * p.Network)) / (1 + (HullDecay * (p.Outside + (WorkDecay * p.OutsideWork))));

    /// <summary>The experts' weights after one more run, by exponentiated gradient (Kivinen and Warmuth 1997) on the absolute error; the analytic model alone is the third expert.</summary>
    /// <param name="p">What the learned parts said.</param>
    /// <param name="residual">ln(observed / analytic), less the systematic error lately.</param>
    public ResidualStack With(in ResidualParts p, double residual)
    {
        double forest = Math.Clamp(Learned(p, new(1, 0)), -2, 2), network = Math.Clamp(Learned(p, new(0, 1)), -2, 2);
        var shares = SharesOf(p);
        var error = Learned(p, shares) - residual;
        var step = LearningRate * Math.Clamp(error / Floor, -1, 1);
        var a = (1 - shares.Forest - shares.Network) + 1e-3;
        var f = (shares.Forest + 1e-3) * Math.Exp(-step * forest);
        var n = (shares.Network + 1e-3) * Math.Exp(-step * network);
        shares = new LearnedShares(f / (a + f + n), n / (a + f + n));
        return p.Novelty < Far ? this with { Seen = shares } : this with { New = shares };
    }

    public double Scale(in ResidualParts p) => ErrorScale.Of(p, p.LogSeconds + Correction(p));

    public int Group(in ResidualParts p) => !double.IsNaN(p.Kin) ? RanBefore : p.IsBeyond ? Groups - 4 : p.Outside > 4 ? Groups - 2 : p.Outside > 0.05 ? Groups - 3 : (3 * p.Cluster) + (p.Novelty < Near ? 0 : p.Novelty < Far ? 1 : 2);
}

/// <summary>Corrects the analytic model: a forest, a network, clusters and examples over the same inputs. Immutable.</summary>
internal sealed class ResidualModel(FeatureScale scale, TermRange range, double ceiling, FlatForest forest, NeuralNetwork? network, CircuitClusters clusters, ExampleSet examples, JobKinds kinds)
{
    /// <summary>What the learned parts may correct, in log time: a loose bound is off by many orders of magnitude.</summary>
    public const double Reach = 30;

    public FeatureScale Scale => scale;

    /// <summary>The natural logarithm of e times the seconds of the longest run seen.</summary>
    public double Ceiling => ceiling;

    public ExampleSet Examples => examples;

    public CircuitClusters Clusters => clusters;

    public bool HasNetwork => network is not null;

    public void Write(BinaryWriter writer)
    {
        scale.Write(writer);
        range.Write(writer);
        writer.Write(ceiling);
        forest.Write(writer);
        writer.Write(network is not null);
        network?.Write(writer);
        clusters.Write(writer);
        examples.Write(writer);
        kinds.Write(writer);
    }

    public static ResidualModel Read(BinaryReader reader, int inputs, int terms)
    {
        var scale = FeatureScale.Read(reader);
        BinaryParts.Require(scale.Count == inputs);
        var range = TermRange.Read(reader, terms);
        var ceiling = reader.ReadFinite();
        var forest = FlatForest.Read(reader, inputs);
        return new ResidualModel(scale, range, ceiling, forest, reader.ReadBoolean() ? NeuralNetwork.Read(reader, inputs) : null, CircuitClusters.Read(reader, inputs), ExampleSet.Read(reader, inputs), JobKinds.Read(reader));
    }

    /// <summary>Of a job whose terms say longer than any run: how many trees say that it is done within that time all the same, and how soon.</summary>
    public (double Share, double Mean, double Spread) Soon(ReadOnlySpan<float> features, double logSeconds)
    {
        var (share, mean, spread) = forest.Below(features, ceiling - logSeconds);
        return (share, logSeconds + mean, spread);
    }

    public ResidualParts Evaluate(ReadOnlySpan<float> features, ReadOnlySpan<double> terms, AnalyticCostModel analytic)
    {
        Span<float> z = stackalloc float[scale.Count];
        scale.Apply(features, z);
        var (mean, spread) = forest.Predict(features);
        var (seconds, outsideWork) = range.Of(terms, analytic.Coefficients);
        var logSeconds = Math.Log(Math.Max(AnalyticCostModel.LeastSeconds, seconds));

        // Between kinds of jobs that were seen a network may say anything; the trees say what is around.
        var smooth = network is null ? 0 : Math.Clamp(network.Predict(z), mean - spread, mean + spread);
        return new ResidualParts(
            Math.Clamp(mean, -Reach, Reach), Math.Clamp(smooth, -Reach, Reach), spread, scale.OutsideOf(features), outsideWork, kinds.DistanceTo(z), clusters.Of(z))
        {
            LogSeconds = logSeconds,
            IsBeyond = logSeconds > ceiling,
        };
    }

    /// <summary>The run, of those that stand for all that were learned from, that is most like a job.</summary>
    public TrainingRow NearestTo(ReadOnlySpan<float> features)
    {
        Span<float> z = stackalloc float[scale.Count];
        scale.Apply(features, z);
        return examples.Rows[examples.Nearest(z)];
    }
}

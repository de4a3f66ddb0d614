using MathNet.Numerics.Distributions;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// What became of runs whose terms said longer than any run ever took. There the terms are a loose bound or the job is hopeless, and nothing lies between: a mean of both
/// says little. So it is counted how many were done all the same, and how long those took.
/// </summary>
/// <param name="Chance">The share that was done; 0 for a job whose terms are within what was seen.</param>
/// <param name="LogMean">The mean of the natural logarithm of their seconds.</param>
/// <param name="LogSigma">Its standard deviation.</param>
internal readonly record struct QuickRuns(double Chance, double LogMean, double LogSigma)
{
    /// <summary>The seconds that the terms say, for a job that is not done soon.</summary>
    public double OtherwiseSeconds { get; init; }

    // So many imagined runs, a quarter of them done.
    private const double Imagined = 4, Quarter = 1;

    public static QuickRuns Of(AnalyticCostModel analytic, double ceiling, IReadOnlyList<TrainingRow> rows)
    {
        var beyond = rows.Where(r => Math.Log(analytic.Predict(r.Terms)) > ceiling).ToList();
        var done = beyond.Where(r => !r.IsCensored).Select(r => Math.Log(r.Seconds)).ToList();
        var all = rows.Where(r => !r.IsCensored).Average(r => Math.Log(r.Seconds));
        var mean = (done.Sum() + all) / (done.Count + 1);
        return new QuickRuns((done.Count + Quarter) / (beyond.Count + Imagined), mean, Math.Sqrt((done.Sum(s => (s - mean) * (s - mean)) + Imagined) / (done.Count + 1)));
    }

    /// <summary>What is to be expected of one job: half of it what became of all such runs, half what trees say of those like it.</summary>
    /// <param name="residual">What was learned.</param>
    /// <param name="features">The job's inputs.</param>
    /// <param name="seconds">What its terms say.</param>
    public QuickRuns Of(ResidualModel residual, ReadOnlySpan<float> features, double seconds)
    {
        var (share, mean, spread) = residual.Soon(features, Math.Log(seconds));
        var own = share / (share + Chance);
        var (center, apart) = ((own * mean) + ((1 - own) * LogMean), mean - LogMean);
        return new QuickRuns((share + Chance) / 2, center, Math.Sqrt((own * spread * spread) + ((1 - own) * LogSigma * LogSigma) + (own * (1 - own) * apart * apart))) { OtherwiseSeconds = seconds };
    }

    /// <summary>The probability that such a job is done within some time.</summary>
    public double Within(double seconds) => Chance * Normal.CDF(LogMean, LogSigma, Math.Log(seconds));

    /// <summary>The expected seconds of a job, from what it would take if it were done soon.</summary>
    public double Expected(double soonSeconds) => (Chance * soonSeconds) + ((1 - Chance) * Math.Max(soonSeconds, OtherwiseSeconds));

    /// <summary>What is hardly ever undercut, in seconds: the 5 % quantile of those done.</summary>
    public double Shortest => Math.Exp(LogMean - (1.645 * LogSigma));

    public void Write(BinaryWriter writer)
    {
        writer.Write(Chance);
        writer.Write(LogMean);
        writer.Write(LogSigma);
    }

    public static QuickRuns Read(BinaryReader reader)
    {
        var quick = new QuickRuns(reader.ReadFinite(), reader.ReadFinite(), reader.ReadFinite());
        BinaryParts.Require(quick is { Chance: >= 0 and <= 1, LogSigma: >= 0 });
        return quick;
    }
}

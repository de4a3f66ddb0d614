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

    /// <summary>The probability that such a job is done within some time.</summary>
    public double Within(double seconds) => Chance * Normal.CDF(LogMean, LogSigma, Math.Log(seconds));

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

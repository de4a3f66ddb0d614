namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Turns the errors that predictions made before they were learned from into an interval: the quantiles of ln(observed / predicted)
/// of the latest runs, with the finite-sample correction of split conformal prediction. Before there are enough, a prior width counts
/// as that of a few imagined runs. Immutable.
/// </summary>
internal sealed class ConformalCalibrator
{
    public const int Window = 400;
    private const int PriorWeight = 12;
    private readonly double[] _errors;
    private readonly double _priorSigma;

    public ConformalCalibrator(double priorSigma, IEnumerable<double> errors)
    {
        _priorSigma = priorSigma;
        _errors = [.. errors.TakeLast(Window)];
        var sorted = _errors.Order().ToArray();
        var weight = (double)sorted.Length / (sorted.Length + PriorWeight);
        Median = weight * Quantile(sorted, 0.5, 0);
        Lower = weight * Quantile(sorted, 0.05, -1.645 * priorSigma) - (1 - weight) * 1.645 * priorSigma;
        Upper = weight * Quantile(sorted, 0.95, 1.645 * priorSigma) + (1 - weight) * 1.645 * priorSigma;
        Sigma = Math.Max(0.01, (Upper - Lower) / (2 * 1.645));
    }

    public int Count => _errors.Length;

    /// <summary>The systematic error: predictions are multiplied by its exponential.</summary>
    public double Median { get; }

    /// <summary>The 5 % point of the error.</summary>
    public double Lower { get; }

    /// <summary>The 95 % point of the error.</summary>
    public double Upper { get; }

    /// <summary>The standard deviation of a normal distribution of the same width.</summary>
    public double Sigma { get; }

    public ConformalCalibrator With(IEnumerable<double> more) => new(_priorSigma, _errors.Concat(more));

    // Rank ceil((n + 1) q) from the outside: with few errors the extremes themselves.
    private static double Quantile(double[] sorted, double level, double fallback)
    {
        if (sorted.Length == 0)
        {
            return fallback;
        }

        var position = level * (sorted.Length + 1) - 1;
        var index = level < 0.5 ? Math.Floor(position) : level > 0.5 ? Math.Ceiling(position) : Math.Round(position);
        return sorted[(int)Math.Clamp(index, 0, sorted.Length - 1)];
    }
}

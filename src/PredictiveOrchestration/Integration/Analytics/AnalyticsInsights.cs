using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Integration.Analytics;

/// <summary>What the latest runs say.</summary>
public sealed record AnalyticsInsights
{
    /// <summary>Gets the insights into each backend, the least healthy first.</summary>
    public required IReadOnlyList<BackendInsight> Backends { get; init; }

    /// <summary>Gets the runs that stand out, latest first.</summary>
    public required IReadOnlyList<RunAnomaly> Anomalies { get; init; }
}

/// <summary>What the latest runs of one backend say.</summary>
public sealed record BackendInsight
{
    /// <summary>Gets the backend.</summary>
    public required string BackendId { get; init; }

    /// <summary>Gets the number of runs looked at.</summary>
    public required int Runs { get; init; }

    /// <summary>Gets the share of runs that completed and took no longer than the upper end of their prediction, 0 to 1; what was cancelled or refused does not count.</summary>
    public required double Health { get; init; }

    /// <summary>Gets the trends of slowness, wait and money, in this order.</summary>
    public required IReadOnlyList<Trend> Trends { get; init; }

    /// <summary>Gets the forecast of the number of runs in each of the next intervals.</summary>
    public required IReadOnlyList<Estimate> RunsForecast { get; init; }

    /// <summary>Gets the forecast of the mean service time, in seconds, in each of the next intervals.</summary>
    public required IReadOnlyList<Estimate> SecondsForecast { get; init; }
}

/// <summary>Whether a quantity rises or falls with time.</summary>
/// <param name="Quantity">What: "actual over predicted time" (so that a change of jobs is no trend), "wait" or "cost".</param>
/// <param name="ChangePerHour">The median of the slopes between all pairs of runs (Theil and Sen), in each hour: of the natural logarithm for times over predictions, of seconds for waits, of currency for costs.</param>
/// <param name="PValue">The probability of at least such an order of values if there were no trend (Mann and Kendall, normal approximation with ties).</param>
public readonly record struct Trend(string Quantity, double ChangePerHour, double PValue)
{
    /// <summary>Gets a value indicating whether chance explains the trend in less than one case of a hundred.</summary>
    public bool IsSignificant => PValue < 0.01;
}

/// <summary>A run that stands out from the others of its backend.</summary>
/// <param name="BackendId">The backend.</param>
/// <param name="At">When it ended.</param>
/// <param name="Factor">Its time over its predicted time, relative to the backend's median of that.</param>
/// <param name="Score">The distance from the median in robust standard deviations (1.4826 times the median absolute deviation).</param>
public readonly record struct RunAnomaly(string BackendId, DateTimeOffset At, double Factor, double Score);

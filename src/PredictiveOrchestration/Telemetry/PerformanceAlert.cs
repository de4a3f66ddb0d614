namespace PredictiveOrchestration.Telemetry;

/// <summary>What an alert is about.</summary>
public enum AlertKind
{
    /// <summary>A backend's runs fail.</summary>
    BackendDegraded,

    /// <summary>A backend's predictions have become wrong.</summary>
    PredictionDrift,

    /// <summary>The budget is nearly spent.</summary>
    Budget,

    /// <summary>Runs use nearly all memory they may use.</summary>
    Memory,

    /// <summary>Many jobs wait.</summary>
    Queue,
}

/// <summary>A state worth a person's attention: raised once when it begins, cleared once when it ends.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Subject">The backend, or empty.</param>
/// <param name="IsRaised">Whether it begins (true) or ends.</param>
/// <param name="Value">The value that crossed the threshold.</param>
/// <param name="Threshold">The threshold that it crossed.</param>
/// <param name="At">When.</param>
/// <param name="Text">The same in words.</param>
public sealed record PerformanceAlert(AlertKind Kind, string Subject, bool IsRaised, double Value, double Threshold, DateTimeOffset At, string Text);

/// <summary>When alerts begin and end. Between the two thresholds nothing changes, so that alerts do not flap.</summary>
/// <param name="Raise">The value from which on the alert is raised.</param>
/// <param name="Clear">The value below which it is cleared; less than <paramref name="Raise"/>.</param>
public readonly record struct AlertThreshold(double Raise, double Clear)
{
    /// <summary>Gets a value indicating whether the thresholds are numbers in the right order.</summary>
    public bool IsValid => double.IsFinite(Raise) && double.IsFinite(Clear) && Clear < Raise && Clear >= 0;
}

/// <summary>The thresholds of a <see cref="PerformanceMonitor"/>.</summary>
public sealed record PerformanceMonitorOptions
{
    /// <summary>Gets or sets the share of a backend's latest runs that failed; default raised at 0.3, cleared below 0.1.</summary>
    public AlertThreshold FailureRate { get; set; } = new(0.3, 0.1);

    /// <summary>Gets or sets the median of max(predicted / actual, actual / predicted) over a backend's latest runs; default raised at 3, cleared below 2.</summary>
    public AlertThreshold PredictionError { get; set; } = new(3, 2);

    /// <summary>Gets or sets the share of the budget that is spent or reserved; default raised at 0.8, cleared below 0.75.</summary>
    public AlertThreshold BudgetUse { get; set; } = new(0.8, 0.75);

    /// <summary>Gets or sets the peak memory of a run as a share of what runs may take; default raised at 0.9, cleared below 0.7.</summary>
    public AlertThreshold MemoryUse { get; set; } = new(0.9, 0.7);

    /// <summary>Gets or sets the share of the queue that is taken; default raised at 0.8, cleared below 0.5.</summary>
    public AlertThreshold QueueUse { get; set; } = new(0.8, 0.5);

    /// <summary>Gets or sets how many of a backend's latest runs count; default 20, 4 to 1,000.</summary>
    public int Window { get; set; } = 20;

    /// <summary>What is wrong, or null.</summary>
    internal string? Failure() =>
        Window is < 4 or > 1000 ? $"Window is {Window}; accepted are 4 to 1000"
        : !(FailureRate.IsValid && PredictionError.IsValid && BudgetUse.IsValid && MemoryUse.IsValid && QueueUse.IsValid) ? "a threshold to clear must be 0 or more and below the one to raise"
        : null;
}

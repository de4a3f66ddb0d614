namespace PredictiveOrchestration.Prediction.Forecasting;

/// <summary>What is to be expected of one backend in the next steps, with 90 % intervals.</summary>
public sealed record BackendForecast
{
    /// <summary>Gets the backend.</summary>
    public required string BackendId { get; init; }

    /// <summary>Gets the length of a step.</summary>
    public required TimeSpan Step { get; init; }

    /// <summary>Gets the mean number of runs under way in each step: the share of the step that the backend is busy, above 1 where runs overlap.</summary>
    public required IReadOnlyList<Estimate> Load { get; init; }

    /// <summary>Gets the wait before a run in seconds.</summary>
    public required IReadOnlyList<Estimate> WaitSeconds { get; init; }

    /// <summary>Gets the service time of a run in seconds, over the mix of jobs that the backend has had.</summary>
    public required IReadOnlyList<Estimate> ExecutionSeconds { get; init; }

    /// <summary>Gets the money spent in each step, in the account's currency.</summary>
    public required IReadOnlyList<Estimate> Cost { get; init; }

    /// <summary>Gets how load, wait, execution time and cost were forecast, in this order, such as "damped trend and season".</summary>
    public required IReadOnlyList<string> Methods { get; init; }
}

namespace PredictiveOrchestration.Telemetry;

/// <summary>Which stored records are wanted; what is null does not matter.</summary>
public sealed record TelemetryQuery
{
    /// <summary>Gets the earliest end of an attempt.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Gets the end of an attempt before which it must lie.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Gets the backend.</summary>
    public string? BackendId { get; init; }

    /// <summary>Gets the strategy.</summary>
    public string? Strategy { get; init; }

    /// <summary>Gets the tag.</summary>
    public string? Tag { get; init; }

    /// <summary>Gets the job.</summary>
    public Guid? RunId { get; init; }

    /// <summary>Gets how the attempt ended.</summary>
    public ExecutionOutcome? Outcome { get; init; }

    /// <summary>Gets a value indicating whether the latest written come first; default false: in the order of writing.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>Gets the most records wanted.</summary>
    public long? Limit { get; init; }
}

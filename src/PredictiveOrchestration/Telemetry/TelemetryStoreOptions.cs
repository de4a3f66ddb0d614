namespace PredictiveOrchestration.Telemetry;

/// <summary>How much a <see cref="TelemetryStore"/> keeps, and how it writes. Limits hold after each flush asked for, at the beginning, and every ten seconds or ten thousand records of writing.</summary>
public sealed record TelemetryStoreOptions
{
    /// <summary>Gets the most records kept; default 1,000,000; null for no limit.</summary>
    public long? MaxRecords { get; init; } = 1_000_000;

    /// <summary>Gets the age at which records go; default 90 days; null for no limit.</summary>
    public TimeSpan? MaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Gets the most bytes that records take, indexes included, 1 MiB or more; default 1 GiB; null for no limit. A write-ahead log comes on top.</summary>
    public long? MaxBytes { get; init; } = 1L << 30;

    /// <summary>Gets how long records wait so that more are written together, 1 ms to 1 hour; default 1 s.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the number of records that may wait to be written, 1 to 2^20; default 8,192. Beyond it, and a batch of at most a thousand under way, they are dropped and counted.</summary>
    public int QueueCapacity { get; init; } = 8192;

    /// <summary>What is wrong, or null.</summary>
    internal string? Failure() =>
        MaxRecords is < 1 ? $"MaxRecords is {MaxRecords}; accepted are 1 and more, or null"
        : MaxAge is { } age && age <= TimeSpan.Zero ? $"MaxAge is {age}; accepted is more than 0, or null"
        : MaxBytes is < 1 << 20 ? $"MaxBytes is {MaxBytes}; accepted are 1048576 and more, or null"
        : FlushInterval < TimeSpan.FromMilliseconds(1) || FlushInterval > TimeSpan.FromHours(1) ? $"FlushInterval is {FlushInterval}; accepted are 1 ms to 1 hour"
        : QueueCapacity is < 1 or > 1 << 20 ? $"QueueCapacity is {QueueCapacity}; accepted are 1 to 1048576"
        : null;
}

/// <summary>The state of a <see cref="TelemetryStore"/>.</summary>
/// <param name="Written">Records written since it was made.</param>
/// <param name="Dropped">Records lost since then: the queue was full, the database refused them, or it was not there when the store was closed.</param>
/// <param name="Waiting">Records that wait to be written.</param>
/// <param name="Failure">Why it cannot write now, or null.</param>
public sealed record TelemetryStoreStatus(long Written, long Dropped, int Waiting, string? Failure);

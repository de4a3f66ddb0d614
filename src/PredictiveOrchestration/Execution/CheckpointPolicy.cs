namespace PredictiveOrchestration.Execution;

/// <summary>How often and how large the state of a long run is written to <c>CheckpointDirectory</c>, from where a killed process goes on.</summary>
public sealed record CheckpointPolicy
{
    /// <summary>Gets the least time between two checkpoints of a run, and before the first; default 30 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the share of a run's time that its checkpoints may take together, more than 0 to 1; default 0.02. A checkpoint that would take more waits; 1 does not limit.</summary>
    public double MaxShare { get; init; } = 0.02;

    /// <summary>Gets the greatest size of one file in bytes; default 4 GiB. A larger state is not written. At least 1 KiB.</summary>
    public long MaxFileBytes { get; init; } = 4L << 30;

    /// <summary>Gets the greatest size of all files together in bytes; default 16 GiB. The oldest that no running job owns go first.</summary>
    public long MaxDirectoryBytes { get; init; } = 16L << 30;

    /// <summary>Gets how long a file that nobody took up is kept; default 7 days.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Gets the wrong values in words, or null.</summary>
    internal string? Failure() =>
        Interval < TimeSpan.Zero ? $"Interval is {Interval}"
        : !(MaxShare is > 0 and <= 1) ? $"MaxShare is {MaxShare}"
        : MaxFileBytes < 1024 ? $"MaxFileBytes is {MaxFileBytes}"
        : MaxDirectoryBytes < MaxFileBytes ? $"MaxDirectoryBytes is {MaxDirectoryBytes}, less than MaxFileBytes"
        : Retention <= TimeSpan.Zero ? $"Retention is {Retention}" : null;
}

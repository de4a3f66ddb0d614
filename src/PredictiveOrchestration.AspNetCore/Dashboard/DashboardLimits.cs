namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>How much the dashboard keeps and sends. Every list that grows with what happens has an end here.</summary>
internal sealed record DashboardLimits
{
    public static DashboardLimits Default { get; } = new();

    /// <summary>The time between two messages of events.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Intervals between two messages of state.</summary>
    public int StateEvery { get; init; } = 8;

    /// <summary>Intervals between two signs of life on a quiet connection.</summary>
    public int HeartbeatEvery { get; init; } = 60;

    /// <summary>The time between two points of model quality.</summary>
    public TimeSpan QualityInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Events that may come between two intervals; more are counted and left out.</summary>
    public int PendingEvents { get; init; } = 4096;

    /// <summary>Decisions, attempts and swapped jobs in one message; more are counted and left out.</summary>
    public int PerMessage { get; init; } = 64;

    public int KeptDecisions { get; init; } = 200;

    public int KeptRuns { get; init; } = 1000;

    public int KeptJobs { get; init; } = 24;

    /// <summary>Bytes of messages kept for those who come back.</summary>
    public int KeptBytes { get; init; } = 4 << 20;

    /// <summary>Messages that may wait for one client; one that falls behind further is disconnected.</summary>
    public int PendingMessages { get; init; } = 64;

    public int Clients { get; init; } = 32;
}

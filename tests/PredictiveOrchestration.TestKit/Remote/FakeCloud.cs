namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>A service that queues jobs: what tests set of each alike.</summary>
/// <param name="time">The clock.</param>
/// <param name="queueSeconds">How long jobs wait unless a test says otherwise.</param>
public abstract class FakeCloud(TimeProvider time, double queueSeconds = 7) : ScriptedService(time)
{
    /// <summary>How long jobs wait.</summary>
    public TimeSpan QueueTime { get; set; } = TimeSpan.FromSeconds(queueSeconds);

    /// <summary>A status that is reported for all jobs.</summary>
    public string? Word { get; set; }

    /// <summary>Why all jobs fail, or null.</summary>
    public string? Failure { get; set; }
}

using System.Text.Json.Serialization;

namespace PredictiveOrchestration.Remote.Worker;

/// <summary>The states of a job on the wire. The first two are not final.</summary>
[JsonConverter(typeof(JobStateConverter))]
internal enum JobState
{
    /// <summary>A state of a newer server, which no client may wait on for ever.</summary>
    Unknown,

    /// <summary>Accepted and waiting.</summary>
    Queued,

    /// <summary>Under way.</summary>
    Running,

    /// <summary>Done; there is a result.</summary>
    Succeeded,

    /// <summary>Ended without a result; the failure says why.</summary>
    Failed,

    /// <summary>Cancelled before it ended.</summary>
    Cancelled,

    /// <summary>Its result was kept for its time and is gone.</summary>
    Expired,
}

/// <summary>The states' names, and what is final.</summary>
internal static class JobStates
{
    public static bool IsFinal(this JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled or JobState.Expired;

    public static string Name(this JobState state) => state switch
    {
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        JobState.Cancelled => "cancelled",
        JobState.Expired => "expired",
        _ => "unknown",
    };

    public static JobState Parse(string? name) => name switch
    {
        "queued" => JobState.Queued,
        "running" => JobState.Running,
        "succeeded" => JobState.Succeeded,
        "failed" => JobState.Failed,
        "cancelled" => JobState.Cancelled,
        "expired" => JobState.Expired,
        _ => JobState.Unknown,
    };
}

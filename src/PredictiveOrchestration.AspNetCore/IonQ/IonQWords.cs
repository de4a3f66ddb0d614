using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>States and failures of jobs, as IonQ's protocol names them.</summary>
internal static class IonQWords
{
    public static string Status(JobState state) => state switch
    {
        JobState.Queued => "ready",
        JobState.Running => "started",
        JobState.Succeeded or JobState.Expired => "completed",
        JobState.Failed => "failed",
        _ => "canceled",
    };

    public static JobState State(string status) => status switch
    {
        "submitted" or "ready" => JobState.Queued,
        "started" or "running" => JobState.Running,
        "completed" => JobState.Succeeded,
        "failed" => JobState.Failed,
        "canceled" => JobState.Cancelled,
        _ => throw ProblemException.Invalid("'status' is none of submitted, ready, started, completed, failed and canceled.", ["status"]),
    };

    public static string FailureCode(string? code) => code switch
    {
        "time_limit" => "SimulationTimeout",
        "out_of_memory" or "unsupported" => "QuantumCircuitComplexityError",
        "budget_refused" => "QuotaExhaustedError",
        "interrupted" => "SystemCancel",
        _ => "SimulationError",
    };
}

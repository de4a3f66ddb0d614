using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Execution;

/// <summary>One try at running a job on one backend.</summary>
/// <param name="Ranked">The backend with its prediction.</param>
/// <param name="Result">The result, or null if it failed.</param>
/// <param name="Error">Why it failed, or null.</param>
/// <param name="QueueTime">The wait for room before it.</param>
/// <param name="Elapsed">The time it took.</param>
/// <param name="IsOverrun">It was stopped for taking far longer than predicted, because another backend stood ready.</param>
public sealed record ExecutionAttempt(RankedBackend Ranked, ExecutionResult? Result, Exception? Error, TimeSpan QueueTime, TimeSpan Elapsed, bool IsOverrun)
{
    /// <summary>Gets the backend's id.</summary>
    public string BackendId => Ranked.Candidate.Backend.Id;

    /// <summary>Gets a value indicating whether it ran a part of the job only, before or after a hand-over: the whole would have taken longer.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Gets the processor time that it took, if it ran on this machine; of a job in parts each has its share by time.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>Whether another backend was ranked before it, and it was tried for a short time only.</summary>
    internal bool IsTrial { get; init; }

    /// <summary>Whether it was chosen in order to learn about its backend.</summary>
    internal bool IsExploration { get; init; }

    /// <summary>The name under which it spends, or null if it does not.</summary>
    internal string? Key { get; init; }

    /// <summary>The key under which money was reserved for it, or null if none was.</summary>
    internal string? SpendKey { get; init; }
}

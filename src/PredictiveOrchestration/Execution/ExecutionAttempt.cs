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

    /// <summary>The key under which money was reserved for it, or null if none was.</summary>
    internal string? SpendKey { get; init; }
}

/// <summary>A change of backend during a job.</summary>
/// <param name="OperationIndex">The operation before which the new backend takes over; 0 for a restart.</param>
/// <param name="From">The backend left.</param>
/// <param name="To">The backend that goes on.</param>
/// <param name="Trigger">What set it off.</param>
/// <param name="Reason">The reason in words.</param>
public sealed record SwapEvent(int OperationIndex, string From, string To, SwapTrigger Trigger, string Reason);

/// <summary>What sets off a change of backend.</summary>
public enum SwapTrigger
{
    /// <summary>The backend failed.</summary>
    Fault,

    /// <summary>The backend took far longer than predicted.</summary>
    TimeOverrun,

    /// <summary>Memory ran out.</summary>
    MemoryThreshold,
}

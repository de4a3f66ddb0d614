using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>Something that an orchestrator did: <see cref="DecisionMade"/> or <see cref="JobFinished"/>. Immutable; refers to no circuit and no outcomes.</summary>
public abstract record OrchestrationEvent
{
    private protected OrchestrationEvent()
    {
    }

    /// <summary>Gets when.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets the decision.</summary>
    public required RoutingDecision Decision { get; init; }
}

/// <summary>A backend was chosen for a job that is now to run, or recommended.</summary>
public sealed record DecisionMade : OrchestrationEvent
{
    internal DecisionMade()
    {
    }

    /// <summary>Gets the job, under the name that <see cref="JobFinished"/> repeats; null if it was a recommendation only.</summary>
    public string? JobId { get; init; }

    /// <summary>Gets the circuit's profile.</summary>
    public required CircuitProfile Profile { get; init; }

    /// <summary>Gets the time that profiling, predicting and choosing took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Gets the number of shots asked for.</summary>
    public required int Shots { get; init; }

    /// <summary>Gets the request's tag, or null.</summary>
    public string? Tag { get; init; }
}

/// <summary>A job ended, with a result or without.</summary>
public sealed record JobFinished : OrchestrationEvent
{
    internal JobFinished()
    {
    }

    /// <summary>Gets the job.</summary>
    public required string JobId { get; init; }

    /// <summary>Gets the records of its attempts in their order, the parts of a job that was handed over among them.</summary>
    public required IReadOnlyList<ExecutionRecord> Records { get; init; }

    /// <summary>Gets the changes of backend in their order.</summary>
    public required IReadOnlyList<SwapEvent> Swaps { get; init; }

    /// <summary>Gets the number of operations of the circuit, which <see cref="SwapEvent.OperationIndex"/> counts.</summary>
    public required int Operations { get; init; }

    /// <summary>Gets why it gave no result; null if it gave one.</summary>
    public string? Error { get; init; }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common.Html;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>What running a circuit gave, and how it came about.</summary>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed record OrchestrationResult : IHtml
{
    /// <summary>Gets what the backend returned.</summary>
    public required ExecutionResult Execution { get; init; }

    /// <summary>Gets the circuit's profile.</summary>
    public required CircuitProfile Profile { get; init; }

    /// <summary>Gets the decision; <see cref="RoutingDecision.Explain"/> says why.</summary>
    public required RoutingDecision Decision { get; init; }

    /// <summary>Gets all attempts; the last one succeeded.</summary>
    public required IReadOnlyList<ExecutionAttempt> Attempts { get; init; }

    /// <summary>Gets the changes of backend.</summary>
    public required IReadOnlyList<SwapEvent> SwapEvents { get; init; }

    /// <summary>Gets the operation at which the run took up the state that an earlier process left in <c>CheckpointDirectory</c>; null if it began at the beginning.</summary>
    public int? ResumedAtOperation { get; init; }

    /// <summary>Gets the time that profiling, predicting and choosing took.</summary>
    public required TimeSpan DecisionTime { get; init; }

    /// <summary>Gets what the run cost, failed attempts included.</summary>
    public required decimal Cost { get; init; }

    /// <summary>Gets what the optimizer found and whether the run used it; null if none is in use, or looking could not have paid.</summary>
    public Integration.Optimization.OptimizationResult? Optimization { get; init; }

    /// <summary>Gets how often each outcome was seen.</summary>
    public IReadOnlyDictionary<BitString, long> Counts => Execution.Counts;

    /// <summary>Gets the exact probabilities asked for.</summary>
    public IReadOnlyList<OutcomeProbability> Probabilities => Execution.Probabilities;

    /// <summary>Gets the expectation values asked for.</summary>
    public IReadOnlyList<double> ExpectationValues => Execution.ExpectationValues;

    /// <summary>Gets the backend that was chosen first.</summary>
    public string RequestedBackend => Decision.Chosen.Candidate.Backend.Id;

    /// <summary>Gets the backend that gave the result.</summary>
    public string ActualBackend => Execution.BackendId;

    /// <summary>Gets a value indicating whether the answer is exact up to rounding and sampling.</summary>
    public bool IsExact => Execution.IsExact;

    /// <summary>Gets the times, the local queue included.</summary>
    public ExecutionTimings Timings => Execution.Timings;

    /// <summary>Shows the result and how it came about as a self-contained piece of HTML for notebooks and pages: the histogram, attempts, changes of backend and the decision.</summary>
    public string ToHtml() => ResultPage.Of(this);

    /// <summary>What the last attempt gave, with the time that the job waited here counted in.</summary>
    internal static OrchestrationResult Of(ExecutionResult result, ExecutionReport report, RoutingDecision decision, CircuitProfile profile, TimeSpan decisionTime, decimal cost) => new()
    {
        Execution = result with { Timings = result.Timings with { Queue = result.Timings.Queue + report.Last.QueueTime } },
        Profile = profile,
        Decision = decision,
        Attempts = report.Attempts,
        SwapEvents = report.Swaps,
        ResumedAtOperation = report.ResumedAt,
        DecisionTime = decisionTime,
        Cost = cost,
    };
}

/// <summary>What the router would do with a circuit.</summary>
public sealed record RoutingRecommendation
{
    /// <summary>Gets the recommended backend.</summary>
    public BackendDescriptor Backend => Decision.Chosen.Candidate.Backend;

    /// <summary>Gets the probability that it is the best of the feasible backends, by the strategy's measure.</summary>
    public double Confidence => Decision.Confidence;

    /// <summary>Gets what it is expected to take.</summary>
    public Prediction.BackendPrediction ExpectedPerformance => Decision.Chosen.Candidate.Prediction;

    /// <summary>Gets the other feasible backends, best first.</summary>
    public IReadOnlyList<RankedBackend> Alternatives => [.. Decision.Ranked.Skip(1)];

    /// <summary>Gets the decision with all predictions and refusals.</summary>
    public required RoutingDecision Decision { get; init; }

    /// <summary>Gets the profile that was judged.</summary>
    public required CircuitProfile Profile { get; init; }
}

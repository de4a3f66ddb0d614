using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>A backend with what it would take for one job.</summary>
public sealed record RoutingCandidate
{
    /// <summary>Gets the prediction.</summary>
    public required BackendPrediction Prediction { get; init; }

    /// <summary>Gets the predicted cost.</summary>
    public required CostEstimate Cost { get; init; }

    /// <summary>Gets the share of its latest runs that succeeded, 0 to 1.</summary>
    public required double SuccessRate { get; init; }

    /// <summary>Gets the number of runs under way on it through this orchestrator.</summary>
    public required int InFlight { get; init; }

    /// <summary>Gets how many times slower than the pessimistic prediction it was lately; 1 or more, jumps up at once and fades.</summary>
    public double Pressure { get; init; } = 1;

    /// <summary>Gets the factor of 1 to 4 by which errors of its latest predictions, far beyond their intervals, discount it.</summary>
    public double DriftDiscount { get; init; } = 1;

    /// <summary>Gets the job as it was put to the backend.</summary>
    internal JobShape Shape { get; init; }

    /// <summary>Gets the backend.</summary>
    public BackendDescriptor Backend => Prediction.Backend;

    /// <summary>Gets a value indicating whether it runs here and costs nothing.</summary>
    internal bool IsFree => Backend.IsLocal && Cost.Upper <= 0;

    /// <summary>Gets the median time to the result in seconds: waiting and service. Where a job is done soon or not at all, the expected service time takes the place of its median.</summary>
    public double TotalSeconds => Prediction.LikelySeconds + Prediction.WaitSeconds.Median;

    /// <summary>Gets the probability of a usable result: fidelity times success rate.</summary>
    public double SuccessProbability => Prediction.Fidelity.Median * SuccessRate;
}

/// <summary>What a router chooses from, and by which preferences. All candidates can do the job.</summary>
public sealed record RoutingContext
{
    /// <summary>Gets the candidates; at least one.</summary>
    public required IReadOnlyList<RoutingCandidate> Candidates { get; init; }

    /// <summary>Gets the weight of cost, 0 to 1.</summary>
    public required double CostWeight { get; init; }

    /// <summary>Gets the weight of time, 0 to 1.</summary>
    public required double PerformanceWeight { get; init; }

    /// <summary>Gets the most that the run may cost, which also is the unit in which costs are compared.</summary>
    public required decimal CostThreshold { get; init; }

    /// <summary>Gets the latest time at which the result is wanted, from now; null if any.</summary>
    public required TimeSpan? Deadline { get; init; }
}

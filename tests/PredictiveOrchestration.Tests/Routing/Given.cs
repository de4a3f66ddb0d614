using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>Candidates and decisions from given numbers, without a model.</summary>
internal static class Given
{
    /// <summary>A candidate that takes about so many seconds.</summary>
    public static RoutingCandidate Candidate(string id, double seconds, double sigma = 0.1, decimal cost = 0, double fidelity = 1, double success = 1, int inFlight = 0) => new()
    {
        Prediction = new BackendPrediction
        {
            Backend = new FakeBackend(id).Descriptor, Seconds = new Estimate(seconds, seconds * Math.Exp(-1.645 * sigma), seconds * Math.Exp(1.645 * sigma)),
            WaitSeconds = default, PeakBytes = default, Fidelity = Estimate.Exactly(fidelity), LogSecondsSigma = sigma, Terms = [], Source = "given", Observations = 0,
        },
        Cost = new CostEstimate(cost, cost, cost, "USD"), SuccessRate = success, InFlight = inFlight,
    };

    /// <summary>The same of an engine of this machine.</summary>
    public static RoutingCandidate Local(string id, double seconds, double sigma, decimal cost = 0)
    {
        var candidate = Candidate(id, seconds, sigma, cost);
        return candidate with { Prediction = candidate.Prediction with { Backend = candidate.Backend with { IsLocal = true } } };
    }

    /// <summary>Preferences over no candidates.</summary>
    public static RoutingContext Preferences(double costWeight = 0.3, double performanceWeight = 0.7, decimal costThreshold = 1, TimeSpan? deadline = null) => new()
    {
        Candidates = [], CostWeight = costWeight, PerformanceWeight = performanceWeight, CostThreshold = costThreshold, Deadline = deadline,
    };

    /// <summary>The inputs of a decision on a small circuit.</summary>
    public static DecisionInputs Inputs(IBackendRouter router, IReadOnlyList<RoutingCandidate> candidates, RoutingContext? preferences = null, double threshold = 0.5) => new(
        candidates, new JobRequirements { Profile = CircuitProfiler.Profile(States.Ghz(3)), Shots = 10, CostThreshold = decimal.MaxValue }, new Dictionary<string, string>(),
        preferences ?? Preferences(), threshold, router);
}

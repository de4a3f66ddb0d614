using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>What a request asks, as far as the decision depends on it.</summary>
internal readonly record struct DecisionTerms(
    int Shots, int? Threads, int Observables, int TopProbabilities, bool RequireExact, string? Backend, decimal CostThreshold, TimeSpan? Deadline, long AvailableBytes)
{
    /// <summary>Whether only a part of the shots is to be taken.</summary>
    public bool IsShotRange { get; init; }

    public JobShape ShapeOn(BackendDescriptor backend) => new(Shots, Math.Min(backend.MaxThreads, Threads ?? int.MaxValue), Observables, TopProbabilities);
}

/// <summary>The options that decisions depend on.</summary>
internal sealed record DecisionPreferences(double CostWeight, double PerformanceWeight, double PerformanceThreshold, double HysteresisMargin, ulong Seed);

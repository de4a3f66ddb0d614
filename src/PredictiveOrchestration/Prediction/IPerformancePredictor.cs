using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>An immutable, thread-safe model of what backends take.</summary>
public interface IPerformancePredictor
{
    /// <summary>Gets the version; a later model has a greater one.</summary>
    int Version { get; }

    /// <summary>Predicts what a backend would take.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="profile">The circuit's profile; if made by hand, intervals are wider.</param>
    /// <param name="job">Shots, threads, observables.</param>
    BackendPrediction Predict(BackendDescriptor backend, CircuitProfile profile, JobShape job);
}

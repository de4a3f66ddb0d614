using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>How fast engines are on a machine by its own models: what they predict for the workloads that engines are calibrated with, which are the same everywhere.</summary>
internal static class ReferenceWorkloads
{
    private const int Most = 6;

    /// <summary>The geometric mean of the predicted times in seconds for each local engine that has such workloads.</summary>
    public static Dictionary<string, double> Seconds(BackendSet backends, IPerformancePredictor model)
    {
        var seconds = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var backend in backends.Backends)
        {
            if (backend is ICalibratable { CalibrationWorkloads: { Count: > 0 } workloads } && backend.Descriptor.IsLocal)
            {
                seconds[backend.Descriptor.Id] = Math.Exp(workloads.Skip(Math.Max(0, workloads.Count - Most)).Average(w => Math.Log(Predict(model, backend.Descriptor, w))));
            }
        }

        return seconds;
    }

    private static double Predict(IPerformancePredictor model, BackendDescriptor backend, ExecutionRequest workload) => Math.Max(1e-9, model.Predict(
        backend, CircuitProfiler.Profile(workload.Circuit), new JobShape(workload.Shots, backend.MaxThreads, workload.Observables.Sum(o => o.Terms.Count), workload.TopProbabilities)).Seconds.Median);
}

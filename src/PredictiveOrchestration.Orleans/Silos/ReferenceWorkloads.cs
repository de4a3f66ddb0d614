using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>
/// How fast engines are on a machine by its own models: what they predict for the workloads that engines are calibrated with, which are the same everywhere. Predicted anew only when models or
/// engines have changed. Thread-safe.
/// </summary>
internal sealed class ReferenceWorkloads(PredictiveOrchestrator orchestrator)
{
    private const int Most = 6;
    private Known? _known;

    /// <summary>The geometric mean of the predicted times in seconds for each local engine that has such workloads.</summary>
    public IReadOnlyDictionary<string, double> Seconds
    {
        get
        {
            var (backends, model, known) = (orchestrator.Backends.Current, orchestrator.Predictor, Volatile.Read(ref _known));
            if (known is null || known.Backends != backends || known.Model != model)
            {
                Volatile.Write(ref _known, known = new Known(backends, model, Predict(backends, model)));
            }

            return known.Seconds;
        }
    }

    private static Dictionary<string, double> Predict(BackendSet backends, IPerformancePredictor model)
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

    private sealed record Known(BackendSet Backends, IPerformancePredictor Model, IReadOnlyDictionary<string, double> Seconds);
}

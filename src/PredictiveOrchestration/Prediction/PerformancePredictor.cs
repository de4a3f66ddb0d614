using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Predicts from per-backend models: analytic time, times the learned correction, times the systematic error seen lately; the
/// interval from past errors, widened where the drivers themselves are uncertain. An immutable snapshot.
/// </summary>
internal sealed class PerformancePredictor : IPerformancePredictor
{
    private readonly KeyValuePair<string, BackendModel>[] _models;

    public PerformancePredictor(int version, IEnumerable<KeyValuePair<string, BackendModel>> models)
    {
        Version = version;
        _models = [.. models];
    }

    public int Version { get; }

    public IEnumerable<KeyValuePair<string, BackendModel>> Models => _models;

    public BackendModel ModelOf(string backendId, string costModel)
    {
        // A handful of backends: looking through them is faster than a table, and so is making the next snapshot.
        foreach (var (id, model) in _models)
        {
            if (id == backendId)
            {
                // A backend of this name may have been of another kind.
                var basis = model.Analytic.Basis;
                return basis.Name == costModel || basis == CostBasisCatalog.Get(costModel) ? model : BackendModel.Prior(CostBasisCatalog.Get(costModel));
            }
        }

        return BackendModel.Prior(CostBasisCatalog.Get(costModel));
    }

    public BackendPrediction Predict(BackendDescriptor backend, CircuitProfile profile, JobShape job)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(profile);
        var model = ModelOf(backend.Id, backend.CostModel);
        return Predict(backend, profile, model, JobDrivers.Of(model.Analytic.Basis, profile, job));
    }

    /// <summary>Predicts from one backend's model and what the job asks of it, for those who keep both.</summary>
    public static BackendPrediction Predict(BackendDescriptor backend, CircuitProfile profile, BackendModel model, JobDrivers drivers)
    {
        // What was learned of the terms was learned of those of the sketch.
        var isSketched = drivers.Costs.Roughness == 0;
        var time = isSketched ? model.Predict(drivers.Terms, drivers.Features, drivers.Kin) : model.PredictRoughly(drivers.Terms);
        var median = Math.Exp(time.Median);
        var (low, high) = isSketched ? model.Intervals[time.Group] : default;

        // Where models have learned, the looseness of bounds is in their errors; a profile made by hand is looser than any they saw.
        var looseness = model.Residual is null || profile.Features is null ? drivers.Costs.Looseness : 0;
        looseness = Math.Sqrt((looseness * looseness) + (drivers.Costs.Roughness * drivers.Costs.Roughness));
        var (below, above) = (Widen(-low * time.Scale, looseness), Widen(high * time.Scale, looseness));
        var sigma = Math.Max(0.01, (below + above) / (2 * 1.645));
        var isRepeat = model.Repeats.TryGet(drivers.Structure, out var repeated);
        if (isRepeat)
        {
            median = Math.Exp(repeated.Mean);
            sigma = repeated.Sigma;
            below = above = 1.645 * sigma;
        }

        var isLoose = time.IsBeyond && !isRepeat;
        var source = isRepeat ? "structure cache" : !isSketched ? "rough" : model.Residual is not null ? "analytic + learned" : model.Analytic.IsFitted ? "analytic" : "prior";
        if (profile.ExecutionTimeEstimate is { TotalSeconds: > 0 } hint)
        {
            // The host's hint is evidence of one more source, believed within a factor of e.
            var precision = 1 / (sigma * sigma);
            var logMedian = (Math.Log(median) * precision + Math.Log(hint.TotalSeconds)) / (precision + 1);
            median = Math.Exp(logMedian);
            isLoose = false;
            source += " + hint";
        }

        var bySum = model.Analytic.Predict(drivers.Terms);
        var quick = isLoose ? model.Quick.Of(model.Residual!, drivers.Features, bySum) : default;

        // A loose bound says nothing of how short a run may be.
        var shortest = median * Math.Exp(-below);
        shortest = isLoose ? Math.Min(median, Math.Max(quick.Shortest, shortest)) : shortest;
        return new BackendPrediction
        {
            Backend = backend,
            Seconds = new Estimate(median, shortest, median * Math.Exp(above)),
            WaitSeconds = backend.IsLocal ? Estimate.Exactly(0) : model.WaitSeconds,
            PeakBytes = Memory(backend, drivers.Costs),
            Fidelity = model.Fidelity.Predict(backend, profile),
            OnDevice = profile.On(backend.Id),
            CostFactor = Math.Exp(model.Charges.Value),
            LogSecondsSigma = sigma,
            Terms = new PredictedTerms(model.Analytic, drivers.Terms, median / bySum),
            Source = source,
            IsRough = !isSketched && !isRepeat,
            Quick = quick,
            Learned = model.Residual,
            Features = drivers.Features,
            Observations = model.Observations,
        };
    }

    private static Estimate Memory(BackendDescriptor backend, CostDrivers drivers)
    {
        if (!backend.IsLocal && !backend.BoundsMemory)
        {
            return Estimate.Exactly(0);
        }

        var upper = Math.Max(drivers.LeastBytes, drivers.BoundBytes);
        return new Estimate(Math.Sqrt(Math.Max(1, drivers.LeastBytes)) * Math.Sqrt(Math.Max(1, upper)), drivers.LeastBytes, upper);
    }

    // The end may lie on the other side of the median where errors are one-sided; looseness reaches out from it on both.
    private static double Widen(double end, double looseness) => Math.Sqrt((Math.Max(0, end) * Math.Max(0, end)) + (1.645 * looseness * (1.645 * looseness)));
}

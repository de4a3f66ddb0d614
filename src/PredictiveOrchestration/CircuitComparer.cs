using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>Predicts circuits that may never run, to compare them with others: by one model and one set of backends for as long as a comparison lasts.</summary>
internal sealed class CircuitComparer(DecisionDesk desk, KnownCircuits circuits, ModelPublisher models, BackendRegistry registry)
{
    /// <summary>What would be chosen for a circuit; null where nothing can run it.</summary>
    public Func<Circuit, OrchestrationRequest, RoutingCandidate?> Choices()
    {
        var (backends, model) = (registry.Current, WithoutStructures(models.Current));
        return (circuit, request) => Choice(model, circuit, circuits.ProfileOf(circuit), request, backends);
    }

    /// <summary>The predicted time of circuits in seconds; infinite where nothing can run one.</summary>
    public Func<Circuit, double> Seconds(OrchestrationRequest request)
    {
        var choose = Choices();
        return circuit => choose(circuit, request)?.TotalSeconds ?? double.PositiveInfinity;
    }

    /// <summary>The same, as if the backend that is chosen for a circuit had planned it first, whether or not that pays before a run.</summary>
    public Func<Circuit, double> PlannedSeconds(OrchestrationRequest request)
    {
        var (model, backends) = (WithoutStructures(models.Current), registry.Current);
        return circuit =>
        {
            var profile = circuits.ProfileOf(circuit);
            if (Choice(model, circuit, profile, request, backends) is not { } candidate)
            {
                return double.PositiveInfinity;
            }

            return backends.Find(candidate.Backend.Id) is IWorkForecaster forecaster && profile.PlannedFor(candidate.Backend.CostModel) is null && forecaster.ForecastSeconds(profile) < candidate.TotalSeconds
                    && forecaster.Forecast(circuit, profile) is { } planned
                ? Choice(model, circuit, profile with { Planned = profile.Planned.Add(planned) }, request with { Backend = candidate.Backend.Id }, backends)?.TotalSeconds ?? double.PositiveInfinity
                : candidate.TotalSeconds;
        };
    }

    private RoutingCandidate? Choice(PerformancePredictor model, Circuit circuit, CircuitProfile profile, OrchestrationRequest request, BackendSet backends)
    {
        try
        {
            return desk.Decide(new KnownCircuit(profile), circuit, request, backends, model).Chosen.Candidate;
        }
        catch (NoFeasibleBackendException)
        {
            return null;
        }
    }

    // Models that do not know single structures again: measured times of one circuit and predicted ones of another do not compare.
    private static PerformancePredictor WithoutStructures(PerformancePredictor current) =>
        new(current.Version, current.Models.Select(m => KeyValuePair.Create(m.Key, m.Value with { Repeats = RepeatedTimes.Empty, Kin = StructureErrors.Empty })));
}

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <content>Circuits made cheaper before they run.</content>
public sealed partial class PredictiveOrchestrator
{
    // Looking takes at most this share of the predicted time, and nothing is looked for where that is less than a millisecond.
    private const double LookingShare = 0.1;
    private static readonly TimeSpan LeastLook = TimeSpan.FromMilliseconds(1);
    private readonly ConditionalWeakTable<Circuit, Circuit> _optimized = [];

    internal ICircuitOptimizer? Optimizer { get; init; }

    // The circuit to run instead, if finding it cost less than it is predicted to save. A circuit that was looked at before is known, and costs nothing again.
    private async Task<(Circuit Circuit, OptimizationResult? Found)> OptimizedAsync(Circuit circuit, OrchestrationRequest request, CancellationToken cancellationToken)
    {
        // A swap that was asked for by number of operation, or a state written down, belongs to the circuit as it was given.
        if (Optimizer is null || request.SwapControl is not null || _checkpoints is not null)
        {
            return (circuit, null);
        }

        var predict = SecondsOf(request);
        if (_optimized.TryGetValue(circuit, out var known))
        {
            var result = Compare(circuit, known, predict);
            return result.IsUsed ? (known, result) : (circuit, result);
        }

        var limit = predict(circuit) * LookingShare;
        if (!(limit >= LeastLook.TotalSeconds))
        {
            return (circuit, null);
        }

        var optimization = new OptimizationRequest
        {
            Circuit = circuit, PredictSeconds = predict, ConfirmSeconds = PlannedSecondsOf(request), Seed = _options.RoutingSeed, TimeLimit = double.IsInfinity(limit) ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(Math.Min(limit, 3600)),
        };
        var start = _time.GetTimestamp();
        OptimizationResult found;
        try
        {
            found = await Task.Run(() => Optimizer.Optimize(optimization, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // An optimizer may save a run, never fail one.
            OptimizerFailed(exception, circuit.Name);
            return (circuit, null);
        }

        _optimized.AddOrUpdate(circuit, found.Circuit);
        found = found with { Elapsed = Since(start), IsUsed = !ReferenceEquals(found.Circuit, circuit) && found.PredictedSavingSeconds > Since(start).TotalSeconds };
        return (found.IsUsed ? found.Circuit : circuit, found);
    }

    private Func<Circuit, double> SecondsOf(OrchestrationRequest request)
    {
        var compare = Comparer();
        return circuit => compare(circuit, request)?.TotalSeconds ?? double.PositiveInfinity;
    }

    /// <summary>As circuits would be judged if the backend that is chosen for them had planned them first, whether or not that pays before a run.</summary>
    internal Func<Circuit, double> PlannedSecondsOf(OrchestrationRequest request)
    {
        var (model, backends) = (WithoutStructures(_publisher.Current), _registry.Current);
        return circuit =>
        {
            var profile = ProfileOf(circuit);
            if (CompareWith(model, circuit, profile, request, backends) is not { } candidate)
            {
                return double.PositiveInfinity;
            }

            return backends.Find(candidate.Backend.Id) is IWorkForecaster forecaster && profile.PlannedFor(candidate.Backend.CostModel) is null && forecaster.ForecastSeconds(profile) < candidate.TotalSeconds
                    && forecaster.Forecast(circuit, profile) is { } planned
                ? CompareWith(model, circuit, profile with { Planned = profile.Planned.Add(planned) }, request with { Backend = candidate.Backend.Id }, backends)?.TotalSeconds ?? double.PositiveInfinity
                : candidate.TotalSeconds;
        };
    }

    // What would be chosen; null where nothing can run it.
    private Func<Circuit, OrchestrationRequest, RoutingCandidate?> Comparer()
    {
        var (backends, model) = (_registry.Current, WithoutStructures(_publisher.Current));
        return (circuit, request) => CompareWith(model, circuit, ProfileOf(circuit), request, backends);
    }

    private RoutingCandidate? CompareWith(PerformancePredictor model, Circuit circuit, CircuitProfile profile, OrchestrationRequest request, BackendSet backends)
    {
        try
        {
            return Decide(new KnownCircuit(profile), circuit, request, backends, model).Chosen.Candidate;
        }
        catch (NoFeasibleBackendException)
        {
            return null;
        }
    }

    private CircuitProfile ProfileOf(Circuit circuit) => _circuits.Find(circuit)?.Profile ?? CircuitProfiler.Profile(circuit);

    // Models that do not know single structures again: measured times of one circuit and predicted ones of another do not compare.
    private static PerformancePredictor WithoutStructures(PerformancePredictor current) =>
        new(current.Version, current.Models.Select(m => KeyValuePair.Create(m.Key, m.Value with { Repeats = RepeatedTimes.Empty, Kin = StructureErrors.Empty })));

    private OptimizationResult Compare(Circuit circuit, Circuit found, Func<Circuit, double> predict)
    {
        var (before, after) = (_circuits[circuit].Profile, _circuits[found].Profile);
        static int Several(CircuitProfile p) => p.Features!.TwoQubitGateCount + p.Features.MultiQubitGateCount;
        var (slow, fast) = (predict(circuit), predict(found));
        return new OptimizationResult
        {
            Circuit = found, Passes = [], Elapsed = TimeSpan.Zero, GatesBefore = before.GateCount, GatesAfter = after.GateCount, MultiQubitGatesBefore = Several(before),
            MultiQubitGatesAfter = Several(after), PredictedSecondsBefore = slow, PredictedSecondsAfter = fast, IsUsed = !ReferenceEquals(circuit, found) && fast < slow,
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The optimizer failed on circuit '{Circuit}'; it runs as it is")]
    private partial void OptimizerFailed(Exception exception, string circuit);
}

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
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
            Circuit = circuit, PredictSeconds = predict, Seed = _options.RoutingSeed, TimeLimit = double.IsInfinity(limit) ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(Math.Min(limit, 3600)),
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

    // What would be chosen, by models that do not know single structures again: measured times of one circuit and predicted ones of another do not compare. Null where nothing can run it.
    private Func<Circuit, OrchestrationRequest, RoutingCandidate?> Comparer()
    {
        var (backends, current) = (_registry.Current, _publisher.Current);
        var model = new PerformancePredictor(current.Version, current.Models.Select(m => KeyValuePair.Create(m.Key, m.Value with { Repeats = RepeatedTimes.Empty, Kin = StructureErrors.Empty })));
        return (circuit, request) =>
        {
            try
            {
                return Decide(new KnownCircuit(_circuits.TryGetValue(circuit, out var known) ? known.Profile : CircuitProfiler.Profile(circuit)), circuit, request, backends, model).Chosen.Candidate;
            }
            catch (NoFeasibleBackendException)
            {
                return null;
            }
        };
    }

    private OptimizationResult Compare(Circuit circuit, Circuit found, Func<Circuit, double> predict)
    {
        var (before, after) = (Known(circuit).Profile, Known(found).Profile);
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

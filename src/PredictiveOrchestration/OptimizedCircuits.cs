using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration;

/// <summary>Has circuits made cheaper before they run, and keeps what was found for as long as the circuit objects live.</summary>
internal sealed partial class OptimizedCircuits(ICircuitOptimizer? optimizer, CircuitComparer comparer, KnownCircuits circuits, PredictiveOrchestratorOptions options, TimeProvider time, ILogger logger)
{
    // Looking takes at most this share of the predicted time, and nothing is looked for where that is less than a millisecond.
    private const double LookingShare = 0.1;
    private static readonly TimeSpan LeastLook = TimeSpan.FromMilliseconds(1), LongestLook = TimeSpan.FromHours(1), LookWithoutPrediction = TimeSpan.FromSeconds(10);
    private readonly ConditionalWeakTable<Circuit, Circuit> _found = [];

    /// <summary>The circuit to run instead, if finding it cost less than it is predicted to save. A circuit that was looked at before is known, and costs nothing again.</summary>
    public async Task<(Circuit Circuit, OptimizationResult? Found)> OfAsync(Circuit circuit, OrchestrationRequest request, CancellationToken cancellationToken)
    {
        // A swap that was asked for by number of operation, or a state written down, belongs to the circuit as it was given.
        if (optimizer is null || request.SwapControl is not null || options.CheckpointDirectory is not null)
        {
            return (circuit, null);
        }

        // Profiled once for all that follows.
        circuits.Of(circuit);
        var predict = comparer.Seconds(request);
        if (_found.TryGetValue(circuit, out var known))
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
            Circuit = circuit, PredictSeconds = predict, ConfirmSeconds = comparer.PlannedSeconds(request), Seed = options.RoutingSeed,
            TimeLimit = double.IsInfinity(limit) ? LookWithoutPrediction : TimeSpan.FromSeconds(Math.Min(limit, LongestLook.TotalSeconds)),
        };
        var start = time.GetTimestamp();
        OptimizationResult found;
        try
        {
            found = await Task.Run(() => optimizer.Optimize(optimization, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // An optimizer may save a run, never fail one.
            OptimizerFailed(exception, circuit.Name);
            return (circuit, null);
        }

        _found.AddOrUpdate(circuit, found.Circuit);
        var took = time.Since(start);
        found = found with { Elapsed = took, IsUsed = !ReferenceEquals(found.Circuit, circuit) && found.PredictedSavingSeconds > took.TotalSeconds };
        return (found.IsUsed ? found.Circuit : circuit, found);
    }

    private OptimizationResult Compare(Circuit circuit, Circuit found, Func<Circuit, double> predict)
    {
        var (before, after) = (circuits.Of(circuit).Profile, circuits.Of(found).Profile);
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

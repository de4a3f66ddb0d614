using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration;

/// <summary>What changes of engine in the middle of a run need: what conversions and planning take, and the checkpoints.</summary>
internal sealed class HotSwapDesk(PredictiveOrchestratorOptions options, BackendRegistry registry, BackendHealthTracker health, TimeProvider time, ILogger logger)
{
    private readonly ConversionCosts _conversions = new(time);
    private readonly PlanningCost _planning = new();
    private readonly CheckpointStore? _checkpoints = options.CheckpointDirectory is { } folder ? new CheckpointStore(folder, options.Checkpoints, time, logger) : null;

    private bool IsCalibrated => options.Swap.Enabled && options.CalibrationBudget > TimeSpan.Zero;

    /// <summary>Measures what it takes to hand a state from engine to engine.</summary>
    public Task CalibrateAsync(CancellationToken cancellationToken) => IsCalibrated ? _conversions.CalibrateAsync(registry.Current.Backends, cancellationToken) : Task.CompletedTask;

    /// <summary>Plans once, so that no job waits for the compiler, and deletes checkpoints that nobody came for.</summary>
    public void WarmUp(PerformancePredictor model)
    {
        if (IsCalibrated)
        {
            PlanningCost.WarmUp(registry.Current.Backends, _conversions, (profile, work) => new SegmentCostModel(model, profile, new JobShape(1, Environment.ProcessorCount, 0, 0), work.Fused));
        }

        _checkpoints?.Prune();
    }

    /// <summary>What a job may do; null if it runs where it was sent to and writes nothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="profile">The profile that was decided by.</param>
    /// <param name="sketched">The profile with all that any engine goes by; asked for where parts are predicted.</param>
    /// <param name="request">The request.</param>
    /// <param name="memoryBytes">The most memory that the run may take.</param>
    public HotSwapJob? Job(PerformancePredictor model, CircuitProfile profile, Func<CircuitProfile> sketched, OrchestrationRequest request, long memoryBytes) =>
        _checkpoints is null && (!options.Swap.Enabled || (request.Backend is not null && request.SwapControl is null)) ? null : new HotSwapJob(
            options.Swap, _conversions, _planning, work => new SegmentCostModel(model, sketched(), new JobShape(
                request.Shots, request.Limits.Threads ?? Environment.ProcessorCount, request.Observables.Sum(o => o.Terms.Count), request.TopProbabilities), work.Fused),
            profile, memoryBytes, id => registry.Current.Find(id) is not { } backend || health.Reason(backend) is null, request.SwapControl, _checkpoints, request.Backend);
}

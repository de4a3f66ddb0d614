using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>A run at a silo, waiting or under way. Thread-safe.</summary>
internal sealed class SiloRun(RunOrder order, long addedAt) : IQueued, IProgress<ExecutionProgress>
{
    private readonly TaskCompletionSource<RunReport> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _begun;
    private double _progress;

    public RunOrder Order => order;

    public long AddedAt => addedAt;

    public string Owner => order.Tenant;

    public double ExpectedSeconds => order.PredictedSeconds;

    public long Place { get; set; }

    public CancellationTokenSource Cancellation { get; } = new();

    public Task<RunReport> Ended => _ended.Task;

    public void Begin() => _begun = true;

    public void End(RunReport report) => _ended.TrySetResult(report);

    public void Report(ExecutionProgress value)
    {
        var operations = value.OperationsTotal == 0 ? 1 : (double)value.OperationsDone / value.OperationsTotal;
        var shots = value.ShotsTotal == 0 ? 1 : (double)value.ShotsDone / value.ShotsTotal;
        Volatile.Write(ref _progress, Math.Max(shots, Math.Min(0.99, operations * (value.ShotsTotal == 0 ? 1 : 0.99))));
    }

    /// <summary>How it stands.</summary>
    public RunReport Now() => _ended.Task.IsCompletedSuccessfully ? _ended.Task.Result
        : new RunReport { Phase = _begun ? RunPhase.Running : RunPhase.Waiting, Progress = Math.Clamp(Volatile.Read(ref _progress), 0, 1) };
}

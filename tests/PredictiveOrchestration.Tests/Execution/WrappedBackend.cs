using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>An engine whose sessions are watched.</summary>
internal abstract class WrappedBackend(ISegmentedBackend inner) : ISegmentedBackend
{
    public virtual BackendDescriptor Descriptor => inner.Descriptor;

    public async Task<IBackendSession> OpenAsync(ExecutionRequest request, StateSnapshot? initial, CancellationToken cancellationToken = default) =>
        Wrap(await inner.OpenAsync(request, initial, cancellationToken));

    public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default) => inner.ExecuteAsync(request, cancellationToken);

    public Task<StateSnapshot> RunToSnapshotAsync(ExecutionRequest request, StateSnapshot? initial, int endOperation, CancellationToken cancellationToken = default) =>
        inner.RunToSnapshotAsync(request, initial, endOperation, cancellationToken);

    public Task<ExecutionResult> ResumeAsync(ExecutionRequest request, StateSnapshot initial, CancellationToken cancellationToken = default) =>
        inner.ResumeAsync(request, initial, cancellationToken);

    protected abstract IBackendSession Wrap(IBackendSession session);
}

/// <summary>A session that says where it is about to go; <see cref="int.MaxValue"/> for the end.</summary>
internal sealed class WatchedSession(IBackendSession inner, Action<int> before) : IBackendSession
{
    public int Position => inner.Position;

    public void Advance(int endOperation)
    {
        before(endOperation);
        inner.Advance(endOperation);
    }

    public SessionObservation Observe(bool count = false) => inner.Observe(count);

    public StateSnapshot TakeSnapshot(bool compact = false) => inner.TakeSnapshot(compact);

    public ExecutionResult Finish()
    {
        before(int.MaxValue);
        return inner.Finish();
    }

    public void Dispose() => inner.Dispose();
}

/// <summary>A clock that tests move.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public void Advance(TimeSpan by) => _now += by.Ticks;
}

using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Remote;

/// <summary>A journal that lives as long as the process: for simulators that cost nothing, and tests.</summary>
public sealed class MemoryJobJournal : IRemoteJobJournal
{
    private readonly int _maxPending;
    private readonly int _maxFinished;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, RemoteJob> _jobs = new(StringComparer.Ordinal);
    private readonly Queue<string> _finished = new();
    private int _pending;

    /// <summary>Makes an empty journal.</summary>
    /// <param name="maxPending">Jobs that may be pending at one time.</param>
    /// <param name="maxFinished">Finished jobs that are kept; older ones are forgotten.</param>
    public MemoryJobJournal(int maxPending = 100_000, int maxFinished = 1000)
    {
        _maxPending = maxPending;
        _maxFinished = maxFinished;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(RemoteJob job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        lock (_lock)
        {
            var was = _jobs.GetValueOrDefault(job.Tag);
            if (was is null && job.IsPending && _pending >= _maxPending)
            {
                throw new BackendException(
                    BackendErrorKind.Unavailable, job.BackendId, $"The journal of remote jobs holds {_pending} pending jobs, the most it takes. Resume or reconcile some, or give it more room.");
            }

            _jobs[job.Tag] = job;
            _pending += (job.IsPending ? 1 : 0) - (was is { IsPending: true } ? 1 : 0);
            if (!job.IsPending && was is not { IsPending: false })
            {
                _finished.Enqueue(job.Tag);
                while (_finished.Count > _maxFinished)
                {
                    _jobs.Remove(_finished.Dequeue());
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<RemoteJob?> FindAsync(string tag, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(_jobs.GetValueOrDefault(tag));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RemoteJob>> ListPendingAsync(string backendId, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return ValueTask.FromResult<IReadOnlyList<RemoteJob>>([.. _jobs.Values.Where(j => j.IsPending && j.BackendId == backendId).OrderBy(j => j.CreatedAt)]);
        }
    }
}

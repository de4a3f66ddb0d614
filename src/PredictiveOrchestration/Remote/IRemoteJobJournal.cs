namespace PredictiveOrchestration.Remote;

/// <summary>
/// Where remote jobs are written down before anybody waits for them. Implementations are thread-safe, and a write that returned is there after a crash;
/// half a write never is. May be shared by backends and processes.
/// </summary>
public interface IRemoteJobJournal
{
    /// <summary>Writes a job; one with the same tag is replaced.</summary>
    /// <exception cref="Backends.BackendException">The journal is full or cannot be written; of kind <see cref="Backends.BackendErrorKind.Unavailable"/>.</exception>
    ValueTask WriteAsync(RemoteJob job, CancellationToken cancellationToken = default);

    /// <summary>Finds a job by its tag.</summary>
    ValueTask<RemoteJob?> FindAsync(string tag, CancellationToken cancellationToken = default);

    /// <summary>Lists the jobs of a backend that are pending, oldest first.</summary>
    ValueTask<IReadOnlyList<RemoteJob>> ListPendingAsync(string backendId, CancellationToken cancellationToken = default);
}

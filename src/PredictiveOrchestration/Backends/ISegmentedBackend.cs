namespace PredictiveOrchestration.Backends;

/// <summary>A backend that can run a circuit in pieces and say how its state grows, without copying the state out between them.</summary>
public interface ISegmentedBackend : ISnapshotBackend
{
    /// <summary>Opens a run at |0…0⟩ before operation 0, or at a state handed over.</summary>
    /// <param name="request">What to run and, at <see cref="IBackendSession.Finish"/>, to return.</param>
    /// <param name="initial">The state to begin with; null for |0…0⟩. It is not kept where the rest of the circuit neither measures in mid-circuit nor resets.</param>
    /// <param name="cancellationToken">Ends the run, in whichever piece it is.</param>
    /// <exception cref="BackendException">The request or the state is beyond the backend's capabilities or limits.</exception>
    Task<IBackendSession> OpenAsync(ExecutionRequest request, StateSnapshot? initial, CancellationToken cancellationToken = default);
}

/// <summary>
/// A run in pieces. Calls block until they are done; a session is used by one thread at a time. After an exception other than of <see cref="TakeSnapshot"/>
/// only <see cref="IDisposable.Dispose"/> may be called. The time limit counts from the opening.
/// </summary>
public interface IBackendSession : IDisposable
{
    /// <summary>Gets the first operation not yet executed.</summary>
    int Position { get; }

    /// <summary>Runs the operations up to but not including <paramref name="endOperation"/>.</summary>
    /// <param name="endOperation">Not before <see cref="Position"/>; no operation before it may measure, reset or depend on a measurement.</param>
    /// <exception cref="BackendException">As for <see cref="IQuantumBackend.ExecuteAsync"/>.</exception>
    void Advance(int endOperation);

    /// <summary>Looks at the state. Unless it is counted, an engine that is exact may let gates wait for those that follow, to apply them together.</summary>
    /// <param name="count">Apply what waits, and count the amplitudes that are not zero even where that takes a pass over the state. Where a part of it shows that they are many, their number may be estimated from that part.</param>
    SessionObservation Observe(bool count = false);

    /// <summary>Copies the state out; the session can go on, also if there was no room or no way to do so.</summary>
    /// <param name="compact">List only amplitudes that are not zero up to rounding, with their indices.</param>
    /// <exception cref="BackendException">The copy does not fit in memory.</exception>
    StateSnapshot TakeSnapshot(bool compact = false);

    /// <summary>Runs what is left, and returns what the request asks for; times count from the opening. The session is over.</summary>
    /// <exception cref="BackendException">As for <see cref="IQuantumBackend.ExecuteAsync"/>.</exception>
    ExecutionResult Finish();
}

/// <summary>What a session sees of its state.</summary>
/// <param name="Position">The first operation not yet executed.</param>
/// <param name="NonZeros">Amplitudes stored, or not zero if counted; null if the backend does not store amplitudes.</param>
/// <param name="BondDimension">The greatest bond dimension now, or null if the state has no bonds.</param>
/// <param name="MemoryBytes">The bytes held now.</param>
/// <param name="PeakMemoryBytes">The most bytes held so far.</param>
/// <param name="Elapsed">The time since the session was opened.</param>
/// <param name="DiscardedWeight">The probability weight dropped so far.</param>
public readonly record struct SessionObservation(
    int Position, long? NonZeros, int? BondDimension, long MemoryBytes, long PeakMemoryBytes, TimeSpan Elapsed, double DiscardedWeight)
{
    /// <summary>Gets what the squared overlap with the exact state is surely not below, as far as this session knows; 1 if it truncated nothing.</summary>
    public double FidelityLowerBound { get; init; } = 1;
}

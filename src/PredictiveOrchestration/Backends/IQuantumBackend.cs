namespace PredictiveOrchestration.Backends;

/// <summary>
/// Something that executes circuits: a simulator, a service, a device. Implementations are thread-safe. They may also implement
/// <see cref="ISnapshotBackend"/>, <see cref="ICalibratable"/> and <see cref="IConditionalBackend"/>.
/// </summary>
public interface IQuantumBackend
{
    /// <summary>Gets the description; it does not change while the backend is registered.</summary>
    BackendDescriptor Descriptor { get; }

    /// <summary>Executes a circuit.</summary>
    /// <param name="request">What to run and what to return.</param>
    /// <param name="cancellationToken">Ends the run; local simulators react within 50 ms.</param>
    /// <exception cref="BackendException">The circuit is beyond the backend's capabilities or limits, or the run failed; its kind says which.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default);
}

/// <summary>A backend whose state can be taken out in the middle of a circuit and put into another.</summary>
public interface ISnapshotBackend : IQuantumBackend
{
    /// <summary>
    /// Runs the unitary operations from the beginning or the operation that <paramref name="initial"/> names up to but not including <paramref name="endOperation"/>.
    /// </summary>
    /// <param name="request">The circuit and the limits; shots and probabilities are ignored.</param>
    /// <param name="initial">The state to begin with; null for |0…0⟩ at operation 0.</param>
    /// <param name="endOperation">The first operation not to run. None before it may measure, reset or depend on a measurement.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="BackendException">As for <see cref="IQuantumBackend.ExecuteAsync"/>.</exception>
    Task<StateSnapshot> RunToSnapshotAsync(ExecutionRequest request, StateSnapshot? initial, int endOperation, CancellationToken cancellationToken = default);

    /// <summary>Goes on from a state and completes the request.</summary>
    /// <param name="request">What to run and return.</param>
    /// <param name="initial">The state before operation <see cref="StateSnapshot.OperationIndex"/>.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="BackendException">As for <see cref="IQuantumBackend.ExecuteAsync"/>.</exception>
    Task<ExecutionResult> ResumeAsync(ExecutionRequest request, StateSnapshot initial, CancellationToken cancellationToken = default);
}

/// <summary>A backend that can be timed on small workloads before it has seen real ones.</summary>
public interface ICalibratable
{
    /// <summary>
    /// Gets workloads that exercise each term of the backend's cost, cheapest first: each takes at most some tens of milliseconds.
    /// </summary>
    IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; }

    /// <summary>Gets what timings depend on besides this machine, such as the name of a device; empty by default.</summary>
    string CalibrationKey => string.Empty;

    /// <summary>
    /// Gets a value indicating whether a run is the work of this process's own threads and waits for nothing; false by default. Then its processor time tells what it would take on a
    /// machine that is not busy.
    /// </summary>
    bool RunsOnProcessor => false;

    /// <summary>Does what happens only once, such as compiling for a device, so that it is not timed; nothing by default.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackendException">It failed.</exception>
    Task PrepareAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
}

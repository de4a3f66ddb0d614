using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Simulation;

/// <summary>What the in-process engines share: checks of a request, limits, the run on a worker thread, snapshots.</summary>
public abstract class LocalSimulator : ISegmentedBackend
{
    private readonly TimeProvider _time;
    private readonly long? _memoryLimit;

    private protected LocalSimulator(BackendDescriptor descriptor, TimeProvider? time)
    {
        Descriptor = descriptor;
        _time = time ?? TimeProvider.System;
        _memoryLimit = descriptor.Capabilities.MaxMemoryBytes;
    }

    /// <inheritdoc/>
    public BackendDescriptor Descriptor { get; }

    /// <inheritdoc/>
    public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        Check(request);
        return Task.Run(() => Execute(request, null, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StateSnapshot> RunToSnapshotAsync(ExecutionRequest request, StateSnapshot? initial, int endOperation, CancellationToken cancellationToken = default)
    {
        Check(request);
        CheckSnapshot(request, initial);
        var start = initial?.OperationIndex ?? 0;
        if (endOperation < start || endOperation > request.Circuit.Operations.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(endOperation), endOperation, $"'endOperation' is {endOperation}; accepted are {start} to {request.Circuit.Operations.Length}.");
        }

        var last = request.Circuit.UnitaryEnd(start);
        if (endOperation > last)
        {
            throw new BackendException(
                BackendErrorKind.Unsupported, Descriptor.Id,
                $"Backend '{Descriptor.Id}' cannot take a snapshot at operation {endOperation}: operation {last} ({request.Circuit.Operations[last].Kind}) before it measures, resets or depends on a measurement. Take it at {last} or before.")
            {
                OperationIndex = last,
            };
        }

        return Task.Run(
            () =>
            {
                var context = CreateContext(request, cancellationToken);
                using var state = StateOf(request, initial, context);
                if (endOperation > start)
                {
                    state.Apply(request.Circuit, start, endOperation, null, context);
                }

                return state.ToSnapshot(endOperation);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ExecutionResult> ResumeAsync(ExecutionRequest request, StateSnapshot initial, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(initial);
        Check(request);
        CheckSnapshot(request, initial);
        return Task.Run(() => Execute(request, initial, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IBackendSession> OpenAsync(ExecutionRequest request, StateSnapshot? initial, CancellationToken cancellationToken = default)
    {
        Check(request);
        CheckSnapshot(request, initial);
        return Task.Run(
            IBackendSession () =>
            {
                var context = CreateContext(request, cancellationToken);
                return new LocalSession(
                    request, initial, context, from => StateOf(request, from, context), Descriptor.Capabilities.IsExact, _time);
            },
            cancellationToken);
    }

    /// <summary>Gets the bytes that a run may take now, where its state lives.</summary>
    private protected virtual long AvailableBytes => MachineMemory.AvailableBytes;

    /// <summary>Makes the state before the first operation.</summary>
    private protected abstract IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context);

    /// <summary>Runs a request in a way of the engine's own, or gives null to leave it to the shot runner.</summary>
    private protected virtual ExecutionResult? TryRunAtOnce(ExecutionRequest request, StateSnapshot? initial, RunContext context, TimeProvider time) => null;

    /// <summary>The clock.</summary>
    internal TimeProvider Time => _time;

    /// <summary>Makes a state before the first operation, for a run that this engine does not lead.</summary>
    internal IQuantumState Begin(int numQubits, ExecutionLimits limits, RunContext context) => CreateState(numQubits, limits, context);

    /// <summary>What bounds a run that this engine does not lead.</summary>
    internal RunContext ContextOf(ExecutionRequest request, CancellationToken cancellationToken) => CreateContext(request, cancellationToken);

    /// <summary>Runs a noisy circuit in a way of the engine's own, or gives null; wrong readout at the end is not part of it.</summary>
    internal virtual ExecutionResult? TryRunNoisy(ExecutionRequest request, NoisePlan plan, RunContext context) => null;

    private IQuantumState StateOf(ExecutionRequest request, StateSnapshot? initial, RunContext context)
    {
        var state = CreateState(request.Circuit.NumQubits, request.Limits, context);
        try
        {
            if (initial is not null)
            {
                state.Load(initial);
            }

            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Runs what is left of a request from a state that the engine has made in a way of its own.</summary>
    private protected ExecutionResult ExecuteFrom(ExecutionRequest request, IQuantumState state, int firstOperation, CancellationToken cancellationToken) =>
        new ShotRunner(request, CreateContext(request, cancellationToken), () => state, _time).Run(Descriptor.Capabilities.IsExact, firstOperation);

    private protected ExecutionResult Execute(ExecutionRequest request, StateSnapshot? initial, CancellationToken cancellationToken)
    {
        var context = CreateContext(request, cancellationToken);
        try
        {
            if (TryRunAtOnce(request, initial, context, _time) is { } done)
            {
                return done;
            }

            var runner = new ShotRunner(request, context, () => StateOf(request, initial, context), _time);
            return runner.Run(Descriptor.Capabilities.IsExact, initial?.OperationIndex ?? 0);
        }
        catch (OutOfMemoryException exception)
        {
            throw new BackendException(
                BackendErrorKind.OutOfMemory, Descriptor.Id,
                $"Backend '{Descriptor.Id}' ran out of memory with {Common.ByteSize.Format(context.HeldBytes)} held. Use a backend with a smaller footprint, fewer shots or fewer probabilities.", exception)
            {
                RequiredBytes = context.HeldBytes,
                AvailableBytes = context.AvailableBytes,
            };
        }
    }

    private protected RunContext CreateContext(ExecutionRequest request, CancellationToken cancellationToken) =>
        new(Descriptor.Id, request, _memoryLimit ?? long.MaxValue, _time, cancellationToken, () => AvailableBytes);

    private protected void Check(ExecutionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var circuit = request.Circuit;
        if (request.Shots < 0 || request.Shots > Descriptor.Capabilities.MaxShots)
        {
            throw new ArgumentOutOfRangeException(nameof(request), request.Shots, $"{request.Shots} shots are asked for; accepted are 0 to {Descriptor.Capabilities.MaxShots}.");
        }

        if (request.FirstShot < 0 || (long)request.FirstShot + request.Shots > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(request), request.FirstShot, $"The first shot is {request.FirstShot}; accepted are 0 to {int.MaxValue} less the shots.");
        }

        if (request.TopProbabilities < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(request), request.TopProbabilities, $"{request.TopProbabilities} probabilities are asked for; accepted are 0 (none) and more.");
        }

        if (circuit.NumQubits > Descriptor.Capabilities.MaxQubits)
        {
            throw new BackendException(
                BackendErrorKind.Unsupported, Descriptor.Id,
                $"Backend '{Descriptor.Id}' runs at most {Descriptor.Capabilities.MaxQubits} qubits; the circuit has {circuit.NumQubits}. Use a sparse, stabilizer or remote backend.");
        }

        foreach (var term in request.Observables.SelectMany(o => o.Terms))
        {
            if (term.Factors.Count > 0 && term.Factors[^1].Qubit >= circuit.NumQubits)
            {
                throw new ArgumentOutOfRangeException(nameof(request), term.Factors[^1].Qubit, $"The observable '{term}' acts on qubit {term.Factors[^1].Qubit}; the circuit has {circuit.NumQubits}.");
            }
        }
    }

    private static void CheckSnapshot(ExecutionRequest request, StateSnapshot? initial)
    {
        if (initial is not null && (initial.NumQubits != request.Circuit.NumQubits || initial.OperationIndex > request.Circuit.Operations.Length))
        {
            throw new ArgumentException($"The snapshot has {initial.NumQubits} qubits before operation {initial.OperationIndex}; the circuit has {request.Circuit.NumQubits} qubits and {request.Circuit.Operations.Length} operations.", nameof(initial));
        }
    }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation;

/// <summary>
/// What bounds a run: cancellation, deadline, memory. Engines call <see cref="Check"/> often enough to react within 50 ms, and
/// <see cref="Reserve"/> before they allocate.
/// </summary>
internal sealed class RunContext
{
    // Finding out what the machine has takes ten microseconds: runs that hold less than this do not ask.
    private const long Unasked = 1 << 20;

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ExecutionRequest _request;
    private readonly long _limitBytes;
    private readonly Func<long> _askMachine;
    private long _machineBytes = -1;
    private long _heldBytes;
    private long _peakBytes;
    private int _operationsDone;
    private int _shotsDone;
    private bool _isHalfDone;

    /// <summary>Begins a run.</summary>
    /// <param name="backendId">The backend, for messages.</param>
    /// <param name="request">The request.</param>
    /// <param name="limitBytes">The most bytes that the backend may take; what the machine has and the request's own limit apply besides.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <param name="machineBytes">Tells what there is where the state lives; null for this machine's memory.</param>
    public RunContext(string backendId, ExecutionRequest request, long limitBytes, TimeProvider time, CancellationToken cancellationToken, Func<long>? machineBytes = null)
    {
        _askMachine = machineBytes ?? (static () => MachineMemory.AvailableBytes);
        BackendId = backendId;
        _request = request;
        _time = time;
        _start = time.GetTimestamp();
        _limitBytes = Math.Min(limitBytes, request.Limits.MemoryBytes ?? long.MaxValue);
        CancellationToken = cancellationToken;
    }

    public string BackendId { get; }

    public CancellationToken CancellationToken { get; }

    /// <summary>The most bytes this run may hold at one time.</summary>
    public long AvailableBytes
    {
        get
        {
            if (Volatile.Read(ref _machineBytes) < 0)
            {
                Volatile.Write(ref _machineBytes, _askMachine());
            }

            return Math.Min(_limitBytes, _machineBytes);
        }
    }

    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    public long PeakBytes => Interlocked.Read(ref _peakBytes);

    /// <summary>The circuit that is run.</summary>
    public Circuit Circuit => _request.Circuit;

    /// <summary>The operations of the circuit: where a run stands that samples or reads out.</summary>
    public int OperationCount => _request.Circuit.Operations.Length;

    public TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>Throws if the run was cancelled or is over its time.</summary>
    /// <param name="operationIndex">How far the run has come.</param>
    public void Check(int operationIndex)
    {
        CancellationToken.ThrowIfCancellationRequested();
        if (_request.Limits.Time is { } time && Elapsed is var elapsed && elapsed > time && (IsHalfDone() ? _request.TimeIfHalfDone ?? time : time) is var limit && elapsed > limit)
        {
            throw new BackendException(
                BackendErrorKind.TimeLimit, BackendId,
                $"Backend '{BackendId}' reached the time limit of {limit.TotalSeconds:G4} s at operation {operationIndex} of {_request.Circuit.Operations.Length}, after {_shotsDone} of {_request.Shots} shots. Raise ExecutionLimits.Time or choose another backend.")
            {
                OperationIndex = operationIndex,
            };
        }
    }

    /// <summary>Tells whether <paramref name="bytes"/> more could be reserved now.</summary>
    public bool CanReserve(long bytes) => Fits(HeldBytes + bytes);

    /// <summary>Books memory before it is allocated.</summary>
    /// <exception cref="BackendException">The run would hold more than it may.</exception>
    public void Reserve(long bytes, string what)
    {
        var held = Interlocked.Add(ref _heldBytes, bytes);
        if (!Fits(held))
        {
            Interlocked.Add(ref _heldBytes, -bytes);
            throw new BackendException(
                BackendErrorKind.OutOfMemory, BackendId,
                $"Backend '{BackendId}' needs {ByteSize.Format(held)} ({ByteSize.Format(bytes)} more for {what}); {ByteSize.Format(AvailableBytes)} may be used. Use a backend with a smaller footprint, fewer qubits, or raise the memory limit on a larger machine.")
            {
                RequiredBytes = held,
                AvailableBytes = AvailableBytes,
            };
        }

        var peak = PeakBytes;
        while (held > peak)
        {
            peak = Interlocked.CompareExchange(ref _peakBytes, held, peak);
        }
    }

    public void Release(long bytes) => Interlocked.Add(ref _heldBytes, -bytes);

    public void ReportOperations(int operationsDone)
    {
        _operationsDone = operationsDone;
        _request.Progress?.Report(Progress);
    }

    public void ReportShots(int shotsDone)
    {
        (_operationsDone, _shotsDone) = (OperationCount, shotsDone);
        _request.Progress?.Report(Progress);
    }

    private ExecutionProgress Progress => new(_operationsDone, OperationCount, _shotsDone, _request.Shots);

    private bool IsHalfDone() => _isHalfDone || (_isHalfDone = Progress.IsHalfDone(Circuit.IsMeasuredAtEnd(out _)));

    private bool Fits(long held) => held <= _limitBytes && (held <= Unasked || held <= AvailableBytes);
}

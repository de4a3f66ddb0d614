using System.Runtime.ExceptionServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation;

/// <summary>A run in pieces on any in-process engine: one state that stays where it is until it is read out.</summary>
internal sealed class LocalSession : IBackendSession
{
    private readonly ExecutionRequest _request;
    private readonly RunContext _context;
    private readonly Func<StateSnapshot?, IQuantumState> _createState;
    private readonly bool _isExact;
    private readonly TimeProvider _time;
    private readonly StateSnapshot? _initial;
    private readonly int _start;
    private readonly int _unitaryEnd;
    private readonly TimeSpan _prepare;
    private IQuantumState? _state;
    private long? _peakNonZeros;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Opens the run.</summary>
    /// <param name="request">The request.</param>
    /// <param name="initial">The state to begin with, or null.</param>
    /// <param name="context">What bounds the run.</param>
    /// <param name="createState">Makes a state from a snapshot or null.</param>
    /// <param name="isExact">Whether the engine is exact.</param>
    /// <param name="time">The clock.</param>
    public LocalSession(
        ExecutionRequest request, StateSnapshot? initial, RunContext context, Func<StateSnapshot?, IQuantumState> createState, bool isExact, TimeProvider time)
    {
        (_request, _context, _createState, _isExact, _time) = (request, context, createState, isExact, time);
        _start = Position = initial?.OperationIndex ?? 0;
        _unitaryEnd = request.Circuit.UnitaryEnd(_start);

        // Only runs that divide at measurements may have to begin again.
        _initial = initial is not null && MayDivide(request.Circuit, _unitaryEnd) ? initial : null;
        context.Check(_start);
        _state = createState(initial);
        _prepare = context.Elapsed;
        Note();
    }

    public int Position { get; private set; }

    private IQuantumState State
    {
        get
        {
            _failure?.Throw();
            return _state ?? throw new ObjectDisposedException(nameof(IBackendSession), "The session is over.");
        }
    }

    public void Advance(int endOperation)
    {
        if (endOperation < Position || endOperation > _unitaryEnd)
        {
            throw new ArgumentOutOfRangeException(
                nameof(endOperation), endOperation,
                $"'endOperation' is {endOperation}; accepted are {Position} to {_unitaryEnd}, where the circuit ends or first measures, resets or depends on a measurement.");
        }

        if (endOperation > Position)
        {
            State.Advance(_request.Circuit, Position, endOperation, _context);
            Position = endOperation;
            Note();
        }
    }

    public SessionObservation Observe(bool count = false)
    {
        if (count || !_isExact)
        {
            // What waits may be truncated, and the bound on the fidelity is of all that was done.
            Settle(State);
        }

        // What a state with bonds stores are not amplitudes.
        var bond = State.BondDimension;
        var stored = bond is not null ? 0 : count ? State.CountNonZeros() : State.NonZeros;
        return new SessionObservation(Position, stored > 0 ? stored : null, bond, State.MemoryBytes, _context.PeakBytes, _context.Elapsed, State.DiscardedWeight)
        {
            FidelityLowerBound = State.FidelityLowerBound,
        };
    }

    public StateSnapshot TakeSnapshot(bool compact = false)
    {
        Settle(State);

        // What is copied out is the caller's.
        var held = _context.HeldBytes;
        try
        {
            return compact ? State.ToCompactSnapshot(Position) : State.ToSnapshot(Position);
        }
        finally
        {
            _context.Release(_context.HeldBytes - held);
        }
    }

    public ExecutionResult Finish()
    {
        _failure?.Throw();
        var spent = _context.Elapsed;
        var position = Position;
        var runner = new ShotRunner(_request, _context, Take, _time);
        var result = runner.Run(_isExact, position, spent);
        var t = result.Timings;
        return result with
        {
            Timings = new ExecutionTimings(TimeSpan.Zero, _prepare, spent - _prepare + t.Prepare + t.Run, t.Sample),
            PeakNonZeros = _peakNonZeros is { } peak ? Math.Max(peak, result.PeakNonZeros ?? 0) : result.PeakNonZeros,
        };

        // The first walk takes over the state; a history that is replayed begins again.
        IQuantumState Take()
        {
            if (_state is { } state)
            {
                if (position == _unitaryEnd)
                {
                    Settle(state);
                }

                _state = null;
                return state;
            }

            var again = _createState(_initial);
            try
            {
                if (position > _start)
                {
                    again.Apply(_request.Circuit, _start, position, null, _context);
                }

                return again;
            }
            catch
            {
                again.Dispose();
                throw;
            }
        }
    }

    public void Dispose()
    {
        _state?.Dispose();
        _state = null;
    }

    // A state that failed half-way is of no use, whatever is asked of it next.
    private void Settle(IQuantumState state)
    {
        try
        {
            state.Settle();
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
            throw;
        }
    }

    private static bool MayDivide(Circuit circuit, int start)
    {
        if (start == circuit.Operations.Length)
        {
            return false;
        }

        var plan = new MeasurementPlan(circuit);
        for (var i = start; i < circuit.Operations.Length; i++)
        {
            if (circuit.Operations[i].Kind == OperationKind.Reset || (circuit.Operations[i].Kind == OperationKind.Measure && !plan.IsDeferred(i)))
            {
                return true;
            }
        }

        return false;
    }

    private void Note()
    {
        var stored = State.NonZeros;
        _peakNonZeros = stored > 0 ? Math.Max(_peakNonZeros ?? 0, stored) : _peakNonZeros;
    }
}

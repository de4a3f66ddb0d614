using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation;

/// <summary>
/// Runs a circuit on any engine: control flow, classical memory, branching on measurements, sampling. Shots travel in groups that
/// share all results so far; at a measurement each shot compares its own random number with the probability, and the group splits
/// if they differ. So the cost is that of the distinct histories, and the result is the same as that of running shot by shot:
/// draw k of shot i is number k of Philox stream (seed, i). Exact answers follow both results, weighted by probability.
/// </summary>
internal sealed class ShotRunner
{
    /// <summary>Probabilities closer to 0 or 1 than this are certain; histories less probable are left out of exact answers.</summary>
    public const double Negligible = 1e-14;

    private const double NegligibleWeight = 1e-15;
    private const long MaxSteps = 200_000_000;

    private readonly ExecutionRequest _request;
    private readonly Circuit _circuit;
    private readonly RunContext _context;
    private readonly Func<IQuantumState> _createState;
    private readonly MeasurementPlan _plan;
    private readonly OutcomeCollector _collector;
    private readonly TimeProvider _time;
    private readonly int[]? _shots;
    private readonly bool _exact;
    private readonly Stack<ShotGroup> _waiting = new();
    private readonly HistoryPlanner _planner;
    private ShotGroup? _checkpoint;
    private bool _divided;
    private long _resumed;
    private int _firstOperation;
    private long _steps;
    private long _copiedBytes;
    private long _peakNonZeros;
    private double _prunedWeight;
    private double _droppedWeight;
    private double _fidelity = 1;
    private TimeSpan _sampling;

    public ShotRunner(ExecutionRequest request, RunContext context, Func<IQuantumState> createState, TimeProvider time, HistoryPlanner? planner = null, int[]? shots = null)
    {
        _shots = shots;
        _planner = planner ?? new HistoryPlanner();
        _request = request;
        _circuit = request.Circuit;
        _context = context;
        _createState = createState;
        _time = time;
        _plan = new MeasurementPlan(_circuit);
        _exact = request.TopProbabilities > 0 || request.Observables.Count > 0;
        _collector = new OutcomeCollector(request, _plan, context);
    }

    /// <summary>
    /// Runs the request from <paramref name="firstOperation"/>; the state that the factory makes is the one before it, which took
    /// <paramref name="spent"/> and will take as long again.
    /// </summary>
    public ExecutionResult Run(bool isExact, int firstOperation = 0, TimeSpan spent = default)
    {
        var start = _time.GetTimestamp();
        _firstOperation = firstOperation;
        _context.Check(firstOperation);
        var state = _createState();
        var prepare = _time.GetElapsedTime(start);
        var shots = _shots ?? [.. Enumerable.Range(_request.FirstShot, _request.Shots)];
        _waiting.Push(new ShotGroup { State = state, Classical = new ClassicalState(_circuit), Shots = shots, Position = firstOperation, Spent = spent + prepare });
        try
        {
            while (_waiting.TryPop(out var group))
            {
                _copiedBytes -= group.CopiedBytes;
                try
                {
                    RunGroup(group);
                }
                finally
                {
                    group.State?.Dispose();
                }
            }
        }
        finally
        {
            while (_waiting.TryPop(out var group))
            {
                group.State?.Dispose();
            }

            _checkpoint?.State?.Dispose();
        }

        var collect = _time.GetTimestamp();
        var counts = _collector.Counts();
        var probabilities = _collector.TopProbabilities();
        _sampling += _time.GetElapsedTime(collect);
        var total = _time.GetElapsedTime(start);
        return new ExecutionResult
        {
            BackendId = _context.BackendId,
            Shots = _request.Shots,
            Seed = _request.Seed,
            Counts = counts,
            Probabilities = probabilities,
            ExpectationValues = _collector.ExpectationValues,
            IsExact = isExact,
            Timings = new ExecutionTimings(TimeSpan.Zero, prepare, total - prepare - _sampling, _sampling),
            PeakMemoryBytes = _context.PeakBytes,
            PeakNonZeros = _peakNonZeros,
            DiscardedWeight = _prunedWeight + _droppedWeight,
            FidelityLowerBound = _fidelity,
        };
    }

    private void RunGroup(ShotGroup group)
    {
        _resumed = _time.GetTimestamp();
        if (group.State is null)
        {
            Restore(group);
        }

        var operations = _circuit.Operations;
        while (group.Position < operations.Length)
        {
            CountStep(group.Position);
            ref readonly var op = ref operations[group.Position];
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary or OperationKind.Barrier:
                    ApplySegment(group);
                    break;
                case OperationKind.Measure when _plan.IsDeferred(group.Position):
                    group.Pending.Add(group.Position++);
                    break;
                case OperationKind.Measure:
                    group.Classical[op.Argument] = Observe(group, _circuit.QubitsOf(op)[0]);
                    group.Position++;
                    break;
                case OperationKind.Reset:
                    var qubit = _circuit.QubitsOf(op)[0];
                    if (Observe(group, qubit))
                    {
                        group.State!.Flip(qubit);
                    }

                    group.Position++;
                    break;
                case OperationKind.End:
                    group.Position = operations.Length;
                    break;
                default:
                    ClassicalStep(group, op);
                    break;
            }
        }

        Finish(group);
    }

    private void ApplySegment(ShotGroup group)
    {
        var operations = _circuit.Operations;
        var end = group.Position + 1;
        while (end < operations.Length && operations[end].Kind is OperationKind.Gate or OperationKind.Unitary or OperationKind.Barrier)
        {
            end++;
        }

        group.State!.Apply(_circuit, group.Position, end, group.Classical, _context);
        group.Position = end;
        _peakNonZeros = Math.Max(_peakNonZeros, group.State.NonZeros);
    }

    // Runs assignments and jumps.
    private void ClassicalStep(ShotGroup group, in Operation op)
    {
        switch (op.Kind)
        {
            case OperationKind.Assign:
                group.Classical.Execute(_circuit.AssignmentOf(op));
                group.Position++;
                break;
            case OperationKind.If or OperationKind.While:
                group.Position = _circuit.ConditionOf(op).Evaluate(group.Classical).ToBool() ? group.Position + 1 : op.Argument + 1;
                break;
            case OperationKind.Else or OperationKind.Break:
                group.Position = op.Argument + 1;
                break;
            case OperationKind.EndWhile or OperationKind.Continue:
                _context.Check(group.Position);
                group.Position = op.Argument;
                break;
            default:
                group.Position++;
                break;
        }
    }

    // Measures in mid-circuit; the group goes on with the result returned, shots with the other one wait.
    private bool Observe(ShotGroup group, int qubit)
    {
        _context.Check(group.Position);
        var state = group.State!;
        var one = Math.Clamp(state.ProbabilityOfOne(qubit), 0, 1);
        bool result;
        if (group.Used < group.History.Count)
        {
            result = group.History[group.Used++];
        }
        else if (one < Negligible || one > 1 - Negligible)
        {
            result = one > 0.5;
            group.History.Add(result);
            group.Used++;
        }
        else
        {
            result = Divide(group, one);
        }

        // A qubit that is 0 in all basis states is so afterwards.
        if (result || one > 0)
        {
            state.Collapse(qubit, result, result ? one : 1 - one);
        }

        return result;
    }

    private bool Divide(ShotGroup group, double one)
    {
        var draw = (ulong)group.Used;
        var ones = Array.FindAll(group.Shots, shot => Philox.Double(_request.Seed, (ulong)shot, draw) < one);
        var zeros = ones.Length == 0 ? group.Shots
            : ones.Length == group.Shots.Length ? []
            : Array.FindAll(group.Shots, shot => Philox.Double(_request.Seed, (ulong)shot, draw) >= one);
        var followOne = Follows(ones, group.Weight * one);
        var followZero = Follows(zeros, group.Weight * (1 - one));
        var result = followOne && (!followZero || one >= 0.5);
        var (shots, weight) = result ? (ones, group.Weight * one) : (zeros, group.Weight * (1 - one));
        if (followOne && followZero)
        {
            // What the other group needs is taken before the collapse.
            Pause(group);
            var bytes = group.State!.MemoryBytes;
            KeepCheckpoint(group, bytes);
            var fits = _planner.Fits(_copiedBytes, bytes) && _context.CanReserve(bytes);
            var way = _planner.Choose(bytes, fits, _checkpoint is null ? null : group.Spent - _checkpoint.Spent, group.Spent);
            var copy = way == Return.Copy ? Copy(group.State, bytes) : null;
            _waiting.Push(group.Split(copy, way == Return.FromCheckpoint, copy is null ? 0 : bytes, result ? zeros : ones, group.Weight - weight, !result));
            _resumed = _time.GetTimestamp();
        }
        else
        {
            _prunedWeight += _exact ? group.Weight - weight : 0;
        }

        group.Shots = shots;
        group.Weight = weight;
        group.History.Add(result);
        group.Used++;
        return result;
    }

    // The state before the first random result is the same for all shots; all histories can begin there.
    private void KeepCheckpoint(ShotGroup group, long bytes)
    {
        if (_divided)
        {
            return;
        }

        _divided = true;
        var branchings = 0.0;
        for (var i = group.Position; i < _circuit.Operations.Length; i++)
        {
            // Loops may measure again and again.
            branchings += _circuit.Operations[i].Kind switch
            {
                OperationKind.EndWhile => double.PositiveInfinity,
                OperationKind.Measure => _plan.IsDeferred(i) ? 0 : 1,
                OperationKind.Reset => 1,
                _ => 0,
            };
        }

        if (_planner.WantsCheckpoint(bytes, branchings, _exact ? double.MaxValue : _request.Shots, group.Spent) && _context.CanReserve(bytes))
        {
            _checkpoint = group.Split(Copy(group.State!, bytes), false, bytes, [], group.Weight, false);
        }
    }

    private IQuantumState Copy(IQuantumState state, long bytes)
    {
        var start = _time.GetTimestamp();
        var copy = state.Clone();
        _planner.Note(bytes, _time.GetElapsedTime(start));
        _copiedBytes += bytes;
        return copy;
    }

    // Brings a group without a state to where its shots were last known to be alike; its results from there on are in its history.
    private void Restore(ShotGroup group)
    {
        group.Pending.Clear();
        if (group.FromCheckpoint)
        {
            group.State = _checkpoint!.State!.Clone();
            group.Classical = _checkpoint.Classical.Clone();
            group.Position = _checkpoint.Position;
            group.Used = _checkpoint.Used;
            group.Pending.AddRange(_checkpoint.Pending);
            group.Spent = _checkpoint.Spent;
            return;
        }

        group.State = _createState();
        group.Classical = new ClassicalState(_circuit);
        group.Position = _firstOperation;
        group.Used = 0;
        group.Spent = TimeSpan.Zero;
    }

    private void Pause(ShotGroup group) => group.Spent += _time.GetElapsedTime(_resumed);

    private bool Follows(int[] shots, double weight) => shots.Length > 0 || (_exact && weight > NegligibleWeight);

    private void Finish(ShotGroup group)
    {
        var start = _time.GetTimestamp();
        _context.Check(_circuit.Operations.Length);
        _peakNonZeros = Math.Max(_peakNonZeros, group.State!.NonZeros);
        _droppedWeight += group.Weight * group.State.DiscardedWeight;
        _fidelity = Math.Min(_fidelity, group.State.FidelityLowerBound);
        _collector.Add(group);
        _sampling += _time.GetElapsedTime(start);
    }

    private void CountStep(int position)
    {
        if (++_steps > MaxSteps)
        {
            throw new BackendException(
                BackendErrorKind.Unsupported, _context.BackendId,
                $"Backend '{_context.BackendId}' stopped after {MaxSteps} steps at operation {position}: a run-time loop does not end, or the measurements have too many histories. Ask for fewer shots or set ExecutionLimits.Time.")
            {
                OperationIndex = position,
            };
        }
    }
}

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
    private readonly bool _exact;
    private readonly Stack<ShotGroup> _waiting = new();
    private int _firstOperation;
    private long _steps;
    private long _copiedBytes;
    private long _peakNonZeros;
    private double _prunedWeight;
    private double _droppedWeight;
    private double _fidelity = 1;
    private TimeSpan _sampling;

    public ShotRunner(ExecutionRequest request, RunContext context, Func<IQuantumState> createState, TimeProvider time)
    {
        _request = request;
        _circuit = request.Circuit;
        _context = context;
        _createState = createState;
        _time = time;
        _plan = new MeasurementPlan(_circuit);
        _exact = request.TopProbabilities > 0 || request.Observables.Count > 0;
        _collector = new OutcomeCollector(request, _plan, context);
    }

    /// <summary>Runs the request from <paramref name="firstOperation"/>; the state that the factory makes is the one before it.</summary>
    public ExecutionResult Run(bool isExact, int firstOperation = 0)
    {
        var start = _time.GetTimestamp();
        _firstOperation = firstOperation;
        _context.Check(firstOperation);
        var state = _createState();
        var prepare = _time.GetElapsedTime(start);
        var shots = new int[_request.Shots];
        for (var i = 0; i < shots.Length; i++)
        {
            shots[i] = i;
        }

        _waiting.Push(new ShotGroup { State = state, Classical = new ClassicalState(_circuit), Shots = shots, Position = firstOperation });
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
        if (group.State is null)
        {
            group.State = _createState();
            group.Classical = new ClassicalState(_circuit);
            group.Position = _firstOperation;
            group.Used = 0;
            group.Pending.Clear();
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
                        group.State.Flip(qubit);
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

        state.Collapse(qubit, result, result ? one : 1 - one);
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
            // The copy is taken before the collapse. Where it does not fit, the other group is replayed from the beginning.
            var bytes = group.State!.MemoryBytes;
            var fits = HistoryCopies.Fits(_copiedBytes, bytes) && _context.CanReserve(bytes);
            var copy = fits ? group.State.Clone() : null;
            _copiedBytes += copy is null ? 0 : bytes;
            var other = group.Split(copy, copy is null ? 0 : bytes, result ? zeros : ones, group.Weight - weight, !result);
            _waiting.Push(other);
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

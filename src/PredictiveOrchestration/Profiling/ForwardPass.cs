using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the beginning.</summary>
internal sealed class ForwardPass
{
    // Ten times the multiply-adds of a chain in the time of a gate's word of a tableau, and those of ten milliseconds.
    private const double ChainWorkPerWord = 1e4, LeastChainLimit = 1e8;

    // Fewer are walked through in a few times what another thread takes to wake up, which a busy machine makes longer.
    private const int FewOperations = 400;

    private readonly Circuit _circuit;
    private readonly SparseSketch _sparse;
    private readonly BondDimensionBound _bond;
    private readonly byte[] _trajectory, _bonds;
    private readonly float[] _bondWork;
    private readonly GateKinds _kinds;
    private readonly Lazy<StatelessPass> _stateless;
    private int _randomResets;
    private int _peakSupport;
    private int _loops;

    public ForwardPass(Circuit circuit)
    {
        _circuit = circuit;
        var n = circuit.NumQubits;
        _sparse = new SparseSketch(circuit);
        _bond = new BondDimensionBound(n) { Sketch = ChainSketch.Begin(n) };
        var operations = circuit.Operations.Length;
        (_trajectory, _bonds, _bondWork, _kinds) = (new byte[operations], new byte[operations], new float[operations], new GateKinds(circuit));
        _stateless = new Lazy<StatelessPass>(() => new StatelessPass(_circuit, _kinds));
        if (operations >= FewOperations && Environment.ProcessorCount > 1)
        {
            // Where no other thread has begun it when it is asked for, this one does it.
            _ = Task.Run(() => _stateless.Value);
        }

        Walk();
    }

    /// <summary>What was found of the gates alone.</summary>
    public StatelessPass Stateless => _stateless.Value;

    /// <summary>The gates.</summary>
    public int Gates => _kinds.Gates;

    /// <summary>What was found.</summary>
    /// <param name="leavesChain">Whether the sketch of a matrix product state is left for when it is asked for, where a rough estimate can stand for it meanwhile.</param>
    public CircuitFeatures Features(bool leavesChain = false)
    {
        var (counts, backward) = (Stateless.Counts, Stateless.Backward);
        int n = _circuit.NumQubits, depth = counts.Depth, gates = _kinds.Gates, pairs = counts.TwoQubit, dimension = _sparse.Dimension;
        var amounts = _sparse.Amounts;
        var (blocks, largest) = counts.Blocks();

        var measured = backward.MidCircuitMeasurements + _randomResets;
        var (random, branching, support, weight) = Stateless.Randomness ?? new RandomnessOfResults(Math.Min(n, dimension) + measured, measured, n, RandomnessOfResults.UnknownWeight * n);
        var outcomes = Math.Min(support, dimension);
        var isRough = leavesChain && _bond.Sketch is { CanWait: true } && RoughChain.Knows(n, gates);
        var features = new CircuitFeatures
        {
            Supermarq = new SupermarqFeatures(
                n < 2 ? 0 : 2.0 * counts.QubitPairs / ((double)n * (n - 1)),
                pairs == 0 ? 0 : (double)counts.PairsInDepth / pairs,
                gates == 0 ? 0 : (double)pairs / gates,
                n < 2 || depth == 0 ? 0 : Math.Clamp(((double)gates / depth - 1) / (n - 1), 0, 1),
                n == 0 || depth == 0 ? 0 : (double)counts.Live / ((double)n * depth),
                depth == 0 ? 0 : Math.Min(1, (double)(backward.MidCircuitMeasurements + counts.Resets) / depth)),
            OneQubitGateCount = gates - pairs - counts.MultiQubit,
            TwoQubitGateCount = pairs,
            MultiQubitGateCount = counts.MultiQubit,
            CliffordCount = _kinds.Cliffords,
            TCount = _kinds.Ts,
            CliffordPrefixLength = _kinds.CliffordPrefix,
            DiagonalCount = counts.Diagonal,
            MonomialCount = counts.Monomial,
            OutcomeBits = counts.Measurements > 0 ? _circuit.NumClbits : _circuit.NumQubits,
            MeasurementCount = counts.Measurements,
            MidCircuitMeasurementCount = backward.MidCircuitMeasurements,
            ResetCount = counts.Resets,
            IsDynamic = counts.IsDynamic,
            DenseWork = Math.Min(counts.DenseWork, double.MaxValue),
            FusedWork = Stateless.FusedWork,
            FusedGateCount = counts.Groups,
            PeakSupportLog2 = _peakSupport,
            PeakEntriesLog2 = _sparse.PeakEntriesLog2,
            SureSupportLog2 = _sparse.SureSupportLog2,
            FinalSupportLog2 = outcomes,
            RandomBits = random,
            BranchingBits = branching,
            SparseWork = Math.Min(amounts.All, double.MaxValue),
            SparseBranchingWork = Math.Min(amounts.Mixing, double.MaxValue),
            SparseGroupWork = Math.Min(amounts.Groups, double.MaxValue),
            SparseUnorderedWork = Math.Min(amounts.Unordered, double.MaxValue),
            SparseCancellingWork = Math.Min(amounts.Cancelling, double.MaxValue),
            SupportTrajectory = _trajectory,
            BondTrajectory = _bonds,
            BondWorkTrajectory = _bondWork,
            PeakBondLog2 = _bond.Greatest,
            BondLog2 = _bond.Peak,
            ChainWork = isRough ? RoughChain.Amounts(new RoughChain.Inputs(n, gates, pairs + counts.MultiQubit, _bond.Steps, _bond.Work, _bond.GreatestTypical, counts.Monomial, counts.Diagonal, _kinds.CliffordPrefix))
                : _bond.Sketch?.Finish(outcomes, ChainLimit()) ?? [],
            IsChainRough = isRough,
            MatrixProductWork = Math.Min(_bond.Work, double.MaxValue),
            MatrixProductBytes = _bond.Bytes(),
            MatrixProductSteps = _bond.Steps,
            MatrixProductElements = Math.Min(_bond.Elements(), double.MaxValue),
            TypicalBondLog2 = _bond.GreatestTypical,
            StabilizerWork = random * weight,
            LightConeQubits = backward.ConeQubits,
            LightConeGates = backward.ConeGates,
            BlockCount = blocks,
            LargestBlockQubits = largest,
            StructuralHash = counts.StructuralHash,
        };
        if (isRough)
        {
            _bond.Sketch!.Leave(features, outcomes, ChainLimit());
        }

        return features;
    }

    // The work after which a chain is surely ten times slower than a tableau that runs it all.
    private double ChainLimit() => _kinds.Cliffords == _kinds.Gates ? Math.Max(LeastChainLimit, ChainWorkPerWord * _kinds.Gates * (_circuit.NumQubits / 64.0)) : double.PositiveInfinity;

    private void Walk()
    {
        var operations = _circuit.Operations;
        var nesting = 0;
        double bondWork = 0;
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var op = ref operations[i];
            var qubits = _circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary:
                    Gate(i, op, qubits, nesting > 0);
                    break;
                case OperationKind.Measure:
                    _sparse.Measure();
                    _bond.Project(qubits[0], false, nesting > 0);
                    break;
                case OperationKind.Reset:
                    _randomResets += nesting > 0 || !_sparse.IsKnown(qubits[0]) ? 1 : 0;
                    _sparse.Reset(qubits[0], nesting > 0);
                    _bond.Project(qubits[0], true, nesting > 0);
                    break;
                case OperationKind.Barrier:
                    break;
                default:
                    _sparse.BeginPart();
                    nesting += op.NestingStep;
                    _loops += op.Kind == OperationKind.While ? 1 : op.Kind == OperationKind.EndWhile ? -1 : 0;
                    break;
            }

            var dimension = _sparse.Dimension;
            _peakSupport = Math.Max(_peakSupport, dimension);
            _trajectory[i] = (byte)Math.Min(dimension, byte.MaxValue);
            _bonds[i] = (byte)Math.Min(_bond.Greatest, byte.MaxValue);
            _bondWork[i] = (float)(_bond.Work - bondWork);
            bondWork = _bond.Work;
        }

        _sparse.Finish();
    }

    private void Gate(int at, in Operation op, ReadOnlySpan<int> qubits, bool uncertain)
    {
        var (structure, isClifford) = (_kinds.StructureAt(at), _kinds.IsCliffordAt(at));
        var step = new SketchedStep(structure, isClifford, uncertain, _loops > 0, at >= _kinds.FirstT);
        if (op.QubitCount == 1)
        {
            // What becomes of a qubit on its own tells how many basis states there are.
            var before = structure == GateStructure.Generic ? _bond.ValueOf(qubits[0]) : LoneValue.Unknown;
            _bond.Apply(_circuit, op, 0, uncertain, _loops > 0);
            _sparse.Apply(at, step, before == LoneValue.Unknown ? LoneChange.Unknown : before == LoneValue.Both ? ChangeTo(_bond.ValueOf(qubits[0])) : LoneChange.Lone);
        }
        else
        {
            var some = _sparse.Dimension;
            _sparse.Apply(at, step, LoneChange.Unknown);
            _bond.Apply(_circuit, op, Math.Max(some, _sparse.Dimension), uncertain, _loops > 0, op.QubitCount > 2 ? _sparse.RankLog2() : int.MaxValue);
            if (at < _kinds.FirstOther && _sparse.IsSettled && !_bond.IsGivenUp)
            {
                _bond.MayGiveUp();
            }
        }
    }

    private static LoneChange ChangeTo(LoneValue value) => value == LoneValue.Zero ? LoneChange.BecomesZero : value == LoneValue.One ? LoneChange.BecomesOne : LoneChange.Lone;
}

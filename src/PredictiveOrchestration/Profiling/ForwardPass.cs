using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the beginning.</summary>
internal sealed class ForwardPass
{
    // Ten times the multiply-adds of a chain in the time of a gate's word of a tableau, and those of ten milliseconds.
    private const double ChainWorkPerWord = 1e4, LeastChainLimit = 1e8;

    private readonly Circuit _circuit;
    private readonly SparseSketch _sparse;
    private readonly BondDimensionBound _bond;
    private readonly CliffordRandomness _randomness;
    private readonly FusionSketch<Unnoted>? _sketch;
    private readonly byte[] _trajectory, _bonds;
    private readonly float[] _bondWork;
    private readonly CircuitCounts _counts;
    private int _randomResets;
    private int _peakSupport;
    private int _loops;

    public ForwardPass(Circuit circuit)
    {
        _circuit = circuit;
        var n = circuit.NumQubits;
        _sparse = new SparseSketch(circuit);
        _bond = new BondDimensionBound(n) { Sketch = ChainSketch.Begin(n) };
        _randomness = new CliffordRandomness(n);
        _sketch = FusionSketch<Unnoted>.Begin(n);
        (_trajectory, _bonds, _bondWork) = (new byte[circuit.Operations.Length], new byte[circuit.Operations.Length], new float[circuit.Operations.Length]);

        // Until the walk is at an operation its place in the trajectory is free.
        _counts = new CircuitCounts(circuit, _trajectory);
        Walk();
    }

    /// <summary>What was counted.</summary>
    public CircuitCounts Counts => _counts;

    /// <summary>What was found.</summary>
    /// <param name="leavesChain">Whether the sketch of a matrix product state is left for when it is asked for, where a rough estimate can stand for it meanwhile.</param>
    public CircuitFeatures Features(bool leavesChain = false)
    {
        var backward = new BackwardPass(_circuit, _counts.FirstMeasurement, _counts.FirstReset, _counts.IsDynamic, _counts.Gates, _counts.OnNoQubit);
        int n = _circuit.NumQubits, depth = _counts.Depth, gates = _counts.Gates, pairs = _counts.TwoQubit, dimension = _sparse.Dimension;
        var amounts = _sparse.Amounts;
        var (blocks, largest) = _counts.Blocks();

        // Of a generator that nothing is known of three in four Pauli matrices are not the identity.
        var weight = _randomness.IsExact ? _randomness.MeanWeight() : 0.75 * n;
        var (random, support) = _randomness.IsExact ? _randomness.Finish() : (Math.Min(n, dimension) + backward.MidCircuitMeasurements + _randomResets, n);
        var outcomes = Math.Min(support, dimension);
        var isRough = leavesChain && _bond.Sketch is { CanWait: true } && RoughChain.Knows(n, gates);
        var features = new CircuitFeatures
        {
            Supermarq = new SupermarqFeatures(
                n < 2 ? 0 : 2.0 * _counts.QubitPairs / ((double)n * (n - 1)),
                pairs == 0 ? 0 : (double)_counts.PairsInDepth / pairs,
                gates == 0 ? 0 : (double)pairs / gates,
                n < 2 || depth == 0 ? 0 : Math.Clamp(((double)gates / depth - 1) / (n - 1), 0, 1),
                n == 0 || depth == 0 ? 0 : (double)_counts.Live / ((double)n * depth),
                depth == 0 ? 0 : Math.Min(1, (double)(backward.MidCircuitMeasurements + _counts.Resets) / depth)),
            OneQubitGateCount = gates - pairs - _counts.MultiQubit,
            TwoQubitGateCount = pairs,
            MultiQubitGateCount = _counts.MultiQubit,
            CliffordCount = _counts.Cliffords,
            TCount = _counts.Ts,
            CliffordPrefixLength = _counts.CliffordPrefix,
            DiagonalCount = _counts.Diagonal,
            MonomialCount = _counts.Monomial,
            OutcomeBits = _counts.Measurements > 0 ? _circuit.NumClbits : _circuit.NumQubits,
            MeasurementCount = _counts.Measurements,
            MidCircuitMeasurementCount = backward.MidCircuitMeasurements,
            ResetCount = _counts.Resets,
            IsDynamic = _counts.IsDynamic,
            DenseWork = Math.Min(_counts.DenseWork, double.MaxValue),
            FusedWork = _sketch?.Finish() ?? [],
            FusedGateCount = _counts.Groups,
            PeakSupportLog2 = _peakSupport,
            PeakEntriesLog2 = _sparse.PeakEntriesLog2,
            SureSupportLog2 = _sparse.SureSupportLog2,
            FinalSupportLog2 = outcomes,
            RandomBits = random,
            BranchingBits = _randomness.IsExact ? _randomness.BranchingBits : backward.MidCircuitMeasurements + _randomResets,
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
            ChainWork = isRough ? RoughChain.Amounts(new RoughChain.Inputs(n, gates, pairs + _counts.MultiQubit, _bond.Steps, _bond.Work, _bond.GreatestTypical, _counts.Monomial, _counts.Diagonal, _counts.CliffordPrefix))
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
            StructuralHash = _counts.StructuralHash,
        };
        if (isRough)
        {
            _bond.Sketch!.Leave(features, outcomes, ChainLimit());
        }

        return features;
    }

    // The work after which a chain is surely ten times slower than a tableau that runs it all.
    private double ChainLimit() => _counts.Cliffords == _counts.Gates ? Math.Max(LeastChainLimit, ChainWorkPerWord * _counts.Gates * (_circuit.NumQubits / 64.0)) : double.PositiveInfinity;

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
                    _sketch?.Measure(qubits[0]);
                    _sparse.Measure();
                    _bond.Project(qubits[0], false, nesting > 0);
                    _randomness.Measure(qubits[0], nesting > 0);
                    break;
                case OperationKind.Reset:
                    _randomResets += nesting > 0 || !_sparse.IsKnown(qubits[0]) ? 1 : 0;
                    _sketch?.Reset(qubits[0]);
                    _sparse.Reset(qubits[0], nesting > 0);
                    _bond.Project(qubits[0], true, nesting > 0);
                    _randomness.Reset(qubits[0], nesting > 0);
                    break;
                case OperationKind.Barrier:
                    break;
                default:
                    _sparse.BeginPart();
                    _sketch?.Branch();
                    nesting += op.Kind is OperationKind.If or OperationKind.While ? 1 : op.Kind is OperationKind.EndIf or OperationKind.EndWhile ? -1 : 0;
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
        var noted = _trajectory[at];
        var (structure, isClifford) = (CircuitCounts.StructureOf(noted), CircuitCounts.IsClifford(noted));
        _randomness.Apply(_circuit, op, isClifford, uncertain);
        _sketch?.Apply(_circuit, op, qubits);
        var step = new SketchedStep(structure, isClifford, uncertain, _loops > 0, at >= _counts.FirstT);
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
            if (at < _counts.FirstOther && _sparse.IsSettled && !_bond.IsGivenUp)
            {
                _bond.MayGiveUp();
            }
        }
    }

    private static LoneChange ChangeTo(LoneValue value) => value == LoneValue.Zero ? LoneChange.BecomesZero : value == LoneValue.One ? LoneChange.BecomesOne : LoneChange.Lone;
}

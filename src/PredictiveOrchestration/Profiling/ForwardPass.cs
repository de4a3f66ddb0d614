using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the beginning.</summary>
internal sealed class ForwardPass
{
    private const int MostFused = 4;

    // Ten times the multiply-adds of a chain in the time of a gate's word of a tableau, and those of ten milliseconds.
    private const double ChainWorkPerWord = 1e4, LeastChainLimit = 1e8;
    private static readonly GateFacts[] Facts = [.. GateCatalog.Table.Select(GateFacts.Of)];
    private static readonly GateFacts OfUnitary = new(GateStructure.Generic, false, false);

    private readonly Circuit _circuit;
    private readonly SparseSketch _sparse;
    private readonly BondDimensionBound _bond;
    private readonly CliffordRandomness _randomness;
    private readonly FusionSketch<Unnoted>? _sketch;
    private readonly UnionFind _blocks;
    private readonly byte[] _trajectory, _bonds;
    private readonly float[] _bondWork;
    private readonly long[] _place;
    private readonly QubitPairs _pairs;
    private readonly int[] _group = [-1, -1, -1, -1];
    private int _groupSize;
    private int _twoQubit;
    private int _multiQubit;
    private int _clifford;
    private int _tCount;
    private int _prefix = -1;
    private int _diagonal;
    private int _monomial;
    private int _resets;
    private int _randomResets;
    private int _onNoQubit;
    private int _firstMeasurement = -1, _firstReset = int.MaxValue;
    private int _measurements;
    private int _groups;
    private int _peakSupport;
    private int _loops;
    private bool _dynamic;
    private double _denseWork;
    private readonly double[] _weights = new double[12];
    private long _live;
    private long _last;
    private ulong _groupMask;
    private ulong _hash = 0xCBF29CE484222325;

    public ForwardPass(Circuit circuit)
    {
        _circuit = circuit;
        var n = circuit.NumQubits;
        _sparse = new SparseSketch(circuit);
        _bond = new BondDimensionBound(n) { Sketch = ChainSketch.Begin(n) };
        _randomness = new CliffordRandomness(n);
        _sketch = FusionSketch<Unnoted>.Begin(n);
        _blocks = new UnionFind(n);
        _pairs = new QubitPairs(n);
        _place = new long[n];
        (_trajectory, _bonds, _bondWork) = (new byte[circuit.Operations.Length], new byte[circuit.Operations.Length], new float[circuit.Operations.Length]);
        for (var k = 0; k < _weights.Length; k++)
        {
            _weights[k] = Weight((k & 1) != 0, k / 2 % 3, k / 6);
        }

        Mix((ulong)n);
        Walk();
    }

    public int Depth => (int)(_last >> 32);

    public int GateCount { get; private set; }

    public CircuitFeatures Features()
    {
        var backward = new BackwardPass(_circuit, _firstMeasurement, _firstReset, _dynamic, GateCount, _onNoQubit);
        int n = _circuit.NumQubits, depth = Depth;
        var (pairs, dimension) = (_twoQubit, _sparse.Dimension);
        var amounts = _sparse.Amounts;
        var (blocks, largest) = _blocks.Count();

        // Of a generator that nothing is known of three in four Pauli matrices are not the identity.
        var weight = _randomness.IsExact ? _randomness.MeanWeight() : 0.75 * n;
        var (random, support) = _randomness.IsExact ? _randomness.Finish() : (Math.Min(n, dimension) + backward.MidCircuitMeasurements + _randomResets, n);
        return new CircuitFeatures
        {
            Supermarq = new SupermarqFeatures(
                n < 2 ? 0 : 2.0 * _pairs.Count / ((double)n * (n - 1)),
                pairs == 0 ? 0 : (double)(uint)_last / pairs,
                GateCount == 0 ? 0 : (double)pairs / GateCount,
                n < 2 || depth == 0 ? 0 : Math.Clamp(((double)GateCount / depth - 1) / (n - 1), 0, 1),
                n == 0 || depth == 0 ? 0 : (double)_live / ((double)n * depth),
                depth == 0 ? 0 : Math.Min(1, (double)(backward.MidCircuitMeasurements + _resets) / depth)),
            OneQubitGateCount = GateCount - _twoQubit - _multiQubit,
            TwoQubitGateCount = _twoQubit,
            MultiQubitGateCount = _multiQubit,
            CliffordCount = _clifford,
            TCount = _tCount,
            CliffordPrefixLength = _prefix < 0 ? GateCount : _prefix,
            DiagonalCount = _diagonal,
            MonomialCount = _monomial,
            OutcomeBits = _measurements > 0 ? _circuit.NumClbits : _circuit.NumQubits,
            MeasurementCount = _measurements,
            MidCircuitMeasurementCount = backward.MidCircuitMeasurements,
            ResetCount = _resets,
            IsDynamic = _dynamic,
            DenseWork = Math.Min(_denseWork, double.MaxValue),
            FusedWork = _sketch?.Finish() ?? [],
            FusedGateCount = _groups,
            PeakSupportLog2 = _peakSupport,
            PeakEntriesLog2 = _sparse.PeakEntriesLog2,
            SureSupportLog2 = _sparse.SureSupportLog2,
            FinalSupportLog2 = Math.Min(support, dimension),
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
            ChainWork = _bond.Sketch?.Finish(Math.Min(support, dimension), ChainLimit()) ?? [],
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
            StructuralHash = _hash,
        };
    }

    // The work after which a chain is surely ten times slower than a tableau that runs it all.
    private double ChainLimit() => _clifford == GateCount ? Math.Max(LeastChainLimit, ChainWorkPerWord * GateCount * (_circuit.NumQubits / 64.0)) : double.PositiveInfinity;

    private void Walk()
    {
        var operations = _circuit.Operations;
        var nesting = 0;
        double bondWork = 0;
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var op = ref operations[i];
            var qubits = _circuit.QubitsOf(op);
            MixOperation(op, qubits);
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary:
                    _dynamic |= op.HasDynamicParameters;
                    Gate(i, op, qubits, nesting > 0);
                    break;
                case OperationKind.Measure:
                    _firstMeasurement = _measurements++ == 0 ? i : _firstMeasurement;
                    _sketch?.Flush();
                    Mix((ulong)op.Argument);
                    _sparse.Measure();
                    _bond.Project(qubits[0], false, nesting > 0);
                    _randomness.Measure(qubits[0], nesting > 0);
                    Place(qubits);
                    break;
                case OperationKind.Reset:
                    _firstReset = _resets++ == 0 ? i : _firstReset;
                    _randomResets += nesting > 0 || !_sparse.IsKnown(qubits[0]) ? 1 : 0;
                    _sketch?.Flush();
                    _sparse.Reset(qubits[0], nesting > 0);
                    _bond.Project(qubits[0], true, nesting > 0);
                    _randomness.Reset(qubits[0], nesting > 0);
                    Place(qubits);
                    break;
                case OperationKind.Barrier:
                    break;
                default:
                    _dynamic = true;
                    _sparse.BeginPart();
                    _sketch?.Flush();
                    nesting += op.Kind is OperationKind.If or OperationKind.While ? 1 : op.Kind is OperationKind.EndIf or OperationKind.EndWhile ? -1 : 0;
                    _loops += op.Kind == OperationKind.While ? 1 : op.Kind == OperationKind.EndWhile ? -1 : 0;
                    Mix((ulong)op.Argument);
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
        var targets = op.QubitCount - op.ControlCount;
        GateCount++;
        _twoQubit += op.QubitCount == 2 ? 1 : 0;
        _multiQubit += op.QubitCount > 2 ? 1 : 0;

        // Counted without branches on which gate it is: that is hard to foresee.
        var facts = op.Kind == OperationKind.Gate ? Facts[op.GateIndex] : OfUnitary;
        var structure = facts.Structure;
        _diagonal += structure == GateStructure.Diagonal ? 1 : 0;
        _monomial += structure == GateStructure.Monomial ? 1 : 0;
        var isClifford = CliffordCheck.IsClifford(_circuit, op);
        _randomness.Apply(_circuit, op, isClifford, uncertain);
        _sketch?.Apply(_circuit, op, qubits);
        _clifford += isClifford ? 1 : 0;
        _prefix = isClifford || _prefix >= 0 ? _prefix : GateCount - 1;
        if (!isClifford && (facts.IsT || facts.MayBeT))
        {
            _tCount += IsT(op, facts) ? 1 : 0;
        }

        _denseWork += op.ControlCount <= 1 && targets <= 2 ? _weights[(6 * op.ControlCount) + (2 * targets) + (structure == GateStructure.Diagonal ? 1 : 0)] : Weight(structure == GateStructure.Diagonal, targets, op.ControlCount);
        var step = new SketchedStep(structure, isClifford, uncertain, _loops > 0, _tCount > 0);
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
            if (_prefix < 0 && _sparse.IsSettled && !_bond.IsGivenUp)
            {
                _bond.MayGiveUp();
            }
        }

        Place(op, qubits);
    }

    private static LoneChange ChangeTo(LoneValue value) => value == LoneValue.Zero ? LoneChange.BecomesZero : value == LoneValue.One ? LoneChange.BecomesOne : LoneChange.Lone;

    // The qubits that a gate joins, its layer and its group.
    private void Place(in Operation op, ReadOnlySpan<int> qubits)
    {
        if (op.QubitCount > 1)
        {
            for (var i = 1; i < qubits.Length; i++)
            {
                _blocks.Join(qubits[0], qubits[i]);
                _pairs.Add(qubits[i - 1], qubits[i]);
            }
        }
        else if (op.QubitCount == 1)
        {
            _blocks.Touch(qubits[0]);
        }

        Place(qubits);
        if (_circuit.NumQubits <= 64)
        {
            Fuse(qubits);
        }
        else
        {
            FuseWide(qubits);
        }
    }

    // What a gate adds to the dense work.
    private double Weight(bool isDiagonal, int targets, int controls) => PowersOfTwo.Of(isDiagonal ? -1 : Math.Max(1, targets) - 1) * PowersOfTwo.Of(_circuit.NumQubits - controls);

    // Of gates that are not Clifford gates.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsT(in Operation op, in GateFacts facts)
    {
        if (op.ControlCount > 0 || op.HasDynamicParameters)
        {
            return false;
        }

        if (facts.IsT)
        {
            return true;
        }

        var eighths = _circuit.ParametersOf(op)[0] / (Math.PI / 4);
        return Math.Abs(eighths - Math.Round(eighths)) < 1e-12 * Math.Max(1, Math.Abs(eighths)) && ((long)Math.Round(eighths) & 1) != 0;
    }

    // The operation goes into the first layer behind those of its qubits. A place is the layer, and below it the pairs on the longest path there.
    private void Place(ReadOnlySpan<int> qubits)
    {
        if (qubits.Length is 1 or 2)
        {
            // One qubit twice is one qubit.
            ref long first = ref _place[qubits[0]], second = ref _place[qubits[^1]];
            first = second = Math.Max(first, second) + (1L << 32) + (qubits.Length - 1);
            _live += qubits.Length;
            _last = Math.Max(_last, first);
            return;
        }

        if (qubits.Length == 0)
        {
            _onNoQubit++;
            return;
        }

        long place = 0;
        foreach (var q in qubits)
        {
            place = Math.Max(place, _place[q]);
        }

        place += 1L << 32;
        foreach (var q in qubits)
        {
            _place[q] = place;
        }

        _live += qubits.Length;
        _last = Math.Max(_last, place);
    }

    // Counts groups of consecutive gates that fit on four qubits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fuse(ReadOnlySpan<int> qubits)
    {
        var mask = qubits.Length == 0 ? 0 : (1UL << qubits[0]) | (1UL << qubits[^1]);
        for (var i = 1; i < qubits.Length - 1; i++)
        {
            mask |= 1UL << qubits[i];
        }

        // Without a branch: whether a gate fits is hard to foresee.
        var joined = _groupMask | mask;
        var fits = (_groupMask != 0 & BitOperations.PopCount(joined) <= MostFused) | mask == 0;
        _groups += fits ? 0 : 1;
        _groupMask = fits ? joined : mask;
    }

    // The same for any number of qubits. In free places of the group there is none.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FuseWide(ReadOnlySpan<int> qubits)
    {
        var group = Vector128.LoadUnsafe(ref _group[0]);
        var size = _groupSize;
        foreach (var q in qubits)
        {
            if (Vector128.EqualsAny(group, Vector128.Create(q)))
            {
                continue;
            }

            if (size == MostFused)
            {
                _groups++;
                _groupSize = Math.Min(qubits.Length, MostFused);
                _group.AsSpan().Fill(-1);
                qubits[.._groupSize].CopyTo(_group);
                return;
            }

            _group[size++] = q;
        }

        _groups += _groupSize == 0 && size > 0 ? 1 : 0;
        _groupSize = size;
    }

    // Kind, gate, number of controls and the first two qubits, of 20 bits each, make one word.
    private void MixOperation(in Operation op, ReadOnlySpan<int> qubits)
    {
        var word = ((ulong)op.Kind << 60) | ((ulong)op.GateIndex << 51) | ((ulong)op.ControlCount << 40);
        Mix(word ^ (qubits.Length > 0 ? (ulong)(uint)qubits[0] << 20 : 0) ^ (qubits.Length > 1 ? (uint)qubits[1] : 0));
        for (var i = 2; i < qubits.Length; i++)
        {
            Mix((uint)qubits[i]);
        }
    }

    private void Mix(ulong value)
    {
        _hash ^= value;
        _hash *= 0x9E3779B97F4A7C15;
        _hash ^= _hash >> 29;
    }

    // What counts need to know of a gate of the catalogue.
    private readonly record struct GateFacts(GateStructure Structure, bool IsT, bool MayBeT)
    {
        public static GateFacts Of(GateDefinition gate) =>
            new(gate.Structure, gate == GateCatalog.T || gate == GateCatalog.Tdg, gate == GateCatalog.P || gate == GateCatalog.RZ);
    }
}

using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// About what a matrix product state would do, without a matrix: gates in a row on a pair are one, bonds grow with each and are taken down to what is typical when they get too
/// large, and gates that need room wait for it. The gates are kept until the end, when it is known in which order the qubits stand well. What is counted are the <see cref="ChainAmounts"/>.
/// </summary>
internal sealed class ChainSketch
{
    /// <summary>On more qubits no engine keeps a matrix product state.</summary>
    public const int MostQubits = 1000;

    // Gates that are kept; the others count as those.
    private const int MostGates = 4096;

    // What it takes: in any case, for each qubit, for each gate.
    private const double SetUp = 4e-6, PerQubit = 4e-7, PerGate = 3e-8;

    // Places of wires that are kept for the next sketch.
    private const int MostKeptWires = 16384;

    // A profile has only one at a time.
    [ThreadStatic]
    private static ChainSketch? _latest;

    private readonly SketchedQueue _queue = new();
    private readonly SketchedOrder _order = new();
    private int[] _wire = [];
    private int[] _partner = [];
    private Block[] _blocks = [];

    // The Pauli matrices that gates on one qubit kept since the latest gate on several.
    private byte[] _kept = [];
    private SketchedGate[] _gates = new SketchedGate[64];
    private int[] _wires = [];
    private bool[] _stays = [];
    private int _numQubits;
    private int _count;
    private int _ends;
    private int _meetings;
    private int _places;
    private int _left;
    private int _seen;
    private int _support;
    private bool _isPath;
    private object? _leftFor;
    private int _outcomesLog2;
    private double _enough;

    private ChainSketch()
    {
    }

    private struct Block
    {
        public byte Bits;
        public sbyte Typical;
        public float Strength;
        public bool IsIdle;
        public bool IsPauli;
        public PauliRuns.Axis Axis;
        public byte Kept;
    }

    /// <summary>Begins a sketch; ended by <see cref="Finish"/> on the same thread. Null where there are too many qubits.</summary>
    public static ChainSketch? Begin(int numQubits)
    {
        if (numQubits > MostQubits)
        {
            return null;
        }

        var sketch = _latest ?? new ChainSketch();
        _latest = null;
        sketch.Clear(numQubits);
        return sketch;
    }

    /// <summary>The seconds that going on with one that was left takes, about.</summary>
    public static double Seconds(CircuitProfile profile) => SetUp + (PerQubit * profile.NumQubits) + (PerGate * profile.GateCount);

    /// <summary>The counts of the sketch that this thread left last, if it was left for that; null if it is gone.</summary>
    public static double[]? Resume(object leftFor) => _latest is { } sketch && ReferenceEquals(sketch._leftFor, leftFor) ? sketch.Finish(sketch._outcomesLog2, sketch._enough) : null;

    /// <summary>Whether it may be left as it is: the next one on the thread takes its place.</summary>
    public bool CanWait => _wires.Length <= MostKeptWires;

    /// <summary>Leaves it as it is.</summary>
    /// <param name="leftFor">What it is asked for by.</param>
    /// <param name="supportLog2">As in <see cref="Finish"/>.</param>
    /// <param name="enough">As in <see cref="Finish"/>.</param>
    public void Leave(object leftFor, int supportLog2, double enough)
    {
        (_leftFor, _outcomesLog2, _enough) = (leftFor, supportLog2, enough);
        _latest = this;
    }

    /// <summary>The gates that are kept so far.</summary>
    public int Count => _count;

    /// <summary>Takes in a gate on several qubits of which nothing is known but that it is like those before it.</summary>
    public void Skip(int qubits)
    {
        _left++;
        _ends += qubits;
        _meetings += 2;
    }

    /// <summary>Takes in a gate on one qubit.</summary>
    public void Turn(in Operation op, int qubit) => _kept[_wire[qubit]] &= PauliRuns.Kept(op);

    /// <summary>Takes in a gate on several.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The gate.</param>
    /// <param name="known">What is known of what it entangles.</param>
    /// <param name="supportLog2">The base-2 logarithm of the bound on non-zero amplitudes then.</param>
    public void Join(Circuit circuit, in Operation op, GateEntanglement known, int supportLog2)
    {
        var qubits = circuit.QubitsOf(op);
        _support = supportLog2;
        if (_count == MostGates)
        {
            Skip(qubits.Length);
            return;
        }

        _seen++;

        if (qubits.Length > 2)
        {
            Several(op, qubits, known);
            return;
        }

        int a = _wire[qubits[0]], b = _wire[qubits[1]];
        var isGate = op.Kind == OperationKind.Gate;
        if (isGate && op.ControlCount == 0 && op.GateIndex == GateCatalog.Swap.Index)
        {
            // What waits stays where it is.
            (_wire[qubits[0]], _wire[qubits[1]]) = (b, a);
            return;
        }

        // Across a cut what one Pauli matrix on each qubit makes is worth a bit, as what is controlled is.
        var axes = PauliRuns.Of(op);
        var bits = op.ControlCount > 0 || axes.First != PauliRuns.Axis.None ? 1 : 2;
        var isPauli = isGate && op.ControlCount == 1 && PauliRuns.IsPauli(op.GateIndex);
        var typical = known.ActingCount == 2 ? known.Typical : 0;
        var isIdle = known.ActingCount < 2 || known.IsIdle;
        var strength = known.ActingCount == 2 ? (float)known.Strength : 0;
        if (_partner[a] != b)
        {
            Flush(a);
            Flush(b);
            (_partner[a], _partner[b]) = (b, a);
            var begun = new Block { Bits = (byte)bits, Typical = (sbyte)typical, Strength = strength, IsIdle = isIdle, IsPauli = isPauli };
            _blocks[a] = begun with { Axis = axes.First, Kept = _kept[a] };
            _blocks[b] = begun with { Axis = axes.Second, Kept = _kept[b] };
        }
        else
        {
            // Two of the same kind with a rotation between them make one of rank two, without one none.
            ref Block first = ref _blocks[a], second = ref _blocks[b];
            typical += first.Typical;
            var isUndone = isPauli && first.IsPauli;
            bits = !isUndone ? Math.Min(2, first.Bits + bits) : isIdle && known.ActingCount == 2 ? 0 : 1;
            first.Bits = second.Bits = (byte)bits;
            first.Typical = second.Typical = (sbyte)Math.Clamp(typical, -16, 16);
            first.Strength = second.Strength = isUndone ? strength : Math.Min(1, first.Strength + strength);
            first.IsIdle = second.IsIdle = known.Parts || (isIdle && (isUndone || first.IsIdle));
            first.IsPauli = second.IsPauli = false;
            (first.Axis, second.Axis) = (Same(first.Axis, axes.First, _kept[a]), Same(second.Axis, axes.Second, _kept[b]));
            if (isUndone && first.Axis != PauliRuns.Axis.None && second.Axis == PauliRuns.Axis.None)
            {
                // As CX, a rotation of the target about Z, CX: one about the Z of both.
                second.Axis = PauliRuns.Only(_kept[b]);
            }
            else if (isUndone && second.Axis != PauliRuns.Axis.None && first.Axis == PauliRuns.Axis.None)
            {
                first.Axis = PauliRuns.Only(_kept[a]);
            }
        }

        _kept[a] = _kept[b] = PauliRuns.All;
    }

    /// <summary>A qubit is measured or reset.</summary>
    public void Project(int qubit)
    {
        Flush(_wire[qubit]);
        _kept[_wire[qubit]] = 0;
    }

    /// <summary>The counts.</summary>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    /// <param name="enough">The work beyond which a chain is of no use: what is left is reckoned to be like what was walked through.</param>
    public double[] Finish(int supportLog2, double enough = double.PositiveInfinity)
    {
        _leftFor = null;
        for (var q = 0; q < _numQubits; q++)
        {
            Flush(q);
        }

        var gates = _gates.AsSpan(0, _count);
        var walked = _queue.Run(_numQubits, gates, _wires, _stays, _order.Choose(_numQubits, gates, _wires.AsSpan(0, _places), _ends, _meetings, _isPath), enough);
        var amounts = _queue.Finish(supportLog2, _kept.AsSpan(0, _numQubits));
        if (walked < _count || _left > 0)
        {
            // Those that were left out would have become as many as those before them.
            var all = _count * (1 + ((double)_left / _seen));
            for (var k = 0; k < amounts.Length; k++)
            {
                amounts[k] *= all / walked;
            }
        }

        if (CanWait)
        {
            _latest = this;
        }

        return amounts;
    }

    private void Clear(int numQubits)
    {
        if (_wire.Length < numQubits)
        {
            (_wire, _partner, _blocks, _kept) = (new int[numQubits], new int[numQubits], new Block[numQubits], new byte[numQubits]);
        }

        _leftFor = null;
        (_numQubits, _count, _ends, _meetings, _places, _left, _seen, _support, _isPath) = (numQubits, 0, 0, 0, 0, 0, 0, 0, true);
        _partner.AsSpan(0, numQubits).Fill(-1);
        _kept.AsSpan(0, numQubits).Fill(PauliRuns.All);
        for (var q = 0; q < numQubits; q++)
        {
            _wire[q] = q;
        }
    }

    private void Several(in Operation op, ReadOnlySpan<int> qubits, GateEntanglement known)
    {
        // Swaps under one control are a sum over its values: under one nothing is done, under the other places are exchanged.
        var isSwap = op.Kind == OperationKind.Gate && op.ControlCount == 1 && op.GateIndex == GateCatalog.Swap.Index;
        var onControl = isSwap ? new OnWire(PauliRuns.Axis.Z, _kept[_wire[qubits[0]]], PauliRuns.All) : default;
        while (_places + qubits.Length > _wires.Length)
        {
            Array.Resize(ref _wires, Math.Max(64, 2 * _wires.Length));
            Array.Resize(ref _stays, _wires.Length);
        }

        var isDiagonal = op.Kind == OperationKind.Gate && op.QubitCount - op.ControlCount <= 1 && PauliRuns.IsDiagonal(op.GateIndex);
        for (var k = 0; k < qubits.Length; k++)
        {
            ref var kept = ref _kept[_wire[qubits[k]]];
            Flush(_wire[qubits[k]]);
            _stays[_places + k] = OnWire.KeepsOne(kept) && (k < op.ControlCount || isDiagonal);
            kept = PauliRuns.All;
        }

        var factor = op.QubitCount - op.ControlCount <= 1 ? 2 : 4;
        for (var k = 0; k < qubits.Length; k++)
        {
            _wires[_places + k] = _wire[qubits[k]];
            _isPath &= k == 0 || Math.Abs(_wires[_places + k] - _wires[_places + k - 1]) == 1;
        }

        Next() = new SketchedGate(_places, op.ControlCount, (short)qubits.Length, (byte)factor, (byte)Math.Min(_support, byte.MaxValue), (sbyte)(known.ActingCount < 2 ? 0 : GateEntanglement.Unit * (factor >> 1)), 1, known.ActingCount < 2, onControl, default);
        _places += qubits.Length;
        _ends += qubits.Length;
        _meetings += qubits.Length > 3 ? 0 : 2;
    }

    private void Flush(int wire)
    {
        var other = _partner[wire];
        if (other < 0)
        {
            return;
        }

        _partner[wire] = _partner[other] = -1;
        _isPath &= Math.Abs(wire - other) == 1;
        _ends += 2;
        _meetings += 2;
        ref readonly Block first = ref _blocks[wire], second = ref _blocks[other];
        var typical = Math.Min(first.Typical, GateEntanglement.Unit * first.Bits);
        Next() = new SketchedGate(
            wire, other, 2, (byte)(1 << first.Bits), (byte)Math.Min(_support, byte.MaxValue), (sbyte)typical, first.Strength, first.IsIdle,
            new OnWire(first.Axis, first.Kept, _kept[wire]), new OnWire(second.Axis, second.Kept, _kept[other]));
    }

    private static PauliRuns.Axis Same(PauliRuns.Axis before, PauliRuns.Axis now, int kept) => before == now && (kept >> (int)now & 1) != 0 ? now : PauliRuns.Axis.None;

    private ref SketchedGate Next()
    {
        if (_count == _gates.Length)
        {
            Array.Resize(ref _gates, 2 * _count);
        }

        return ref _gates[_count++];
    }
}

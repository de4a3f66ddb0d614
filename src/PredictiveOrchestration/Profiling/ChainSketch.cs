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

    private static readonly double[] Powers = [.. Enumerable.Range(0, 33).Select(i => Math.Pow(2, (i - 16) / (double)GateEntanglement.Unit))];
    private readonly int[] _wire;
    private readonly int[] _partner;
    private readonly Block[] _blocks;

    // The Pauli matrices that gates on one qubit kept since the latest gate on several.
    private readonly byte[] _kept;
    private SketchedGate[] _gates = new SketchedGate[32];
    private int[] _wires = new int[64];
    private int _count;
    private int _ends;
    private int _left;
    private int _support;

    private ChainSketch(int numQubits)
    {
        (_wire, _partner, _blocks, _kept) = (new int[numQubits], new int[numQubits], new Block[numQubits], new byte[numQubits]);
        for (var q = 0; q < numQubits; q++)
        {
            (_wire[q], _partner[q]) = (q, -1);
        }
    }

    private struct Block
    {
        public byte Bits;
        public sbyte Typical;
        public bool IsPauli;
        public PauliRuns.Axis Axis;
        public byte Kept;
    }

    /// <summary>Begins a sketch; null where there are too many qubits.</summary>
    public static ChainSketch? Begin(int numQubits) => numQubits <= MostQubits ? new ChainSketch(numQubits) : null;

    /// <summary>Takes in a gate.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The gate.</param>
    /// <param name="known">What is known of what it entangles.</param>
    /// <param name="supportLog2">The base-2 logarithm of the bound on non-zero amplitudes then.</param>
    public void Apply(Circuit circuit, in Operation op, GateEntanglement known, int supportLog2)
    {
        var gate = op.Kind == OperationKind.Gate ? circuit.GateOf(op) : null;
        if (op.QubitCount < 2)
        {
            if (op.QubitCount == 1)
            {
                _kept[_wire[circuit.QubitsOf(op)[0]]] &= PauliRuns.Kept(gate);
            }

            return;
        }

        _support = supportLog2;
        if (_count == MostGates)
        {
            _left++;
            return;
        }

        var qubits = circuit.QubitsOf(op);
        if (qubits.Length > 2)
        {
            Several(op, qubits, known);
            return;
        }

        int a = _wire[qubits[0]], b = _wire[qubits[1]];
        if (gate == GateCatalog.Swap && op.ControlCount == 0)
        {
            // What waits stays where it is.
            (_wire[qubits[0]], _wire[qubits[1]]) = (b, a);
            return;
        }

        var bits = op.ControlCount > 0 || gate == GateCatalog.RZZ || gate == GateCatalog.RXX || gate == GateCatalog.RYY || gate == GateCatalog.RZX ? 1 : 2;
        var isPauli = op.ControlCount == 1 && (gate == GateCatalog.X || gate == GateCatalog.Y || gate == GateCatalog.Z);
        var typical = known.ActingCount == 2 ? known.Typical : 0;
        var axes = PauliRuns.Of(op, gate);
        if (_partner[a] != b)
        {
            Flush(a);
            Flush(b);
            (_partner[a], _partner[b]) = (b, a);
            var begun = new Block { Bits = (byte)bits, Typical = (sbyte)typical, IsPauli = isPauli };
            _blocks[a] = begun with { Axis = axes.First, Kept = _kept[a] };
            _blocks[b] = begun with { Axis = axes.Second, Kept = _kept[b] };
        }
        else
        {
            // Two of the same kind with a rotation between them make one of rank two, without one none.
            ref Block first = ref _blocks[a], second = ref _blocks[b];
            typical += first.Typical;
            bits = !isPauli || !first.IsPauli ? Math.Min(2, first.Bits + bits) : typical <= 0 && known.ActingCount == 2 ? 0 : 1;
            first.Bits = second.Bits = (byte)bits;
            first.Typical = second.Typical = (sbyte)Math.Clamp(typical, -16, 16);
            first.IsPauli = second.IsPauli = false;
            first.Axis = Same(first.Axis, axes.First, _kept[a]);
            second.Axis = Same(second.Axis, axes.Second, _kept[b]);
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
    public double[] Finish(int supportLog2)
    {
        for (var q = 0; q < _wire.Length; q++)
        {
            Flush(q);
        }

        var gates = _gates.AsSpan(0, _count);
        var queue = new SketchedQueue(_wire.Length);
        var wires = _wires.AsSpan(0, _ends);
        var walked = queue.Run(gates, wires, SketchedOrder.Choose(_wire.Length, gates, wires));
        var amounts = queue.Finish(supportLog2);
        if (walked < _count + _left)
        {
            for (var k = 0; k < amounts.Length; k++)
            {
                amounts[k] *= (double)(_count + _left) / walked;
            }
        }

        return amounts;
    }

    private void Several(in Operation op, ReadOnlySpan<int> qubits, GateEntanglement known)
    {
        foreach (var q in qubits)
        {
            Flush(_wire[q]);
            _kept[_wire[q]] = 0;
        }

        var factor = op.QubitCount - op.ControlCount <= 1 ? 2 : 4;
        Add(qubits.Length, factor, known.ActingCount < 2 ? 1 : factor, default, default);
        for (var k = 0; k < qubits.Length; k++)
        {
            _wires[_ends - qubits.Length + k] = _wire[qubits[k]];
        }
    }

    private void Flush(int wire)
    {
        var other = _partner[wire];
        if (other < 0)
        {
            return;
        }

        _partner[wire] = _partner[other] = -1;
        var block = _blocks[wire];
        Add(2, 1 << block.Bits, Powers[16 + Math.Min(block.Typical, GateEntanglement.Unit * block.Bits)], block, _blocks[other]);
        (_wires[_ends - 2], _wires[_ends - 1]) = (wire, other);
    }

    private static PauliRuns.Axis Same(PauliRuns.Axis before, PauliRuns.Axis now, int kept) => before == now && (kept >> (int)now & 1) != 0 ? now : PauliRuns.Axis.None;

    private void Add(int wires, int factor, double need, in Block first, in Block second)
    {
        if (_count == _gates.Length)
        {
            Array.Resize(ref _gates, 2 * _count);
        }

        while (_ends + wires > _wires.Length)
        {
            Array.Resize(ref _wires, 2 * _wires.Length);
        }

        _gates[_count++] = new SketchedGate(_ends, (short)Math.Min(wires, short.MaxValue), (byte)factor, (byte)Math.Min(_support, byte.MaxValue), need)
        {
            OnFirst = (first.Axis, first.Kept), OnSecond = (second.Axis, second.Kept),
        };
        _ends += wires;
    }
}

/// <summary>A gate as it meets a chain.</summary>
/// <param name="First">The place of its first wire.</param>
/// <param name="Wires">How many it has.</param>
/// <param name="Factor">What bonds that it spans grow by.</param>
/// <param name="SupportLog2">The base-2 logarithm of what the state needs at most.</param>
/// <param name="Need">What the state needs more of them, typically.</param>
internal readonly record struct SketchedGate(int First, short Wires, byte Factor, byte SupportLog2, double Need)
{
    /// <summary>Of a gate on two wires: the Pauli matrix in it on the first wire, and those that were kept before it, a bit for each.</summary>
    public (PauliRuns.Axis Axis, byte Kept) OnFirst { get; init; }

    /// <summary>On the second wire.</summary>
    public (PauliRuns.Axis Axis, byte Kept) OnSecond { get; init; }
}

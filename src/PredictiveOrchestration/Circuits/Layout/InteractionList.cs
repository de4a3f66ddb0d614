using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Circuits.Layout;

/// <summary>One gate, or several on the same pair in a row, that joins wires.</summary>
/// <param name="Start">Where its wires begin in the list of wires.</param>
/// <param name="Count">How many wires, two or more.</param>
/// <param name="IsGeneral">Whether its operator-Schmidt rank between l wires and the others may be 4^l; otherwise it is at most 2 across any cut.</param>
/// <param name="IsDiagonal">Whether it is diagonal.</param>
internal readonly record struct Interaction(int Start, int Count, bool IsGeneral, bool IsDiagonal)
{
    /// <summary>The base-2 logarithm of the rank between <paramref name="left"/> of the wires and the others.</summary>
    public int GrowthLog2(int left) => IsGeneral ? 2 * Math.Min(left, Count - left) : 1;
}

/// <summary>
/// What joins the wires of a circuit, in the order of time. A wire is a qubit, unless swaps are taken as an exchange of names: then a
/// wire carries another qubit after a swap, and the swap joins nothing.
/// </summary>
internal sealed class InteractionList
{
    private readonly List<Interaction> _items = [];
    private readonly List<int> _wires = [];

    /// <summary>Reads a circuit; both branches of a condition and one round of a loop count.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="relabelSwaps">Whether swaps exchange names.</param>
    /// <param name="check">Called now and then: throws where the caller wants no more of it.</param>
    public InteractionList(Circuit circuit, bool relabelSwaps, Action? check = null)
    {
        NumWires = circuit.NumQubits;
        var wireOf = new int[NumWires];
        var last = new int[NumWires];
        for (var q = 0; q < NumWires; q++)
        {
            (wireOf[q], last[q]) = (q, -1);
        }

        var read = 0;
        foreach (ref readonly var op in circuit.Operations)
        {
            var isGate = op.Kind == OperationKind.Gate;
            if ((++read & 0xFFFF) == 0)
            {
                check?.Invoke();
            }

            Gates += isGate || op.Kind == OperationKind.Unitary ? 1 : 0;
            if (op.QubitCount < 2 || (!isGate && op.Kind != OperationKind.Unitary))
            {
                continue;
            }

            var qubits = circuit.QubitsOf(op);
            var isSwap = isGate && op.ControlCount == 0 && circuit.GateOf(op) == GateCatalog.Swap;
            HasSwaps |= isSwap;
            if (isSwap && relabelSwaps)
            {
                (wireOf[qubits[0]], wireOf[qubits[1]]) = (wireOf[qubits[1]], wireOf[qubits[0]]);
                continue;
            }

            var (isGeneral, isDiagonal) = Kind(circuit, op, isGate);
            if (qubits.Length == 2)
            {
                AddPair(wireOf[qubits[0]], wireOf[qubits[1]], isGeneral, isDiagonal, last);
                continue;
            }

            foreach (var q in qubits)
            {
                last[wireOf[q]] = _items.Count;
                _wires.Add(wireOf[q]);
            }

            _items.Add(new Interaction(_wires.Count - qubits.Length, qubits.Length, isGeneral, isDiagonal));
        }
    }

    /// <summary>The number of wires.</summary>
    public int NumWires { get; }

    /// <summary>The gates and unitaries of the circuit, those on one qubit included.</summary>
    public int Gates { get; }

    /// <summary>Whether there are swaps, taken either way.</summary>
    public bool HasSwaps { get; }

    /// <summary>The interactions.</summary>
    public ReadOnlySpan<Interaction> Items => CollectionsMarshal.AsSpan(_items);

    /// <summary>The wires of an interaction.</summary>
    public ReadOnlySpan<int> WiresOf(in Interaction interaction) => CollectionsMarshal.AsSpan(_wires).Slice(interaction.Start, interaction.Count);

    // Gates on a pair that nothing else came between are one: diagonal ones have rank 2 together, others up to 4.
    private void AddPair(int a, int b, bool isGeneral, bool isDiagonal, int[] last)
    {
        if (last[a] >= 0 && last[a] == last[b] && _items[last[a]].Count == 2)
        {
            var before = _items[last[a]];
            var both = before.IsDiagonal && isDiagonal;
            _items[last[a]] = before with { IsGeneral = !both, IsDiagonal = both };
            return;
        }

        last[a] = last[b] = _items.Count;
        _items.Add(new Interaction(_wires.Count, 2, isGeneral, isDiagonal));
        _wires.Add(a);
        _wires.Add(b);
    }

    private static (bool IsGeneral, bool IsDiagonal) Kind(Circuit circuit, in Operation op, bool isGate)
    {
        if (!isGate)
        {
            return (op.QubitCount - op.ControlCount > 1, false);
        }

        var gate = circuit.GateOf(op);
        var isDiagonal = gate.Structure == GateStructure.Diagonal;
        var isRotation = gate == GateCatalog.RXX || gate == GateCatalog.RYY || gate == GateCatalog.RZZ || gate == GateCatalog.RZX;
        return (gate.NumQubits > 1 && !(isRotation && op.ControlCount == 0), isDiagonal);
    }
}

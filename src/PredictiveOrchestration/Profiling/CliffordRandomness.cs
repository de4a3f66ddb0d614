using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// How many results of measurements are random where all gates are Clifford gates: exactly, from the stabilizer generators without their signs (Aaronson, Gottesman,
/// arXiv:quant-ph/0406196). Of measurements that can wait the joint outcomes number two to the rank of the generators' X parts on the measured qubits. For each qubit there
/// is one bit for each generator that has an X, and one for each that has a Z there.
/// </summary>
internal sealed class CliffordRandomness
{
    private const int MostQubits = 512;
    private readonly int _words;
    private readonly ulong[] _x, _z;
    private readonly bool[] _waits;
    private int _results;
    private bool _isMeasured;

    public CliffordRandomness(int numQubits)
    {
        IsExact = numQubits <= MostQubits;
        _words = IsExact ? (numQubits + 63) / 64 : 0;
        (_x, _z, _waits) = (new ulong[numQubits * _words], new ulong[numQubits * _words], new bool[numQubits]);
        for (var q = 0; q < numQubits && IsExact; q++)
        {
            Z(q)[q >> 6] = 1UL << q;
        }
    }

    /// <summary>Whether everything so far could be followed.</summary>
    public bool IsExact { get; private set; }

    /// <summary>The random results so far of resets and of measurements whose qubits went on.</summary>
    public int BranchingBits => _results;

    /// <summary>Takes in a gate or unitary.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The operation.</param>
    /// <param name="isClifford">Whether it is a Clifford gate.</param>
    /// <param name="uncertain">Whether it may be left out.</param>
    public void Apply(Circuit circuit, in Operation op, bool isClifford, bool uncertain)
    {
        if (!IsExact)
        {
            return;
        }

        var gate = op.Kind == OperationKind.Gate ? circuit.GateOf(op) : null;
        if (op.ControlCount == 0 && (gate == GateCatalog.X || gate == GateCatalog.Y || gate == GateCatalog.Z || gate == GateCatalog.Id || gate == GateCatalog.GlobalPhase))
        {
            // Signs alone.
            return;
        }

        if (gate is null || !isClifford || uncertain)
        {
            IsExact = false;
            return;
        }

        var qubits = circuit.QubitsOf(op);
        foreach (var q in qubits)
        {
            if (_waits[q])
            {
                Collapse(q);
            }
        }

        IsExact = op.ControlCount == 0 ? Plain(gate, circuit.ParametersOf(op), qubits) : op.ControlCount == 1 && Controlled(gate, qubits);
    }

    /// <summary>Takes in a measurement.</summary>
    public void Measure(int qubit, bool uncertain)
    {
        IsExact &= !uncertain;
        _waits[qubit] = _isMeasured = true;
    }

    /// <summary>Takes in a reset, which measures.</summary>
    public void Reset(int qubit, bool uncertain)
    {
        IsExact &= !uncertain;
        if (IsExact)
        {
            Collapse(qubit);
        }
    }

    /// <summary>The bits of all random results, and the base-2 logarithm of the number of amplitudes before the measurements that wait. Ends the walk.</summary>
    public (int Results, int SupportLog2) Finish()
    {
        // The measured qubits, or all where nothing is measured, and then the others.
        var order = new int[_waits.Length];
        int first = 0, last = order.Length;
        for (var q = 0; q < _waits.Length; q++)
        {
            order[_waits[q] || !_isMeasured ? first++ : --last] = q;
        }

        var (ofMeasured, ofAll) = Rank(order, first);
        return (_results + ofMeasured, ofAll);
    }

    private bool Plain(GateDefinition gate, ReadOnlySpan<double> parameters, ReadOnlySpan<int> qubits)
    {
        if (gate == GateCatalog.H)
        {
            Exchange(X(qubits[0]), Z(qubits[0]));
            return true;
        }

        if (gate == GateCatalog.Swap)
        {
            Exchange(X(qubits[0]), X(qubits[1]));
            Exchange(Z(qubits[0]), Z(qubits[1]));
            return true;
        }

        if (gate == GateCatalog.ISwap || gate == GateCatalog.ISwapDg)
        {
            Turn(qubits, 0b11, 0b00);
            Turn(qubits, 0b11, 0b11);
            return true;
        }

        // A quarter turn about a product of Pauli matrices; two quarter turns are that product itself.
        var (x, z) = gate == GateCatalog.S || gate == GateCatalog.Sdg || gate == GateCatalog.P || gate == GateCatalog.RZ ? (0b0, 0b1)
            : gate == GateCatalog.SX || gate == GateCatalog.SXdg || gate == GateCatalog.RX ? (0b1, 0b0)
            : gate == GateCatalog.RY ? (0b1, 0b1)
            : gate == GateCatalog.RXX ? (0b11, 0b00)
            : gate == GateCatalog.RYY ? (0b11, 0b11)
            : gate == GateCatalog.RZZ ? (0b00, 0b11)
            : gate == GateCatalog.RZX || gate == GateCatalog.Ecr ? (0b10, 0b01)
            : (0, 0);
        if ((x | z) != 0 && (parameters.IsEmpty || ((long)Math.Round(parameters[0] / (Math.PI / 2)) & 1) != 0))
        {
            Turn(qubits, x, z);
        }

        return (x | z) != 0;
    }

    private bool Controlled(GateDefinition gate, ReadOnlySpan<int> qubits)
    {
        var hasX = gate == GateCatalog.X || gate == GateCatalog.Y;
        var hasZ = gate == GateCatalog.Z || gate == GateCatalog.Y;
        if (!hasX && !hasZ)
        {
            return gate == GateCatalog.Id;
        }

        Span<ulong> cx = X(qubits[0]), cz = Z(qubits[0]), tx = X(qubits[1]), tz = Z(qubits[1]);
        for (var w = 0; w < _words; w++)
        {
            // What anticommutes with the target's Pauli matrix takes on a Z of the control; what flips the control takes on that matrix.
            cz[w] ^= (hasX ? tz[w] : 0) ^ (hasZ ? tx[w] : 0);
            tx[w] ^= hasX ? cx[w] : 0;
            tz[w] ^= hasZ ? cx[w] : 0;
        }

        return true;
    }

    // A quarter turn about the product of Pauli matrices with these X and Z parts: generators that anticommute with it are multiplied by it.
    private void Turn(ReadOnlySpan<int> qubits, int x, int z)
    {
        for (var w = 0; w < _words; w++)
        {
            var turned = 0UL;
            for (var i = 0; i < qubits.Length; i++)
            {
                turned ^= ((z >> i & 1) != 0 ? X(qubits[i])[w] : 0) ^ ((x >> i & 1) != 0 ? Z(qubits[i])[w] : 0);
            }

            for (var i = 0; i < qubits.Length; i++)
            {
                X(qubits[i])[w] ^= (x >> i & 1) != 0 ? turned : 0;
                Z(qubits[i])[w] ^= (z >> i & 1) != 0 ? turned : 0;
            }
        }
    }

    private void Collapse(int qubit)
    {
        _waits[qubit] = false;
        var at = First(X(qubit));
        if (at < 0)
        {
            return;
        }

        // One of the generators that anticommute with Z goes into the others, and is replaced by Z.
        _results++;
        Span<ulong> others = stackalloc ulong[_words];
        X(qubit).CopyTo(others);
        var (word, bit) = (at >> 6, 1UL << at);
        others[word] &= ~bit;
        for (var q = 0; q < _waits.Length; q++)
        {
            Spread(X(q), word, bit, others);
            Spread(Z(q), word, bit, others);
        }

        Z(qubit)[word] |= bit;
    }

    // A generator goes into others, and leaves its place.
    private static void Spread(Span<ulong> column, int word, ulong bit, ReadOnlySpan<ulong> others)
    {
        if ((column[word] & bit) != 0)
        {
            Add(column, others);
            column[word] &= ~bit;
        }
    }

    // The rank of the X parts on the first qubits, and on all.
    private (int First, int All) Rank(ReadOnlySpan<int> qubits, int first)
    {
        var columns = new ulong[qubits.Length * _words];
        for (var i = 0; i < qubits.Length; i++)
        {
            X(qubits[i]).CopyTo(columns.AsSpan(i * _words));
        }

        int rank = 0, ofFirst = 0;
        for (var i = 0; i < qubits.Length; i++)
        {
            var column = columns.AsSpan(i * _words, _words);
            var at = First(column);
            if (at < 0)
            {
                continue;
            }

            rank++;
            ofFirst += i < first ? 1 : 0;
            for (var j = i + 1; j < qubits.Length; j++)
            {
                var other = columns.AsSpan(j * _words, _words);
                if ((other[at >> 6] >> at & 1) != 0)
                {
                    Add(other, column);
                }
            }
        }

        return (ofFirst, rank);
    }

    private static int First(ReadOnlySpan<ulong> column)
    {
        for (var w = 0; w < column.Length; w++)
        {
            if (column[w] != 0)
            {
                return (w << 6) + BitOperations.TrailingZeroCount(column[w]);
            }
        }

        return -1;
    }

    private static void Add(Span<ulong> to, ReadOnlySpan<ulong> from)
    {
        for (var w = 0; w < to.Length; w++)
        {
            to[w] ^= from[w];
        }
    }

    private static void Exchange(Span<ulong> a, Span<ulong> b)
    {
        for (var w = 0; w < a.Length; w++)
        {
            (a[w], b[w]) = (b[w], a[w]);
        }
    }

    private Span<ulong> X(int qubit) => _x.AsSpan(qubit * _words, _words);

    private Span<ulong> Z(int qubit) => _z.AsSpan(qubit * _words, _words);
}

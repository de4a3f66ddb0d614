using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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

    // A column is one word, or some vectors.
    private const int Lanes = BitRows.Lanes;
    private static readonly Effect[] Effects = [.. GateCatalog.Table.Select(EffectOf)];

    // Of each gate without controls and with one: what it does to a pair of qubits.
    private static readonly OnPair[] Pairs = [.. GateCatalog.Table.SelectMany(g => new[] { OnPairOf(g, 0), OnPairOf(g, 1) })];
    private readonly int _words;
    private readonly ulong[] _x, _z;
    private readonly bool[] _waits;
    private int _results;
    private bool _isMeasured;

    public CliffordRandomness(int numQubits)
    {
        IsExact = numQubits <= MostQubits;
        _words = !IsExact ? 0 : numQubits <= 64 ? 1 : BitRows.Words(numQubits);
        (_x, _z, _waits) = (new ulong[numQubits * _words], new ulong[numQubits * _words], new bool[numQubits]);
        for (var q = 0; q < numQubits && IsExact; q++)
        {
            Z(q)[q >> 6] = 1UL << q;
        }
    }

    private enum Change : byte
    {
        Unknown,
        SignsAlone,
        Hadamard,
        Swap,
        ISwap,

        // A quarter turn about a product of Pauli matrices; two quarter turns are that product itself.
        Turn,
    }

    [Flags]
    private enum OnPair : byte
    {
        Unknown = 0,
        ByX = 1,
        ByZ = 2,
        Exchanges = 4,
        Known = 8,
    }

    /// <summary>Whether everything so far could be followed.</summary>
    public bool IsExact { get; private set; }

    /// <summary>Takes in a gate or unitary.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The operation.</param>
    /// <param name="isClifford">Whether it is a Clifford gate.</param>
    /// <param name="uncertain">Whether it may be left out.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply(Circuit circuit, in Operation op, bool isClifford, bool uncertain)
    {
        if (IsExact)
        {
            Follow(circuit, op, isClifford, uncertain);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Follow(Circuit circuit, in Operation op, bool isClifford, bool uncertain)
    {
        var effect = op.Kind == OperationKind.Gate ? Effects[op.GateIndex] : default;
        var qubits = circuit.QubitsOf(op);
        if (_words == 1 && op.ControlCount <= 1 && op.Kind == OperationKind.Gate && !uncertain && !_isMeasured)
        {
            if (qubits.Length == 1 && op.ControlCount == 0 && effect.IsFixed)
            {
                Fixed(effect, qubits[0]);
                return;
            }

            if (qubits.Length == 2 && Pairs[(2 * op.GateIndex) + op.ControlCount] is var known && known != OnPair.Unknown)
            {
                Fixed(known, qubits[0], qubits[1]);
                return;
            }
        }

        if (op.ControlCount == 0 && effect.Change == Change.SignsAlone)
        {
            return;
        }

        if (op.Kind != OperationKind.Gate || !isClifford || uncertain)
        {
            IsExact = false;
            return;
        }

        if (_isMeasured)
        {
            foreach (var q in qubits)
            {
                if (_waits[q])
                {
                    Collapse(q);
                }
            }
        }

        IsExact = op.ControlCount == 0 ? Plain(effect, circuit.ParametersOf(op), qubits) : op.ControlCount == 1 && Controlled(circuit.GateOf(op), qubits);
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

    /// <summary>What was found. Ends the walk.</summary>
    public RandomnessOfResults Finish()
    {
        // The measured qubits, or all where nothing is measured, and then the others.
        var order = new int[_waits.Length];
        int first = 0, last = order.Length;
        for (var q = 0; q < _waits.Length; q++)
        {
            order[_waits[q] || !_isMeasured ? first++ : --last] = q;
        }

        var weight = MeanWeight();
        var (ofMeasured, ofAll) = Rank(order, first);
        return new RandomnessOfResults(_results + ofMeasured, _results, ofAll, weight);
    }

    private double MeanWeight()
    {
        var weight = 0L;
        for (var w = 0; w < _x.Length; w++)
        {
            weight += BitOperations.PopCount(_x[w] | _z[w]);
        }

        return weight / Math.Max(1.0, _waits.Length);
    }

    private static Effect EffectOf(GateDefinition gate)
    {
        var (x, z) = gate == GateCatalog.S || gate == GateCatalog.Sdg || gate == GateCatalog.P || gate == GateCatalog.RZ ? (0b0, 0b1)
            : gate == GateCatalog.SX || gate == GateCatalog.SXdg || gate == GateCatalog.RX ? (0b1, 0b0)
            : gate == GateCatalog.RY ? (0b1, 0b1)
            : gate == GateCatalog.RXX ? (0b11, 0b00)
            : gate == GateCatalog.RYY ? (0b11, 0b11)
            : gate == GateCatalog.RZZ ? (0b00, 0b11)
            : gate == GateCatalog.RZX || gate == GateCatalog.Ecr ? (0b10, 0b01)
            : (0, 0);
        var change = (x | z) != 0 ? Change.Turn
            : gate == GateCatalog.X || gate == GateCatalog.Y || gate == GateCatalog.Z || gate == GateCatalog.Id || gate == GateCatalog.GlobalPhase ? Change.SignsAlone
            : gate == GateCatalog.H ? Change.Hadamard
            : gate == GateCatalog.Swap ? Change.Swap
            : gate == GateCatalog.ISwap || gate == GateCatalog.ISwapDg ? Change.ISwap : Change.Unknown;
        var isFixed = gate is { NumQubits: 1, NumParameters: 0 } && change != Change.Unknown;
        var (takesX, takesZ) = change == Change.Hadamard ? (0b10, 0b01) : ((x << 1) | 1, z | 0b10);
        return new Effect(change, (byte)x, (byte)z, isFixed, (byte)takesX, (byte)takesZ);
    }

    // A gate on one qubit without parameters. Without a branch on which one it is, which is hard to foresee.
    private void Fixed(in Effect effect, int qubit)
    {
        ref ulong x = ref _x[qubit], z = ref _z[qubit];
        var (ofX, ofZ) = (x, z);
        x = (ofX & Mask(effect.TakesX)) ^ (ofZ & Mask(effect.TakesX >> 1));
        z = (ofX & Mask(effect.TakesZ)) ^ (ofZ & Mask(effect.TakesZ >> 1));
    }

    private static OnPair OnPairOf(GateDefinition gate, int controls) => (controls, gate) switch
    {
        (0, _) => gate == GateCatalog.Swap ? OnPair.Exchanges | OnPair.Known : OnPair.Unknown,
        _ when gate == GateCatalog.X => OnPair.ByX | OnPair.Known,
        _ when gate == GateCatalog.Y => OnPair.ByX | OnPair.ByZ | OnPair.Known,
        _ when gate == GateCatalog.Z => OnPair.ByZ | OnPair.Known,
        _ when gate == GateCatalog.Id => OnPair.Known,
        _ => OnPair.Unknown,
    };

    // A controlled Pauli matrix, or an exchange. What anticommutes with the target's matrix takes on a Z of the control; what flips the control takes on that matrix.
    private void Fixed(OnPair known, int control, int target)
    {
        ulong byX = Mask((int)(known & OnPair.ByX)), byZ = Mask((int)(known & OnPair.ByZ) >> 1), exchanged = Mask((int)(known & OnPair.Exchanges) >> 2);
        ref ulong cx = ref _x[control], cz = ref _z[control], tx = ref _x[target], tz = ref _z[target];
        ulong x = tx ^ (cx & byX), z = tz ^ (cx & byZ), own = cz ^ (tz & byX) ^ (tx & byZ);
        ulong apartX = (cx ^ x) & exchanged, apartZ = (own ^ z) & exchanged;
        cx ^= apartX;
        cz = own ^ apartZ;
        tx = x ^ apartX;
        tz = z ^ apartZ;
    }

    private static ulong Mask(int bit) => 0UL - ((ulong)bit & 1);

    private bool Plain(Effect effect, ReadOnlySpan<double> parameters, ReadOnlySpan<int> qubits)
    {
        switch (effect.Change)
        {
            case Change.Hadamard:
                Exchange(X(qubits[0]), Z(qubits[0]));
                return true;
            case Change.Swap:
                Exchange(X(qubits[0]), X(qubits[1]));
                Exchange(Z(qubits[0]), Z(qubits[1]));
                return true;
            case Change.ISwap:
                Turn(qubits, 0b11, 0b00);
                Turn(qubits, 0b11, 0b11);
                return true;
            case Change.Turn:
                if (parameters.IsEmpty || ((long)Math.Round(parameters[0] / (Math.PI / 2)) & 1) != 0)
                {
                    Turn(qubits, effect.X, effect.Z);
                }

                return true;
            default:
                return false;
        }
    }

    private bool Controlled(GateDefinition gate, ReadOnlySpan<int> qubits)
    {
        var hasX = gate == GateCatalog.X || gate == GateCatalog.Y;
        var hasZ = gate == GateCatalog.Z || gate == GateCatalog.Y;
        if (!hasX && !hasZ)
        {
            return gate == GateCatalog.Id;
        }

        // What anticommutes with the target's Pauli matrix takes on a Z of the control; what flips the control takes on that matrix.
        Span<ulong> cx = X(qubits[0]), cz = Z(qubits[0]), tx = X(qubits[1]), tz = Z(qubits[1]);
        if (hasX)
        {
            Add(cz, tz);
        }

        if (hasZ)
        {
            Add(cz, tx);
            Add(tz, cx);
        }

        if (hasX)
        {
            Add(tx, cx);
        }

        return true;
    }

    // Generators that anticommute with the product of Pauli matrices with these X and Z parts are multiplied by it.
    private void Turn(ReadOnlySpan<int> qubits, int x, int z)
    {
        if (qubits.Length == 1)
        {
            Span<ulong> ofX = X(qubits[0]), ofZ = Z(qubits[0]);
            if (x == z)
            {
                Exchange(ofX, ofZ);
            }
            else
            {
                Add(x != 0 ? ofX : ofZ, x != 0 ? ofZ : ofX);
            }

            return;
        }

        if (_words == 1)
        {
            ulong common = 0;
            for (var i = 0; i < qubits.Length; i++)
            {
                common ^= ((z >> i & 1) != 0 ? X(qubits[i])[0] : 0) ^ ((x >> i & 1) != 0 ? Z(qubits[i])[0] : 0);
            }

            for (var i = 0; i < qubits.Length; i++)
            {
                X(qubits[i])[0] ^= (x >> i & 1) != 0 ? common : 0;
                Z(qubits[i])[0] ^= (z >> i & 1) != 0 ? common : 0;
            }

            return;
        }

        for (var w = 0; w < _words; w += Lanes)
        {
            var turned = Vector256<ulong>.Zero;
            for (var i = 0; i < qubits.Length; i++)
            {
                turned ^= ((z >> i & 1) != 0 ? At(X(qubits[i]), w) : default) ^ ((x >> i & 1) != 0 ? At(Z(qubits[i]), w) : default);
            }

            for (var i = 0; i < qubits.Length; i++)
            {
                if ((x >> i & 1) != 0)
                {
                    Put(At(X(qubits[i]), w) ^ turned, X(qubits[i]), w);
                }

                if ((z >> i & 1) != 0)
                {
                    Put(At(Z(qubits[i]), w) ^ turned, Z(qubits[i]), w);
                }
            }
        }
    }

    private void Collapse(int qubit)
    {
        _waits[qubit] = false;
        var at = BitRows.First(X(qubit));
        if (at < 0)
        {
            return;
        }

        // One of the generators that anticommute with Z goes into the others, and is replaced by Z.
        _results++;
        Span<ulong> others = stackalloc ulong[_words];
        X(qubit).CopyTo(others);
        BitRows.Eliminate(_x, others, at);
        BitRows.Eliminate(_z, others, at);
        Z(qubit)[at >> 6] |= 1UL << at;
    }

    // The rank of the X parts on the first qubits, and on all: the first bit of each column is taken out of those behind it, of a few columns at once.
    private (int First, int All) Rank(ReadOnlySpan<int> qubits, int first)
    {
        int rank = 0, ofFirst = 0, taken = 0;
        Span<int> columns = stackalloc int[BitRows.Together], bits = stackalloc int[BitRows.Together];
        for (var i = 0; i < qubits.Length; i++)
        {
            // The walk is over: columns may change.
            var column = X(qubits[i]);
            for (var k = 0; k < taken; k++)
            {
                AddIf(column, X(columns[k]), bits[k]);
            }

            var bit = BitRows.First(column);
            if (bit < 0)
            {
                continue;
            }

            rank++;
            ofFirst += i < first ? 1 : 0;
            for (var k = 0; k < taken; k++)
            {
                AddIf(X(columns[k]), column, bit);
            }

            (columns[taken], bits[taken]) = (qubits[i], bit);
            if (++taken == BitRows.Together)
            {
                BitRows.Eliminate(_x, columns, bits, _words, qubits[(i + 1)..]);
                taken = 0;
            }
        }

        return (ofFirst, rank);
    }

    private static void AddIf(Span<ulong> to, ReadOnlySpan<ulong> from, int bit)
    {
        if ((to[bit >> 6] >> bit & 1) != 0)
        {
            Add(to, from);
        }
    }

    private static void Add(Span<ulong> to, ReadOnlySpan<ulong> from)
    {
        if (to.Length == 1)
        {
            to[0] ^= from[0];
            return;
        }

        for (var w = 0; w < to.Length; w += Lanes)
        {
            Put(At(to, w) ^ At(from, w), to, w);
        }
    }

    private static void Exchange(Span<ulong> a, Span<ulong> b)
    {
        if (a.Length == 1)
        {
            (a[0], b[0]) = (b[0], a[0]);
            return;
        }

        for (var w = 0; w < a.Length; w += Lanes)
        {
            var before = At(a, w);
            Put(At(b, w), a, w);
            Put(before, b, w);
        }
    }

    private static Vector256<ulong> At(ReadOnlySpan<ulong> column, int word) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(column), (nuint)word);

    private static void Put(Vector256<ulong> value, Span<ulong> column, int word) => value.StoreUnsafe(ref MemoryMarshal.GetReference(column), (nuint)word);

    private Span<ulong> X(int qubit) => _x.AsSpan(qubit * _words, _words);

    private Span<ulong> Z(int qubit) => _z.AsSpan(qubit * _words, _words);

    // The X and Z parts of what is turned about, one bit for each qubit of the gate; and of a gate on one qubit that has no angle, what X and what Z become sums of: X, and above it Z.
    private readonly record struct Effect(Change Change, byte X, byte Z, bool IsFixed, byte TakesX, byte TakesZ);
}

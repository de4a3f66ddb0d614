using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A proved bound on the basis states with non-zero amplitude: they lie in an affine space over GF(2), of dimension k, so there are
/// at most 2^k. Each qubit is an affine function of k free variables: a row of bits and a constant. A controlled X adds rows, a
/// gate that mixes the two values of a qubit makes it a variable of its own, unless it already was one. Every variable has a pivot:
/// a qubit whose row is that variable alone, so that the variables stay independent.
/// </summary>
internal sealed class AffineSupportBound
{
    /// <summary>Above this many qubits only "known" and "unknown" qubits are told apart.</summary>
    private const int MaxTrackedQubits = 1024;

    // A vector at a time. Where a row is one word, a vector has as many rows, and those behind the last are empty; else a row is some vectors.
    private const int Lanes = 4;
    private readonly int _words;
    private readonly bool _coarse;
    private readonly ulong[] _rows;
    private readonly bool[] _constant;
    private readonly int[] _pivotOfVariable;
    private readonly int[] _variableOfPivot;
    private readonly Stack<int> _free = new();
    private readonly bool[] _unknown;
    private bool _isFull;

    public AffineSupportBound(int numQubits)
    {
        _coarse = numQubits > MaxTrackedQubits;
        _words = _coarse ? 0 : numQubits <= 64 ? 1 : (numQubits + (64 * Lanes) - 1) / (64 * Lanes) * Lanes;
        _rows = new ulong[((numQubits * _words) + Lanes - 1) / Lanes * Lanes];
        _constant = new bool[numQubits];
        _pivotOfVariable = new int[numQubits];
        _variableOfPivot = new int[numQubits];
        Array.Fill(_variableOfPivot, -1);
        _unknown = new bool[_coarse ? numQubits : 0];
        for (var v = _coarse ? -1 : numQubits - 1; v >= 0; v--)
        {
            _free.Push(v);
        }
    }

    /// <summary>k: at most 2^k amplitudes are not zero.</summary>
    public int Dimension { get; private set; }

    /// <summary>Whether a qubit has one value in all basis states.</summary>
    public bool IsKnown(int qubit) => !_isFull && (_coarse ? !_unknown[qubit] : IsZero(Row(qubit)));

    /// <summary>Takes in a gate or unitary. <paramref name="uncertain"/>: it may or may not be executed, perhaps several times.</summary>
    public void Apply(Circuit circuit, in Operation op, bool uncertain)
    {
        // Gates map the space of all basis states onto itself: nothing is tracked until a reset.
        if (Dimension == _constant.Length)
        {
            _isFull = true;
            return;
        }

        int remaining = 0, free = -1;
        foreach (var control in circuit.ControlsOf(op))
        {
            if (!uncertain && IsKnown(control))
            {
                if (!_constant[control])
                {
                    return;
                }
            }
            else
            {
                (free, remaining) = (control, remaining + 1);
            }
        }

        var targets = circuit.TargetsOf(op);
        if (op.Kind == OperationKind.Unitary)
        {
            Mix(targets, Differences(circuit.MatrixOf(op), 1 << targets.Length));
            return;
        }

        var gate = circuit.GateOf(op);
        if (gate.Structure == GateStructure.Diagonal)
        {
            return;
        }

        if (gate == GateCatalog.Swap || gate == GateCatalog.ISwap || gate == GateCatalog.ISwapDg)
        {
            if (remaining == 0 && !uncertain)
            {
                Swap(targets[0], targets[1]);
            }
            else
            {
                Mix(targets, 0b1000);
            }

            return;
        }

        var motion = gate.NumQubits == 1 ? Motion(gate, op.HasDynamicParameters ? [] : circuit.ParametersOf(op)) : TargetMotion.Mixes;
        if (gate.NumQubits > 1)
        {
            Mix(targets, GateDifferences(gate));
        }
        else if (motion == TargetMotion.Mixes || (motion == TargetMotion.Flips && (uncertain || remaining > 1)))
        {
            Free(targets[0]);
        }
        else if (motion == TargetMotion.Flips)
        {
            if (remaining == 1)
            {
                AddRow(free, targets[0]);
            }
            else
            {
                _constant[targets[0]] ^= true;
            }
        }
    }

    /// <summary>Takes in a reset.</summary>
    public void Reset(int qubit, bool uncertain)
    {
        if (_isFull)
        {
            MakeIdentity();
        }

        if (uncertain)
        {
            Free(qubit);
            return;
        }

        Detach(qubit);
        _constant[qubit] = false;
    }

    // The whole space in its simplest form: every qubit is a variable of its own.
    private void MakeIdentity()
    {
        _isFull = false;
        Array.Clear(_constant);
        if (_coarse)
        {
            return;
        }

        Array.Clear(_rows);
        for (var q = 0; q < _constant.Length; q++)
        {
            Row(q)[q >> 6] |= 1UL << q;
            _pivotOfVariable[q] = q;
            _variableOfPivot[q] = q;
        }
    }

    private enum TargetMotion
    {
        Stays,
        Flips,
        Mixes,
    }

    // Whether a one-qubit gate leaves, exchanges or mixes the basis states. Amplitudes of 5e-16 are far below what engines keep.
    private static TargetMotion Motion(GateDefinition gate, ReadOnlySpan<double> parameters)
    {
        const double nothing = 5e-16;
        if (gate.Structure == GateStructure.Monomial)
        {
            return TargetMotion.Flips;
        }

        if (parameters.IsEmpty)
        {
            return TargetMotion.Mixes;
        }

        var (sin, cos) = Math.SinCos(parameters[0] / 2);
        return Math.Abs(sin) < nothing ? TargetMotion.Stays : Math.Abs(cos) < nothing ? TargetMotion.Flips : TargetMotion.Mixes;
    }

    // Bit d of the result: some basis state can turn into one that differs by d.
    private static uint GateDifferences(GateDefinition gate)
    {
        if (gate == GateCatalog.RXX || gate == GateCatalog.RYY)
        {
            return 1u << 3;
        }

        if (gate == GateCatalog.RZX)
        {
            return 1u << 2;
        }

        return gate == GateCatalog.RCCX ? 1u << 4 : gate == GateCatalog.RC3X ? 1u << 8 : gate == GateCatalog.Ecr ? 0b1010 : uint.MaxValue;
    }

    private static uint Differences(ReadOnlySpan<Complex> matrix, int size)
    {
        uint differences = 0;
        for (var i = 0; i < matrix.Length; i++)
        {
            if (matrix[i] != Complex.Zero)
            {
                differences |= 1u << (i / size ^ i % size);
            }
        }

        return differences;
    }

    // Adds the span of the differences: each is brought to a single qubit by controlled X gates, which are then undone.
    private void Mix(ReadOnlySpan<int> targets, uint differences)
    {
        Span<int> basis = stackalloc int[targets.Length];
        basis.Clear();
        for (var d = 1; d < 1 << targets.Length; d++)
        {
            if ((differences >> d & 1) == 0)
            {
                continue;
            }

            var rest = d;
            for (var bit = targets.Length - 1; bit >= 0 && rest != 0; bit--)
            {
                if ((rest >> bit & 1) == 0)
                {
                    continue;
                }

                if (basis[bit] == 0)
                {
                    basis[bit] = rest;
                    Add(targets, rest, bit);
                    break;
                }

                rest ^= basis[bit];
            }
        }
    }

    private void Add(ReadOnlySpan<int> targets, int difference, int bit)
    {
        for (var j = 0; j < targets.Length; j++)
        {
            if (j != bit && (difference >> j & 1) != 0)
            {
                AddRow(targets[bit], targets[j]);
            }
        }

        Free(targets[bit]);
        for (var j = 0; j < targets.Length; j++)
        {
            if (j != bit && (difference >> j & 1) != 0)
            {
                AddRow(targets[bit], targets[j]);
            }
        }
    }

    // Controlled X: the target's function becomes its sum with the control's.
    private void AddRow(int control, int target)
    {
        if (_coarse)
        {
            if (_unknown[control])
            {
                Free(target);
            }
            else
            {
                _constant[target] ^= _constant[control];
            }

            return;
        }

        _constant[target] ^= _constant[control];
        Span<ulong> from = Row(control), to = Row(target);
        if (IsZero(from))
        {
            return;
        }

        var variable = _variableOfPivot[target];
        Add(from, to);
        if (variable >= 0)
        {
            if (Has(to, variable))
            {
                // The variable is renamed to the new function, so that the pivot stays a unit row.
                Substitute(variable, to);
            }
            else
            {
                // The control held the variable as well: it becomes the pivot.
                _variableOfPivot[target] = -1;
                MakePivot(variable, control);
            }
        }
    }

    // The qubit becomes free of all others.
    private void Free(int qubit)
    {
        if (_coarse)
        {
            Dimension += _unknown[qubit] ? 0 : 1;
            _unknown[qubit] = true;
            return;
        }

        var variable = _variableOfPivot[qubit];
        if (variable >= 0 && OtherHolder(variable, qubit) < 0)
        {
            return;
        }

        Detach(qubit);
        var fresh = _free.Pop();
        _pivotOfVariable[fresh] = qubit;
        _variableOfPivot[qubit] = fresh;
        Row(qubit)[fresh >> 6] |= 1UL << fresh;
        Dimension++;
    }

    // Makes the qubit's row empty; a variable whose pivot it was gets another, or goes.
    private void Detach(int qubit)
    {
        if (_coarse)
        {
            Dimension -= _unknown[qubit] ? 1 : 0;
            _unknown[qubit] = false;
            return;
        }

        var variable = _variableOfPivot[qubit];
        Row(qubit).Clear();
        if (variable < 0)
        {
            return;
        }

        _variableOfPivot[qubit] = -1;
        var holder = OtherHolder(variable, qubit);
        if (holder >= 0)
        {
            MakePivot(variable, holder);
        }
        else
        {
            _free.Push(variable);
            Dimension--;
        }
    }

    private int OtherHolder(int variable, int except)
    {
        if (_words == 1)
        {
            var held = Vector256.Create(1UL << variable);
            for (var q = 0; q < _rows.Length; q += Lanes)
            {
                var rows = (~Vector256.Equals(Vector256.LoadUnsafe(ref _rows[q]) & held, default)).ExtractMostSignificantBits();
                rows &= ~(except - q is >= 0 and < Lanes ? 1u << (except - q) : 0);
                if (rows != 0)
                {
                    return q + BitOperations.TrailingZeroCount(rows);
                }
            }

            return -1;
        }

        int word = variable >> 6, count = _variableOfPivot.Length;
        var bit = 1UL << variable;
        for (int q = 0, at = word; q < count; q++, at += _words)
        {
            if ((_rows[at] & bit) != 0 && q != except)
            {
                return q;
            }
        }

        return -1;
    }

    private void MakePivot(int variable, int qubit)
    {
        _pivotOfVariable[variable] = qubit;
        _variableOfPivot[qubit] = variable;
        Substitute(variable, Row(qubit));
    }

    // Row `pivot` is variable + rest. Renaming the sum to the variable turns every other row that holds the variable into row ^ rest.
    private void Substitute(int variable, ReadOnlySpan<ulong> pivotRow)
    {
        if (_words == 1)
        {
            var bit = 1UL << variable;
            if (pivotRow[0] == bit)
            {
                return;
            }

            Vector256<ulong> held = Vector256.Create(bit), others = Vector256.Create(pivotRow[0] & ~bit);
            for (var q = 0; q < _rows.Length; q += Lanes)
            {
                var rows = Vector256.LoadUnsafe(ref _rows[q]);
                (rows ^ (others & ~Vector256.Equals(rows & held, default))).StoreUnsafe(ref _rows[q]);
            }

            return;
        }

        Span<ulong> rest = stackalloc ulong[MaxTrackedQubits / 64];
        rest = rest[.._words];
        pivotRow.CopyTo(rest);
        rest[variable >> 6] &= ~(1UL << variable);
        if (IsZero(rest))
        {
            return;
        }

        // Without a branch: whether a row holds the variable is hard to foresee.
        ref ulong added = ref MemoryMarshal.GetReference(rest), words = ref MemoryMarshal.GetArrayDataReference(_rows);
        for (int row = 0, end = _variableOfPivot.Length * _words; row < end; row += _words)
        {
            var mask = Vector256.Create(0UL - (_rows[row + (variable >> 6)] >> variable & 1));
            for (var w = 0; w < _words; w += Lanes)
            {
                (Vector256.LoadUnsafe(ref words, (nuint)(row + w)) ^ (Vector256.LoadUnsafe(ref added, (nuint)w) & mask)).StoreUnsafe(ref words, (nuint)(row + w));
            }
        }
    }

    private void Swap(int a, int b)
    {
        (_constant[a], _constant[b]) = (_constant[b], _constant[a]);
        if (_coarse)
        {
            (_unknown[a], _unknown[b]) = (_unknown[b], _unknown[a]);
            return;
        }

        Span<ulong> ra = Row(a), rb = Row(b);
        for (var w = 0; w < _words; w++)
        {
            (ra[w], rb[w]) = (rb[w], ra[w]);
        }

        (_variableOfPivot[a], _variableOfPivot[b]) = (_variableOfPivot[b], _variableOfPivot[a]);
        if (_variableOfPivot[a] >= 0)
        {
            _pivotOfVariable[_variableOfPivot[a]] = a;
        }

        if (_variableOfPivot[b] >= 0)
        {
            _pivotOfVariable[_variableOfPivot[b]] = b;
        }
    }

    private Span<ulong> Row(int qubit) => _rows.AsSpan(qubit * _words, _words);

    private static bool Has(ReadOnlySpan<ulong> row, int variable) => (row[variable >> 6] >> variable & 1) != 0;

    private static void Add(ReadOnlySpan<ulong> from, Span<ulong> to)
    {
        if (to.Length == 1)
        {
            to[0] ^= from[0];
            return;
        }

        ref ulong source = ref MemoryMarshal.GetReference(from), target = ref MemoryMarshal.GetReference(to);
        for (nuint w = 0; w < (nuint)to.Length; w += Lanes)
        {
            (Vector256.LoadUnsafe(ref source, w) ^ Vector256.LoadUnsafe(ref target, w)).StoreUnsafe(ref target, w);
        }
    }

    private static bool IsZero(ReadOnlySpan<ulong> row) => row.Length == 1 ? row[0] == 0 : !row.ContainsAnyExcept(0UL);
}

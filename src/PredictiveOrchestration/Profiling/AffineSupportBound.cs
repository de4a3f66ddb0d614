using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A proved bound on the basis states with non-zero amplitude: they lie in an affine space over GF(2), of dimension k, so there are
/// at most 2^k. The directions of that space are kept twice: as vectors that span them, of which each qubit has a row of bits, and as
/// the parity checks that are 0 on all of them, a basis, of which each qubit has a row as well. A controlled X adds two rows. A gate
/// that mixes the two values of a qubit makes the qubit a direction of its own: there it already is one if it takes part in no check,
/// and else one check goes. So only what makes the space grow or shrink looks at more than its own qubits.
/// </summary>
internal sealed class AffineSupportBound
{
    /// <summary>Above this many qubits only "known" and "unknown" qubits are told apart.</summary>
    private const int MaxTrackedQubits = 1024;

    // Rows are whole vectors.
    private const int Lanes = BitRows.Lanes;
    private readonly bool _coarse;
    private readonly int _numQubits;
    private readonly int _words;
    private readonly int _checkWords;
    private readonly ulong[] _rows;
    private readonly ulong[] _checks;
    private readonly bool[] _constant;
    private readonly bool[] _unknown;

    // The checks that more than one qubit may take part in.
    private readonly ulong[] _shared;

    // Numbers of directions that were given back, the first that was never given, and numbers of checks that went.
    private readonly int[] _spareChecks;
    private int[] _spare = [];
    private int _spares, _next;
    private bool _isFull;

    public AffineSupportBound(int numQubits)
    {
        _coarse = numQubits > MaxTrackedQubits;
        _numQubits = numQubits;
        _constant = new bool[numQubits];
        _unknown = new bool[_coarse ? numQubits : 0];
        var tracked = _coarse ? 0 : numQubits;

        // After resets directions may depend on each other; they are only made independent again when there is no room for more.
        _words = BitRows.Words(tracked + (tracked / 2));
        _checkWords = BitRows.Words(tracked);
        (_rows, _checks, _shared) = (new ulong[tracked * _words], new ulong[tracked * _checkWords], new ulong[_checkWords]);
        _spareChecks = new int[tracked];
        for (var q = 0; q < tracked; q++)
        {
            Checks(q)[q >> 6] = 1UL << q;
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
        if (Dimension == _numQubits)
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

    // The whole space in its simplest form: every qubit is a direction of its own, and nothing is checked.
    private void MakeIdentity()
    {
        _isFull = false;
        Array.Clear(_constant);
        Array.Clear(_rows);
        Array.Clear(_checks);
        Array.Clear(_shared);
        var tracked = _coarse ? 0 : _numQubits;
        for (var q = 0; q < tracked; q++)
        {
            Row(q)[q >> 6] = 1UL << q;
            _spareChecks[q] = q;
        }

        (_spares, _next) = (0, tracked);
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

    // Controlled X: the target's value becomes its sum with the control's; a check on the target takes on the control.
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
        Add(Row(control), Row(target));
        ref ulong checks = ref MemoryMarshal.GetArrayDataReference(_checks), shared = ref MemoryMarshal.GetArrayDataReference(_shared);
        for (int w = 0, to = control * _checkWords, from = target * _checkWords; w < _checkWords; w += Lanes)
        {
            var taken = Vector256.LoadUnsafe(ref checks, (nuint)(from + w));
            (Vector256.LoadUnsafe(ref checks, (nuint)(to + w)) ^ taken).StoreUnsafe(ref checks, (nuint)(to + w));
            (Vector256.LoadUnsafe(ref shared, (nuint)w) | taken).StoreUnsafe(ref shared, (nuint)w);
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

        var check = GiveUp(qubit);
        if (check < 0)
        {
            return;
        }

        if (_spares == 0 && _next == _words * 64)
        {
            MakeIndependent();
        }

        var fresh = _spares > 0 ? _spare[--_spares] : _next++;
        Row(qubit)[fresh >> 6] |= 1UL << fresh;
        _spareChecks[Dimension++] = check;
    }

    // Makes the qubit's value known: 0 in all directions.
    private void Detach(int qubit)
    {
        if (_coarse)
        {
            Dimension -= _unknown[qubit] ? 1 : 0;
            _unknown[qubit] = false;
            return;
        }

        var check = GiveUp(qubit);
        check = check < 0 ? _spareChecks[--Dimension] : check;
        Checks(qubit)[check >> 6] |= 1UL << check;
        _shared[check >> 6] &= ~(1UL << check);
        Row(qubit).Clear();
    }

    // Leaves of all checks those without the qubit, and gives the one that went for it; -1 if there was none with it.
    private int GiveUp(int qubit)
    {
        var checks = Checks(qubit);
        var check = -1;
        for (var w = 0; w < checks.Length; w++)
        {
            if ((checks[w] & ~_shared[w]) is var own and not 0)
            {
                // Added to the others it takes the qubit out of them, and changes nothing else.
                checks.Clear();
                return (w << 6) + BitOperations.TrailingZeroCount(own);
            }

            check = check < 0 && checks[w] != 0 ? (w << 6) + BitOperations.TrailingZeroCount(checks[w]) : check;
        }

        if (check >= 0)
        {
            for (var w = 0; w < checks.Length; w++)
            {
                _shared[w] |= checks[w];
            }

            Span<ulong> added = stackalloc ulong[checks.Length];
            checks.CopyTo(added);
            BitRows.Eliminate(_checks, added, check);
        }

        return check;
    }

    // Directions that depend on others become 0, and their numbers are free.
    private void MakeIndependent()
    {
        Span<ulong> left = stackalloc ulong[_words], row = stackalloc ulong[_words];
        left.Fill(ulong.MaxValue);
        for (var q = 0; q < _numQubits; q++)
        {
            Row(q).CopyTo(row);
            for (var w = 0; w < _words; w++)
            {
                row[w] &= left[w];
            }

            var direction = BitRows.First(row);
            if (direction >= 0)
            {
                // Others with this qubit take it on: they are rid of the qubit.
                left[direction >> 6] &= ~(1UL << direction);
                row[direction >> 6] &= ~(1UL << direction);
                BitRows.Eliminate(_rows, row, direction);
            }
        }

        _spare = _spare.Length == 0 ? new int[_words * 64] : _spare;
        for (var direction = 0; direction < _spare.Length; direction++)
        {
            if ((left[direction >> 6] >> direction & 1) != 0)
            {
                _spare[_spares++] = direction;
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

        Exchange(Row(a), Row(b));
        Exchange(Checks(a), Checks(b));
    }

    private static void Exchange(Span<ulong> a, Span<ulong> b)
    {
        for (var w = 0; w < a.Length; w++)
        {
            (a[w], b[w]) = (b[w], a[w]);
        }
    }

    private Span<ulong> Row(int qubit) => _rows.AsSpan(qubit * _words, _words);

    private Span<ulong> Checks(int qubit) => _checks.AsSpan(qubit * _checkWords, _checkWords);

    private static void Add(ReadOnlySpan<ulong> from, Span<ulong> to)
    {
        ref ulong source = ref MemoryMarshal.GetReference(from), target = ref MemoryMarshal.GetReference(to);
        for (nuint w = 0; w < (nuint)to.Length; w += Lanes)
        {
            (Vector256.LoadUnsafe(ref source, w) ^ Vector256.LoadUnsafe(ref target, w)).StoreUnsafe(ref target, w);
        }
    }

    private static bool IsZero(ReadOnlySpan<ulong> row)
    {
        ref var words = ref MemoryMarshal.GetReference(row);
        var any = Vector256<ulong>.Zero;
        for (nuint w = 0; w < (nuint)row.Length; w += Lanes)
        {
            any |= Vector256.LoadUnsafe(ref words, w);
        }

        return any == default;
    }
}

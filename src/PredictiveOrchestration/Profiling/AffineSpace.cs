using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// An affine space of basis states over GF(2). Its directions are kept twice: as vectors that span it, of which each qubit has a row of bits, and as
/// the parity checks that are 0 on all of them, a basis, of which each qubit has a row as well. A controlled X adds two rows. A gate
/// that mixes the two values of a qubit makes the qubit a direction of its own: there it already is one if it takes part in no check,
/// and else one check goes. So only what makes the space grow or shrink looks at more than its own qubits.
/// </summary>
internal sealed class AffineSpace
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

    public AffineSpace(int numQubits)
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

    /// <summary>The number of directions.</summary>
    public int Dimension { get; private set; }

    /// <summary>Whether a qubit has one value in all basis states.</summary>
    public bool IsKnown(int qubit) => _coarse ? !_unknown[qubit] : IsZero(Row(qubit));

    /// <summary>That value, if there is one.</summary>
    public bool ValueOf(int qubit) => _constant[qubit];

    /// <summary>Whether a qubit is a direction of its own: flipping it anywhere leads nowhere else.</summary>
    public bool IsFree(int qubit)
    {
        if (_coarse)
        {
            return _unknown[qubit];
        }

        return IsZero(Checks(qubit));
    }

    /// <summary>X.</summary>
    public void Flip(int qubit) => _constant[qubit] ^= true;

    /// <summary>Becomes equal to another space of as many qubits.</summary>
    public void CopyFrom(AffineSpace other)
    {
        other._rows.CopyTo(_rows, 0);
        other._checks.CopyTo(_checks, 0);
        other._constant.CopyTo(_constant, 0);
        other._unknown.CopyTo(_unknown, 0);
        other._shared.CopyTo(_shared, 0);
        other._spareChecks.CopyTo(_spareChecks, 0);
        if (other._spares > 0)
        {
            _spare = _spare.Length == 0 ? new int[_words * 64] : _spare;
            other._spare.AsSpan(0, other._spares).CopyTo(_spare);
        }

        (_spares, _next, Dimension) = (other._spares, other._next, other.Dimension);
    }

    /// <summary>Becomes the whole space in its simplest form: every qubit is a direction of its own, and nothing is checked.</summary>
    public void MakeIdentity()
    {
        Array.Clear(_constant);
        Array.Fill(_unknown, true);
        Array.Clear(_rows);
        Array.Clear(_checks);
        Array.Clear(_shared);
        var tracked = _coarse ? 0 : _numQubits;
        for (var q = 0; q < tracked; q++)
        {
            Row(q)[q >> 6] = 1UL << q;
            _spareChecks[q] = q;
        }

        (_spares, _next, Dimension) = (0, tracked, _numQubits);
    }

    /// <summary>Controlled X: the target's value becomes its sum with the control's; a check on the target takes on the control.</summary>
    public void AddRow(int control, int target)
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

    /// <summary>The qubit becomes free of all others.</summary>
    public void Free(int qubit)
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

    /// <summary>Makes the qubit's value known: 0 in all directions, and 0.</summary>
    public void Detach(int qubit)
    {
        _constant[qubit] = false;
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

    /// <summary>Exchanges two qubits.</summary>
    public void Swap(int a, int b)
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

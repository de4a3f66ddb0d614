using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// The basis states that can have amplitudes, one by one, as long as they are few: no affine space says how few there are in W states, one-hot encodings and whatever
/// controls keep apart. Nothing cancels here, so they are never fewer than there are. For each qubit there is one bit for each state, so that a permutation is some
/// operations on a vector, however many states it moves.
/// </summary>
internal sealed class FewBasisStates
{
    // A vector of them, on so many qubits.
    private const int Most = 1 << MostLog2, MostLog2 = 7, MostQubits = 512;

    // What may be spent on gates that mix, in about a nanosecond: at first, on each gate that does anything, and that a state costs that is looked at.
    private const int AtFirst = 1024, OnEach = 24, ForState = 4;

    // What may be spent on ranks on each gate, in bits looked at; fewer states are about as many as ranks.
    private const int OnEachRank = 24, LeastToRank = 4;
    private readonly Vector128<ulong>[] _columns;

    // The qubits that may differ from state to state, or have been set.
    private readonly int[] _places;
    private readonly bool[] _isUsed;
    private int _used;
    private Vector128<ulong> _all;
    private int _count = 1;
    private long _left = AtFirst;
    private long _rankLeft;
    private int _rank;
    private int _rankOf;

    private FewBasisStates(int numQubits)
    {
        (_columns, _places, _isUsed) = (new Vector128<ulong>[numQubits], new int[numQubits], new bool[numQubits]);
        _all = Vector128.Create(1UL, 0);
    }

    /// <summary>The base-2 logarithm of how many there are, rounded up.</summary>
    public int CountLog2 => BitOperations.Log2((uint)((2 * _count) - 1));

    /// <summary>
    /// The base-2 logarithm, rounded up, of about the greatest Schmidt rank across a cut between neighbours: at most as many as there are different values on either side of it.
    /// Counted every some gates, so that it costs little; in between it grows as the states become more.
    /// </summary>
    public int RankLog2()
    {
        if (CountLog2 < LeastToRank)
        {
            return CountLog2;
        }

        _rankLeft += OnEachRank;
        if (_rankLeft >= (long)_used * _count)
        {
            (_rankLeft, _rank, _rankOf) = (0, BitOperations.Log2((uint)((2 * Rank()) - 1)), CountLog2);
        }

        return Math.Min(CountLog2, _rank + CountLog2 - _rankOf);
    }

    /// <summary>Begins with all qubits in |0⟩; null where there are too many.</summary>
    public static FewBasisStates? Begin(int numQubits) => numQubits <= MostQubits ? new FewBasisStates(numQubits) : null;

    /// <summary>Takes in a gate or unitary.</summary>
    /// <returns>Whether they are still few, and finding that out still costs little.</returns>
    public bool Apply(Circuit circuit, in Operation op)
    {
        var gate = op.Kind == OperationKind.Gate ? circuit.GateOf(op) : null;
        if (gate is { Structure: GateStructure.Diagonal })
        {
            return true;
        }

        var moved = _all;
        foreach (var control in circuit.ControlsOf(op))
        {
            moved &= _columns[control];
        }

        if (moved == default)
        {
            return true;
        }

        _left += OnEach;
        var targets = circuit.TargetsOf(op);
        if (gate is not null && TakenBackPermutations.IsSwap(gate))
        {
            Use(targets);
            var apart = (_columns[targets[0]] ^ _columns[targets[1]]) & moved;
            _columns[targets[0]] ^= apart;
            _columns[targets[1]] ^= apart;
            return true;
        }

        switch (gate is { NumQubits: 1 } ? AffineSupportBound.Motion(gate, op.HasDynamicParameters ? [] : circuit.ParametersOf(op)) : TargetMotion.Mixes)
        {
            case TargetMotion.Stays:
                return true;
            case TargetMotion.Flips:
                Use(targets);
                _columns[targets[0]] ^= moved;
                return true;
            default:
                Use(targets);
                // Where all there are can arise, nothing is told by counting on.
                return (_columns.Length > MostLog2 || _count < 1 << _columns.Length) && Mix(targets, gate is null ? uint.MaxValue : gate.NumQubits == 1 ? 0b10 : AffineSupportBound.GateDifferences(gate), moved);
        }
    }

    /// <summary>Takes in a reset.</summary>
    public void Reset(int qubit) => _columns[qubit] = default;

    // States that differ in as many ways as bits are set can arise; all ways there are, one qubit after the other.
    private bool Mix(ReadOnlySpan<int> targets, uint differences, Vector128<ulong> moved)
    {
        if (differences != uint.MaxValue)
        {
            for (var d = 1; d < 1 << targets.Length; d++)
            {
                if ((differences >> d & 1) != 0 && !Mix(targets, d, moved))
                {
                    return false;
                }
            }

            return true;
        }

        // What a qubit before has brought has the same controls.
        var before = _count;
        for (var j = 0; j < targets.Length; j++)
        {
            if (!Mix(targets, 1 << j, moved))
            {
                return false;
            }

            moved |= _all & ~First(before);
        }

        return true;
    }

    // Adds those that differ from some that are there in the given targets, as far as they are not there.
    private bool Mix(ReadOnlySpan<int> targets, int difference, Vector128<ulong> moved)
    {
        var first = targets[BitOperations.TrailingZeroCount(difference)];
        var isFresh = (_columns[first] & _all) is var ones && (ones == default || ones == _all);
        if (isFresh && _count + Count(moved) > Most)
        {
            return false;
        }

        var words = MemoryMarshal.Cast<Vector128<ulong>, ulong>(_columns.AsSpan());
        for (var word = 0; word < Vector128<ulong>.Count; word++)
        {
            for (var rest = moved[word]; rest != 0; rest &= rest - 1)
            {
                var (at, bit) = (word, BitOperations.TrailingZeroCount(rest));
                var isThere = !isFresh && HasPartner(words, at, bit, first, targets, difference);
                _left -= ForState + (isThere ? 0 : _used / 4);
                if (_left < 0 || (!isThere && _count == Most))
                {
                    return false;
                }

                if (!isThere)
                {
                    Add(words, at, bit, targets, difference);
                }
            }
        }

        return true;
    }

    // Columns are compared until no state is like it.
    private bool HasPartner(ReadOnlySpan<ulong> words, int word, int bit, int first, ReadOnlySpan<int> targets, int difference)
    {
        var alike = (words[(Vector128<ulong>.Count * first) + word] >> bit & 1) != 0 ? _all & ~_columns[first] : _all & _columns[first];
        var i = 0;
        for (; i < _used && alike != default; i++)
        {
            var q = _places[i];
            var isSet = (words[(Vector128<ulong>.Count * q) + word] >> bit & 1) != 0;
            var at = targets.IndexOf(q);
            alike &= isSet != (at >= 0 && (difference >> at & 1) != 0) ? _columns[q] : ~_columns[q];
        }

        _left -= i;
        return alike != default;
    }

    private void Add(Span<ulong> words, int word, int bit, ReadOnlySpan<int> targets, int difference)
    {
        var (to, place) = (_count >> 6, _count & 63);
        foreach (var q in _places.AsSpan(0, _used))
        {
            var column = Vector128<ulong>.Count * q;
            words[column + to] |= (words[column + word] >> bit & 1) << place;
        }

        for (; difference != 0; difference &= difference - 1)
        {
            words[(Vector128<ulong>.Count * targets[BitOperations.TrailingZeroCount(difference)]) + to] ^= 1UL << place;
        }

        _count++;
        _all = First(_count);
    }

    // The values on each side are told apart bit by bit, from the nearer end.
    private int Rank()
    {
        Span<byte> left = stackalloc byte[_columns.Length];
        Span<byte> values = stackalloc byte[Most];
        values.Clear();
        var count = 1;
        for (var q = 0; q < left.Length; q++)
        {
            left[q] = (byte)(count = TellApart(values, count, _columns[q]));
        }

        values.Clear();
        (count, var rank) = (1, 1);
        for (var q = left.Length - 1; q > 0 && count < left[q - 1]; q--)
        {
            count = TellApart(values, count, _columns[q]);
            rank = Math.Max(rank, Math.Min(count, (int)left[q - 1]));
        }

        return rank;
    }

    private int TellApart(Span<byte> values, int count, Vector128<ulong> column)
    {
        column &= _all;
        if (count == _count || column == default || column == _all)
        {
            return count;
        }

        const byte None = byte.MaxValue;
        Span<byte> next = stackalloc byte[2 * Most];
        next.Fill(None);
        count = 0;
        for (var state = 0; state < _count; state++)
        {
            ref var value = ref next[(2 * values[state]) + (int)(column[state >> 6] >> (state & 63) & 1)];
            values[state] = value = value == None ? (byte)count++ : value;
        }

        return count;
    }

    private void Use(ReadOnlySpan<int> targets)
    {
        foreach (var target in targets)
        {
            if (!_isUsed[target])
            {
                _isUsed[target] = true;
                _places[_used++] = target;
            }
        }
    }

    private static Vector128<ulong> First(int count) => Vector128.Create(Ones(count), Ones(count - 64));

    private static int Count(Vector128<ulong> states) => BitOperations.PopCount(states[0]) + BitOperations.PopCount(states[1]);

    private static ulong Ones(int count) => count <= 0 ? 0 : count >= 64 ? ulong.MaxValue : (1UL << count) - 1;
}

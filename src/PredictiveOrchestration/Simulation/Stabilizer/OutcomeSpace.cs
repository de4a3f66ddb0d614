using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>
/// The outcomes of measuring some qubits of a stabilizer state: an affine space over GF(2), every element equally likely.
/// Found by measuring one qubit after the other with every random result forced to 0; the X part of the stabilizer that made a
/// result random is the change of all outcomes if it had been 1.
/// </summary>
internal sealed class OutcomeSpace
{
    // The random bits of one draw.
    private const int Drawn = 53;
    private readonly ulong[] _offset;

    // Word for word of an outcome the changes that the bits of a draw make, each at the place of its bit: the first 53 from the top of their word down, those behind from the bottom of theirs up.
    private readonly ulong[] _directions;
    private readonly int _slots;

    /// <summary>Measures <paramref name="qubits"/>; the tableau is used up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public OutcomeSpace(StabilizerTableau tableau, ReadOnlySpan<int> qubits, RunContext context)
    {
        Words = (qubits.Length + 63) / 64;
        _offset = new ulong[Words];
        _slots = Math.Max(64, SlotOf(qubits.Length - 1) + 1);
        _directions = new ulong[Words * _slots];
        for (var i = 0; i < qubits.Length; i++)
        {
            context.Check(context.OperationCount);
            var row = tableau.RandomRow(qubits[i]);
            if (row < 0)
            {
                _offset[i >> 6] |= tableau.CertainOutcome(qubits[i]) ? 1UL << i : 0;
                continue;
            }

            // Qubits measured before commute with the row, so its X part is zero there.
            var slot = SlotOf(Dimension++);
            for (var j = i; j < qubits.Length; j++)
            {
                _directions[((j >> 6) * _slots) + slot] |= (tableau.StabilizerHasX(row, qubits[j]) ? 1UL : 0) << j;
            }

            tableau.Project(qubits[i], row, false);
        }
    }

    public int Words { get; }

    /// <summary>The most bytes that the outcomes of so many qubits take.</summary>
    public static long SizeBytes(int qubits) => (32 * (qubits + 1L)) + (8 * (qubits + 76L) * ((qubits + 63) / 64));

    /// <summary>The number of random bits: 2^Dimension outcomes, each with probability 2^-Dimension.</summary>
    public int Dimension { get; private set; }

    /// <summary>Writes the outcome that a uniform number in [0, 1) selects; beyond 53 random bits its digits seed more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Select(double draw, Span<ulong> outcome)
    {
        var digits = (ulong)(draw * (1UL << Drawn)) << (64 - Drawn);
        var most = Math.Min(Drawn, Dimension);
        _offset.CopyTo(outcome);
        Add(digits, 64 - most, most, outcome);
        for (var first = Drawn; first < Dimension; first += 64)
        {
            Add(Philox.UInt64(digits, 0x5AB1, (ulong)(first - Drawn) / 64), SlotOf(first), Math.Min(64, Dimension - first), outcome);
        }
    }

    /// <summary>Adds direction <paramref name="index"/> to an outcome.</summary>
    public void Add(int index, Span<ulong> outcome)
    {
        for (var w = 0; w < Words; w++)
        {
            outcome[w] ^= _directions[(w * _slots) + SlotOf(index)];
        }
    }

    /// <summary>Visits the first outcomes in ascending order, fewer than 2^Dimension; takes once more <see cref="SizeBytes"/>.</summary>
    public void VisitFirst(int count, double probability, ProbabilityVisitor visit, RunContext context)
    {
        // Rows with different highest bits; the least outcome has none of these bits.
        var rowOfBit = Echelon(context);
        Span<ulong> outcome = [.. _offset];
        for (var bit = rowOfBit.Length - 1; bit >= 0; bit--)
        {
            if (rowOfBit[bit] is { } row && (outcome[bit >> 6] >> bit & 1) != 0)
            {
                Add(row, outcome);
            }
        }

        // With no row holding another's highest bit, adding the rows that a number's bits say gives outcomes in the order of the numbers.
        var bits = Enumerable.Range(0, rowOfBit.Length).Where(b => rowOfBit[b] is not null).Take(BitOperations.Log2((uint)count) + 1).ToArray();
        for (var r = 1; r < bits.Length; r++)
        {
            for (var s = r - 1; s >= 0; s--)
            {
                if ((rowOfBit[bits[r]]![bits[s] >> 6] >> bits[s] & 1) != 0)
                {
                    Add(rowOfBit[bits[s]]!, rowOfBit[bits[r]]!);
                }
            }
        }

        visit(outcome, probability);
        for (var number = 1; number < count; number++)
        {
            if ((number & 0xFFFF) == 0)
            {
                context.Check(context.OperationCount);
            }

            // From a number to the next, the lowest zero and the ones below it change.
            for (var r = 0; r <= BitOperations.TrailingZeroCount(number); r++)
            {
                Add(rowOfBit[bits[r]]!, outcome);
            }

            visit(outcome, probability);
        }
    }

    private ulong[]?[] Echelon(RunContext context)
    {
        var rowOfBit = new ulong[]?[64 * Words];
        for (var i = 0; i < Dimension; i++)
        {
            context.Check(context.OperationCount);
            var row = new ulong[Words];
            Add(i, row);
            for (var word = Words - 1; word >= 0;)
            {
                if (row[word] == 0)
                {
                    word--;
                    continue;
                }

                ref var other = ref rowOfBit[64 * word + BitOperations.Log2(row[word])];
                if (other is null)
                {
                    other = row;
                    break;
                }

                Add(other, row);
            }
        }

        return rowOfBit;
    }

    private static int SlotOf(int index) => index < Drawn ? 63 - index : 64 - Drawn + index;

    // Without a branch on bits that are random.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(ulong bits, int slot, int count, Span<ulong> to)
    {
        bits >>= slot;
        for (var w = 0; w < to.Length; w++)
        {
            var sum = 0UL;
            var directions = _directions.AsSpan((w * _slots) + slot, count);
            for (var k = 0; k < directions.Length; k++)
            {
                sum ^= directions[k] & (0 - (bits >> k & 1));
            }

            to[w] ^= sum;
        }
    }

    private static void Add(ReadOnlySpan<ulong> row, Span<ulong> to)
    {
        for (var w = 0; w < row.Length; w++)
        {
            to[w] ^= row[w];
        }
    }

    /// <summary>Writes the outcome whose random bits are all 0.</summary>
    public void CopyOffset(Span<ulong> outcome) => _offset.CopyTo(outcome);
}

using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Profiling;

/// <summary>Linear algebra over GF(2) on rows of bits that lie behind one another: each is one word, or whole vectors.</summary>
internal static class BitRows
{
    /// <summary>The words of a vector.</summary>
    public const int Lanes = 4;

    /// <summary>The words of a row of so many bits in whole vectors.</summary>
    public static int Words(int bits) => (bits + (64 * Lanes) - 1) / (64 * Lanes) * Lanes;

    /// <summary>The first bit that is set; -1 if none is.</summary>
    public static int First(ReadOnlySpan<ulong> row)
    {
        for (var w = 0; w < row.Length; w++)
        {
            if (row[w] != 0)
            {
                return (w << 6) + BitOperations.TrailingZeroCount(row[w]);
            }
        }

        return -1;
    }

    /// <summary>Adds a vector to each row that has a bit. Without a branch: whether a row has it is hard to foresee.</summary>
    /// <param name="rows">The rows; the vector is none of them.</param>
    /// <param name="vector">The vector, as long as a row.</param>
    /// <param name="bit">The bit.</param>
    public static void Eliminate(Span<ulong> rows, ReadOnlySpan<ulong> vector, int bit)
    {
        ref ulong added = ref MemoryMarshal.GetReference(vector), all = ref MemoryMarshal.GetReference(rows);
        if (vector.Length == 1)
        {
            var row = 0;
            for (var one = Vector256.Create(added); row <= rows.Length - Lanes; row += Lanes)
            {
                var four = Vector256.LoadUnsafe(ref all, (nuint)row);
                (four ^ (one & (Vector256<ulong>.Zero - ((four >>> bit) & Vector256<ulong>.One)))).StoreUnsafe(ref all, (nuint)row);
            }

            for (; row < rows.Length; row++)
            {
                rows[row] ^= added & (0UL - (rows[row] >> bit & 1));
            }

            return;
        }

        for (var row = 0; row < rows.Length; row += vector.Length)
        {
            Add(ref all, row, ref added, 0, vector.Length, rows[row + (bit >> 6)] >> bit);
        }
    }

    /// <summary>As above, for some of the rows; the vector has no bit before that one, and may lie among the rows, but not among those.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="bit">Its first bit.</param>
    /// <param name="which">The numbers of the rows.</param>
    public static void Eliminate(Span<ulong> rows, ReadOnlySpan<ulong> vector, int bit, ReadOnlySpan<int> which)
    {
        ref ulong added = ref MemoryMarshal.GetReference(vector), all = ref MemoryMarshal.GetReference(rows);
        if (vector.Length == 1)
        {
            foreach (var row in which)
            {
                rows[row] ^= added & (0UL - (rows[row] >> bit & 1));
            }

            return;
        }

        var start = (bit >> 6) / Lanes * Lanes;
        foreach (var number in which)
        {
            var row = number * vector.Length;
            Add(ref all, row, ref added, start, vector.Length, rows[row + (bit >> 6)] >> bit);
        }
    }

    private static void Add(ref ulong rows, int row, ref ulong added, int start, int end, ulong has)
    {
        var mask = Vector256.Create(0UL - (has & 1));
        for (var w = start; w < end; w += Lanes)
        {
            (Vector256.LoadUnsafe(ref rows, (nuint)(row + w)) ^ (Vector256.LoadUnsafe(ref added, (nuint)w) & mask)).StoreUnsafe(ref rows, (nuint)(row + w));
        }
    }
}

using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Profiling;

/// <summary>Linear algebra over GF(2) on rows of bits that lie behind one another: each is one word, or whole vectors.</summary>
internal static class BitRows
{
    /// <summary>The words of a vector.</summary>
    public const int Lanes = 4;

    /// <summary>How many vectors are added at once.</summary>
    public const int Together = 4;

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
            Add(ref all, row, ref added, vector.Length, rows[row + (bit >> 6)] >> bit);
        }
    }

    /// <summary>Adds to some rows that sum of up to four vectors that takes a bit of each out of them: one look at a row, and one sum, for all four.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="vectors">The numbers of the vectors among the rows; none is among those to be added to, and each alone has its bit, which is its first.</param>
    /// <param name="bits">The bits.</param>
    /// <param name="words">The words of a row.</param>
    /// <param name="which">The numbers of the rows to be added to.</param>
    public static void Eliminate(Span<ulong> rows, ReadOnlySpan<int> vectors, ReadOnlySpan<int> bits, int words, ReadOnlySpan<int> which)
    {
        // The sums of all subsets.
        Span<ulong> sums = stackalloc ulong[words << Together];
        sums[..words].Clear();
        for (var has = 1; has < 1 << Together; has++)
        {
            ReadOnlySpan<ulong> one = rows.Slice(vectors[BitOperations.TrailingZeroCount(has)] * words, words), others = sums.Slice((has & (has - 1)) * words, words);
            var both = sums.Slice(has * words, words);
            for (var w = 0; w < both.Length; w++)
            {
                both[w] = one[w] ^ others[w];
            }
        }

        int a = bits[0], b = bits[1], c = bits[2], d = bits[3];
        var start = words == 1 ? 0 : (Math.Min(Math.Min(a, b), Math.Min(c, d)) >> 6) / Lanes * Lanes;
        ref ulong all = ref MemoryMarshal.GetReference(rows), sum = ref MemoryMarshal.GetReference(sums);
        foreach (var number in which)
        {
            var row = number * words;
            var has = (int)(rows[row + (a >> 6)] >> a & 1) | (int)(rows[row + (b >> 6)] >> b & 1) << 1 | (int)(rows[row + (c >> 6)] >> c & 1) << 2 | (int)(rows[row + (d >> 6)] >> d & 1) << 3;
            if (words == 1)
            {
                rows[row] ^= sums[has];
                continue;
            }

            for (var w = start; w < words; w += Lanes)
            {
                (Vector256.LoadUnsafe(ref all, (nuint)(row + w)) ^ Vector256.LoadUnsafe(ref sum, (nuint)((has * words) + w))).StoreUnsafe(ref all, (nuint)(row + w));
            }
        }
    }

    private static void Add(ref ulong rows, int row, ref ulong added, int words, ulong has)
    {
        var mask = Vector256.Create(0UL - (has & 1));
        for (var w = 0; w < words; w += Lanes)
        {
            (Vector256.LoadUnsafe(ref rows, (nuint)(row + w)) ^ (Vector256.LoadUnsafe(ref added, (nuint)w) & mask)).StoreUnsafe(ref rows, (nuint)(row + w));
        }
    }
}

using System.Numerics;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>
/// Spreads operations over passes through the memory. A pass works on blocks of index bits: the lowest ones, so that rows of
/// amplitudes stay together, and a choice of others. It takes every operation that moves only these bits and commutes with
/// those left behind; bits that are only read may lie anywhere.
/// </summary>
internal static class PassPlanner
{
    /// <summary>The base-2 logarithm of the block that fits the second-level cache: 2^14 amplitudes are 256 KiB in double precision.</summary>
    public const int CacheBlockBits = 14;

    private const int MostRowBits = 6;

    // A block must hold every bit that one operation moves.
    private const int MostTargets = 5;

    // Blocked states should have at least eight blocks, so that threads share them evenly.
    private const int LeastBlockNumberBits = 3;
    private const int LeastCacheBlockBits = 12;

    /// <summary>The index bits in a block of a state; all of a small one.</summary>
    public static int BlockBits(int bits, int most = CacheBlockBits) => bits <= most ? bits : Math.Min(most, Math.Max(LeastCacheBlockBits, bits - LeastBlockNumberBits));

    /// <summary>The lowest bits, which are in every block.</summary>
    public static long Rows(int blockBits) => (1L << Math.Min(MostRowBits, blockBits - MostTargets)) - 1;

    /// <summary>Plans all operations; each pass is the bits of its blocks and the operations in order.</summary>
    public static List<(long BlockMask, List<int> Operations)> Plan(ReadOnlySpan<FusedOperation> operations, int bits, int blockBits)
    {
        var passes = new List<(long, List<int>)>();
        var left = new List<int>(operations.Length);
        for (var i = 0; i < operations.Length; i++)
        {
            left.Add(i);
        }

        if (blockBits == bits)
        {
            if (left.Count > 0)
            {
                passes.Add(((1L << bits) - 1, left));
            }

            return passes;
        }

        long rows = Rows(blockBits), all = (1L << bits) - 1;
        while (left.Count > 0)
        {
            // First come, first served; then again with one bit of that choice forbidden: a better choice often drops one bit.
            var best = Collect(operations, left, rows, 0, blockBits, all);
            for (var candidates = best.Mask & ~rows; candidates != 0; candidates &= candidates - 1)
            {
                var other = Collect(operations, left, rows, candidates & -candidates, blockBits, all);
                if (other.Value > best.Value)
                {
                    best = other;
                }
            }

            var mask = Fill(best.Mask, bits, blockBits);
            var (taken, rest) = Take(operations, left, mask);
            passes.Add((mask, taken));
            left = rest;
        }

        return passes;
    }

    // Scans for operations that can run, adding their bits while there is room; the value is the cost of all that would run.
    private static (long Mask, double Value) Collect(ReadOnlySpan<FusedOperation> operations, List<int> left, long mask, long forbidden, int blockBits, long all)
    {
        long blockedMoved = 0, blockedRead = 0;
        var value = 0.0;
        foreach (var index in left)
        {
            ref readonly var op = ref operations[index];
            if ((op.Moved & (blockedMoved | blockedRead)) == 0 && (op.Read & blockedMoved) == 0 && (op.Moved & forbidden) == 0
                && BitOperations.PopCount((ulong)(mask | op.Moved)) <= blockBits)
            {
                mask |= op.Moved;
                value += op.Cost;
                continue;
            }

            blockedMoved |= op.Moved;
            blockedRead |= op.Read;
            if (blockedMoved == all)
            {
                break;
            }
        }

        return (mask, value);
    }

    private static (List<int> Taken, List<int> Left) Take(ReadOnlySpan<FusedOperation> operations, List<int> left, long mask)
    {
        long blockedMoved = 0, blockedRead = 0;
        var taken = new List<int>(left.Count);
        var rest = new List<int>();
        foreach (var index in left)
        {
            ref readonly var op = ref operations[index];
            if ((op.Moved & (blockedMoved | blockedRead)) == 0 && (op.Read & blockedMoved) == 0 && (op.Moved & ~mask) == 0)
            {
                taken.Add(index);
                continue;
            }

            rest.Add(index);
            blockedMoved |= op.Moved;
            blockedRead |= op.Read;
        }

        return (taken, rest);
    }

    /// <summary>Fills a block with bits not asked for, from below, which makes rows longer.</summary>
    public static long Fill(long mask, int bits, int blockBits)
    {
        for (var bit = 0; bit < bits && BitOperations.PopCount((ulong)mask) < blockBits; bit++)
        {
            mask |= 1L << bit;
        }

        return mask;
    }
}

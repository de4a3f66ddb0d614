using System.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>
/// What passes over a state vector do, as amounts of work. Made pass by pass, in their order: blocks whose number has a bit that no amplitude has yet are left out.
/// </summary>
internal struct FusedWork
{
    /// <summary>
    /// The amounts: steps of kernels; amplitudes updated, weighted by the kernels' relative cost; those that ladders of phases multiply; those exchanged; those in passes over blocks in
    /// place; those that are copied for others; those on small pages of memory that are touched one by one, and those zeroed otherwise; those that measurements in mid-circuit go over; those
    /// that may be other than zero at the end, and so are read out.
    /// </summary>
    public const int Count = 10;

    public const int Steps = 0, Updated = 1, Phased = 2, Exchanged = 3, InPlace = 4, Copied = 5, Touched = 6, Zeroed = 7, Measured = 8, Read = 9;

    // Sums for reading out are over runs of so many amplitudes.
    private const int ReadBits = 11;

    // Measurements are over runs of neighbours, a page or more, at most so many.
    private const int LeastRunBits = 9, MostRunBits = 16;
    private readonly int _bits;
    private readonly int _blockBits;
    private MemoryPages _pages;
    private long _live;

    /// <param name="bits">The index bits of the state.</param>
    /// <param name="blockBits">Those of a block.</param>
    /// <param name="elementBytes">The bytes of a real number.</param>
    /// <param name="moved">The bits that the first run of gates moves amplitudes across: pages are chosen by them.</param>
    public FusedWork(int bits, int blockBits, int elementBytes, long moved)
    {
        (_bits, _blockBits) = (bits, blockBits);
        _pages = new MemoryPages(bits, elementBytes, moved);
        _pages.Touch(0);
    }

    /// <summary>The place of what is touched: pages are of one size.</summary>
    public readonly int TouchedKind => _pages.AreSingle ? Touched : Zeroed;

    /// <summary>The amplitudes on touched pages.</summary>
    public readonly double TouchedSoFar => _pages.Touched;

    /// <summary>The amplitudes that are read out.</summary>
    public readonly double Readable => PowersOfTwo.Of(Math.Min(_bits, ReadBits) + BitOperations.PopCount((ulong)(_live >> Math.Min(_bits, ReadBits))));

    /// <summary>Begins a pass: the amplitudes that it visits, those of them in blocks in place, and those that are copied to blocks and back.</summary>
    public (double Visited, double InPlace, double Copied) Visit(long blockMask, long moved)
    {
        // Of rows those are read that are not zero, and those written that may be no more. A block in place is one row.
        var row = blockMask & ~(blockMask + 1);
        var (visited, read) = (PowersOfTwo.Of(BitOperations.PopCount((ulong)(_live | blockMask))), PowersOfTwo.Of(BitOperations.PopCount((ulong)(_live | row))));
        _live |= moved;
        _pages.Touch(_live | row);
        var written = PowersOfTwo.Of(BitOperations.PopCount((ulong)(_live | row)));
        return _blockBits == _bits ? (visited, 0, 0) : row == blockMask ? (visited, visited, 0) : (visited, 0, (read + written) / 2);
    }

    /// <summary>The base-2 logarithm of how many neighbours are gone over together where amplitudes are summed or scaled: as long as their index bits are those that some amplitude has.</summary>
    public static int RunBits(int bits, long live)
    {
        var dead = BitOperations.TrailingZeroCount(~live >> LeastRunBits) + LeastRunBits;
        return Math.Min(bits, Math.Min(dead, MostRunBits));
    }

    /// <summary>Measures or resets a qubit: the amplitudes that are gone over, none where the bit is 0 in all of them. Whether the result is 0 is not known; where it is not, a reset makes it so.</summary>
    public double Measure(int bit)
    {
        if ((_live >> bit & 1) == 0)
        {
            return 0;
        }

        var runs = _live | ((1L << RunBits(_bits, _live)) - 1);
        var gone = PowersOfTwo.Of(BitOperations.PopCount((ulong)runs));
        _pages.Touch(runs);
        _live &= ~(1L << bit);
        return gone;
    }

    /// <summary>The share of the visited amplitudes that a product of phases multiplies: where all its factors look at one bit outside a row, half of them; one factor alone, those that have its bits.</summary>
    /// <param name="common">The bits that all factors look at.</param>
    /// <param name="factors">The number of factors.</param>
    public static double PhasedShare(long common, int factors)
    {
        const int rowBits = 7, laneBits = 3;
        return factors == 1 ? PowersOfTwo.Of(-BitOperations.PopCount((ulong)(common >> laneBits))) : common >> rowBits != 0 ? 0.5 : 1;
    }
}

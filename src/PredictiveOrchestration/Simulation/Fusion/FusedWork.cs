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
    /// place; those in passes over copied blocks; those on small pages of memory that are touched one by one, and those zeroed otherwise; those that may be other than zero at the end, and so are read out.
    /// </summary>
    public const int Count = 9;

    public const int Steps = 0, Updated = 1, Phased = 2, Exchanged = 3, InPlace = 4, Copied = 5, Touched = 6, Zeroed = 7, Read = 8;

    // Sums for reading out are over runs of so many amplitudes.
    private const int ReadBits = 11;
    private readonly int _bits;
    private readonly int _blockBits;
    private MemoryPages _pages;
    private long _live;

    /// <param name="bits">The index bits of the state.</param>
    /// <param name="blockBits">Those of a block.</param>
    /// <param name="elementBytes">The bytes of a real number.</param>
    /// <param name="moved">The bits that all operations move amplitudes across.</param>
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

    /// <summary>Begins a pass: the amplitudes that it visits, and of them those in blocks in place and in copied ones.</summary>
    public (double Visited, double InPlace, double Copied) Visit(long blockMask, long moved)
    {
        var outer = _live & ~blockMask;
        var visited = PowersOfTwo.Of(_blockBits + BitOperations.PopCount((ulong)outer));
        _pages.Touch(outer | blockMask);
        _live |= moved;
        return _blockBits == _bits ? (visited, 0, 0) : (blockMask & (blockMask + 1)) == 0 ? (visited, visited, 0) : (visited, 0, visited);
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

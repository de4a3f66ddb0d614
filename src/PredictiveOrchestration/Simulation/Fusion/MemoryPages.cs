using System.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>Which pages of memory passes over amplitudes touch: a page takes the system time when it is first written, whatever is written.</summary>
/// <param name="bits">The base-2 logarithm of the number of amplitudes.</param>
/// <param name="elementBytes">The bytes of a real number.</param>
/// <param name="live">The index bits that are 1 in some amplitude at the end.</param>
internal struct MemoryPages(int bits, int elementBytes, long live)
{
    private const int PageBytes = 4096;

    // To zero a byte of a huge page costs about an eighth of what it does on small ones: 64 MB took 2.4 and 20 ms.
    private const int HugePageGain = 8;
    private readonly bool _huge = UsesHugePages(bits, elementBytes, live);

    // The widest of the spaces of indices touched so far, and all their bits.
    private long _widest;
    private long _all;

    /// <summary>Whether the system hands them out one by one: each is then a call of its own, which takes microseconds. A small state is zeroed at once.</summary>
    public readonly bool AreSingle => IsLarge(bits, elementBytes) && !_huge;

    /// <summary>The amplitudes on pages touched so far.</summary>
    public double Touched { get; private set; }

    /// <summary>Takes note that amplitudes are written whose index bits are among some.</summary>
    public void Touch(long indexBits)
    {
        var page = PageBits;
        indexBits >>= page;
        var shared = Touched == 0 ? 0 : PowersOfTwo.Of(page + BitOperations.PopCount((ulong)(indexBits & _widest)));
        _all |= indexBits;
        _widest = BitOperations.PopCount((ulong)indexBits) > BitOperations.PopCount((ulong)_widest) ? indexBits : _widest;
        Touched = Math.Min(Touched + PowersOfTwo.Of(page + BitOperations.PopCount((ulong)indexBits)) - shared, PowersOfTwo.Of(page + BitOperations.PopCount((ulong)_all)));
    }

    /// <summary>Whether huge pages are better: unless so few amplitudes will be other than zero that most of each page would be zeroed for nothing.</summary>
    public static bool UsesHugePages(int bits, int elementBytes, long live) =>
        IsLarge(bits, elementBytes) && OnPages(bits, NativeBlocks.HugePage, elementBytes, live) <= HugePageGain * OnPages(bits, PageBytes, elementBytes, live);

    /// <summary>Whether a state may be on huge pages.</summary>
    public static bool IsLarge(int bits, int elementBytes) => ((2L * elementBytes) << bits) >= 2 * (long)NativeBlocks.HugePage;

    private readonly int PageBits => Math.Min(bits, BitOperations.Log2((ulong)((_huge ? NativeBlocks.HugePage : PageBytes) / elementBytes)));

    private static double OnPages(int bits, long pageBytes, int elementBytes, long live)
    {
        var page = Math.Min(bits, BitOperations.Log2((ulong)(pageBytes / elementBytes)));
        return PowersOfTwo.Of(page + BitOperations.PopCount((ulong)(live >> page)));
    }
}

using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// The amplitudes of a block of 2^blockBits whose index has given bits fixed, as runs of consecutive amplitudes. Fixed bits are
/// bit 2 and above, so that every run begins at a multiple of four and holds whole vectors of four.
/// </summary>
internal readonly struct RunLayout
{
    private const int LongestRunBits = 10;
    private readonly FixedBits _bits;
    private readonly int _count;
    private readonly int _runBits;

    /// <param name="blockBits">The base-2 logarithm of the block's length, at least 2.</param>
    /// <param name="bits">The fixed bits, ascending, each at least 2 and below <paramref name="blockBits"/>; at most 32.</param>
    /// <param name="value">The value of the fixed bits, in place.</param>
    public RunLayout(int blockBits, ReadOnlySpan<int> bits, long value)
    {
        _count = bits.Length;
        var fixedBits = default(FixedBits);
        for (var i = 0; i < bits.Length; i++)
        {
            fixedBits[i] = (byte)bits[i];
        }

        _bits = fixedBits;

        _runBits = Math.Min(bits.IsEmpty ? blockBits : bits[0], LongestRunBits);
        Value = value;
        RunCount = 1L << (blockBits - bits.Length - _runBits);
    }

    public long Value { get; }

    public long RunCount { get; }

    /// <summary>The amplitudes in a run.</summary>
    public int RunLength => 1 << _runBits;

    /// <summary>The index of the first amplitude of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Start(long run)
    {
        var index = run << _runBits;
        for (var i = 0; i < _count; i++)
        {
            var low = index & ((1L << _bits[i]) - 1);
            index = ((index - low) << 1) | low;
        }

        return index | Value;
    }

    [InlineArray(32)]
    private struct FixedBits
    {
        private byte _first;
    }
}

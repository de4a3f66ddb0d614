using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>A square of 64 by 64 bits: word r holds row r, bit c its column c.</summary>
internal static class BitSquare
{
    /// <summary>Exchanges rows and columns, by blocks of halving size (Warren, Hacker's Delight, 7-3).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(Span<ulong> square)
    {
        var mask = 0x00000000FFFFFFFFUL;
        for (var size = 32; size != 0; size >>= 1, mask ^= mask << size)
        {
            for (var row = 0; row < 64; row = (row + size + 1) & ~size)
            {
                var swapped = ((square[row] >> size) ^ square[row + size]) & mask;
                square[row + size] ^= swapped;
                square[row] ^= swapped << size;
            }
        }
    }
}

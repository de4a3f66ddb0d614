using System.Numerics;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// The cores of the latest different operators on two qubits: layers of a circuit repeat the same blocks, and a decomposition takes forty times as long as finding
/// it here. Cores are not changed once made, so that several gates share them.
/// </summary>
internal sealed class PairCache
{
    private const int Slots = 64, Size = 16;
    private readonly Complex[] _matrices = new Complex[Slots * Size];
    private readonly OperatorCore[]?[] _cores = new OperatorCore[]?[Slots];

    /// <summary>The place of an operator's cores; null there if they are to be made.</summary>
    /// <param name="matrix">The 4 × 4 matrix, bit for bit.</param>
    public ref OperatorCore[]? At(ReadOnlySpan<Complex> matrix)
    {
        var numbers = MemoryMarshal.Cast<Complex, long>(matrix);
        ulong hash = 0;
        foreach (var number in numbers)
        {
            hash = (hash ^ (ulong)number) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 29;
        }

        var slot = (int)(hash >> 40) & (Slots - 1);
        var kept = _matrices.AsSpan(slot * Size, Size);
        if (!MemoryMarshal.Cast<Complex, long>(kept).SequenceEqual(numbers))
        {
            matrix.CopyTo(kept);
            _cores[slot] = null;
        }

        return ref _cores[slot];
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// The cores of the latest different operators, those on two qubits and those on one under controls: layers of a circuit repeat the same blocks, and a decomposition takes
/// many times as long as finding it here. Cores are not changed once made, so that several gates share them.
/// </summary>
internal sealed class CoreCache
{
    private const int Slots = 64, Size = 16;
    private readonly Complex[] _matrices = new Complex[Slots * Size];
    private readonly int[] _shapes = new int[Slots];
    private readonly OperatorCore[]?[] _cores = new OperatorCore[]?[Slots];

    /// <summary>The place of an operator's cores; null there if they are to be made.</summary>
    /// <param name="matrix">The 2 × 2 or 4 × 4 matrix, bit for bit.</param>
    /// <param name="shape">Says what else the cores depend on.</param>
    public ref OperatorCore[]? At(ReadOnlySpan<Complex> matrix, int shape)
    {
        var numbers = MemoryMarshal.Cast<Complex, ulong>(matrix);
        const ulong factor = 0x9E3779B97F4A7C15;

        // Four at a time: each multiplication waits for the one before it.
        ulong a = (ulong)shape, b = 0, c = 0, d = 0;
        for (var i = 0; i + 3 < numbers.Length; i += 4)
        {
            (a, b, c, d) = (Mix(a, numbers[i]), Mix(b, numbers[i + 1]), Mix(c, numbers[i + 2]), Mix(d, numbers[i + 3]));
        }

        var hash = Mix(Mix(Mix(a, b), c), d);
        var slot = (int)(hash >> 40) & (Slots - 1);
        var kept = _matrices.AsSpan(slot * Size, matrix.Length);
        if (_shapes[slot] != shape || !MemoryMarshal.Cast<Complex, ulong>(kept).SequenceEqual(numbers))
        {
            matrix.CopyTo(kept);
            _shapes[slot] = shape;
            _cores[slot] = null;
        }

        return ref _cores[slot];

        static ulong Mix(ulong hash, ulong number)
        {
            hash = (hash ^ number) * factor;
            return hash ^ (hash >> 29);
        }
    }
}

using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Draws basis states in two levels: the block whose cumulative weight first exceeds a draw, then the state within the block. Draws
/// are gathered by block without sorting them all, so that each block is walked once.
/// </summary>
internal sealed unsafe class DenseSampler
{
    private const int GreatestBlockBits = 11;
    private readonly AmplitudeMemory _amplitudes;
    private readonly DenseKernelSet _kernels;
    private readonly int _blockBits;
    private readonly double[] _probabilities;
    private readonly double[] _cumulative;

    /// <param name="amplitudes">The state.</param>
    /// <param name="kernels">What reads it.</param>
    /// <param name="blockBits">The base-2 logarithm of a block's length.</param>
    /// <param name="sums">The weight of each block; taken over.</param>
    public DenseSampler(AmplitudeMemory amplitudes, DenseKernelSet kernels, int blockBits, double[] sums)
    {
        _amplitudes = amplitudes;
        _kernels = kernels;
        _blockBits = blockBits;
        _probabilities = new double[1 << blockBits];
        _cumulative = sums;
        for (var i = 1; i < sums.Length; i++)
        {
            sums[i] += sums[i - 1];
        }
    }

    public static int BlockBitsOf(int bits) => Math.Min(GreatestBlockBits, bits);

    public void Sample(BitPacker packer, ReadOnlySpan<double> draws, Span<ulong> outcomes, RunContext context)
    {
        var total = _cumulative[^1];
        var block = new int[draws.Length];
        var first = new int[_cumulative.Length + 1];
        for (var i = 0; i < draws.Length; i++)
        {
            block[i] = Find(draws[i] * total);
            first[block[i] + 1]++;
        }

        for (var b = 0; b < _cumulative.Length; b++)
        {
            first[b + 1] += first[b];
        }

        var order = new int[draws.Length];
        var fill = first.AsSpan(0, _cumulative.Length).ToArray();
        for (var i = 0; i < draws.Length; i++)
        {
            order[fill[block[i]]++] = i;
        }

        var keys = Array.Empty<double>();
        for (var b = 0; b < _cumulative.Length; b++)
        {
            var count = first[b + 1] - first[b];
            if (count == 0)
            {
                continue;
            }

            if ((b & 0xFF) == 0)
            {
                context.Check(context.OperationCount);
            }

            if (keys.Length < count)
            {
                keys = new double[Math.Max(count, 2 * keys.Length)];
            }

            var shots = order.AsSpan(first[b], count);
            for (var i = 0; i < count; i++)
            {
                keys[i] = draws[shots[i]] * total;
            }

            keys.AsSpan(0, count).Sort(shots);
            Walk(b, keys.AsSpan(0, count), shots, packer, outcomes);
        }
    }

    // The first block whose cumulative weight exceeds the value; rounding at the upper end falls to the last block with weight.
    private int Find(double value)
    {
        int low = 0, high = _cumulative.Length - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_cumulative[middle] > value)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        while (low > 0 && _cumulative[low] == _cumulative[low - 1])
        {
            low--;
        }

        return low;
    }

    private void Walk(int block, ReadOnlySpan<double> keys, ReadOnlySpan<int> shots, BitPacker packer, Span<ulong> outcomes)
    {
        var start = (long)block << _blockBits;
        _kernels.Probabilities(_amplitudes.Re, _amplitudes.Im, start, _probabilities);
        var cumulative = block == 0 ? 0 : _cumulative[block - 1];
        long last = -1;
        var next = 0;
        for (var k = 0; k < 1 << _blockBits && next < keys.Length; k++)
        {
            var p = _probabilities[k];
            if (p == 0)
            {
                continue;
            }

            cumulative += p;
            last = k;
            if (keys[next] < cumulative)
            {
                var outcome = packer.Pack(start + k);
                for (; next < keys.Length && keys[next] < cumulative; next++)
                {
                    outcomes[shots[next]] = outcome;
                }
            }
        }

        // The two sums of the block differ by rounding: draws just below its end belong to its last basis state.
        for (; next < keys.Length; next++)
        {
            outcomes[shots[next]] = packer.Pack(start + last);
        }
    }
}

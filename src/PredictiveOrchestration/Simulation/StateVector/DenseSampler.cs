using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Draws basis states in two levels: the block whose cumulative weight first exceeds a draw, then the state within the block. Draws
/// are gathered by block and sorted there, so that each block is walked once and threads can share the blocks. Outcomes come in the
/// order of the basis states, whatever the threads.
/// </summary>
internal sealed unsafe class DenseSampler
{
    private const int GreatestBlockBits = 11;
    private const int DrawsPerChunk = 1 << 14;
    private const int BlocksPerChunk = 16;
    private readonly AmplitudeMemory _amplitudes;
    private readonly DenseKernelSet _kernels;
    private readonly int _blockBits;
    private readonly double[] _cumulative;
    private readonly double _total;

    // For equal parts of the total weight, the block in which each begins: where the search for a draw's block starts.
    private readonly int[] _guide;
    private readonly double _guideScale;

    /// <param name="amplitudes">The state.</param>
    /// <param name="kernels">What reads it.</param>
    /// <param name="blockBits">The base-2 logarithm of a block's length.</param>
    /// <param name="sums">The weight of each block; taken over.</param>
    public DenseSampler(AmplitudeMemory amplitudes, DenseKernelSet kernels, int blockBits, double[] sums)
    {
        _amplitudes = amplitudes;
        _kernels = kernels;
        _blockBits = blockBits;
        _cumulative = sums;
        for (var i = 1; i < sums.Length; i++)
        {
            sums[i] += sums[i - 1];
        }

        _total = sums[^1];
        _guide = new int[sums.Length];
        _guideScale = sums.Length / _total;
        for (int part = 0, block = 0; part < _guide.Length; part++)
        {
            while (block < sums.Length - 1 && sums[block] * _guideScale <= part)
            {
                block++;
            }

            _guide[part] = block;
        }
    }

    public static int BlockBitsOf(int bits) => Math.Min(GreatestBlockBits, bits);

    /// <summary>The bytes of the tables for a number of blocks and draws.</summary>
    public static long TableBytes(long blocks, long draws) => blocks * (sizeof(double) + 3 * sizeof(int)) + draws * (sizeof(double) + sizeof(int));

    /// <summary>Writes the outcome of each draw, in the order of the basis states.</summary>
    /// <param name="packer">Makes the outcome of a basis state.</param>
    /// <param name="draws">Numbers in [0, 1).</param>
    /// <param name="outcomes">As many as the draws.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="context">Cancellation and deadline.</param>
    public void Sample(BitPacker packer, ReadOnlySpan<double> draws, Span<ulong> outcomes, int threads, RunContext context)
    {
        var block = new int[draws.Length];
        var first = new int[_cumulative.Length + 1];
        var keys = new double[draws.Length];
        fixed (double* draw = draws)
        fixed (ulong* outcome = outcomes)
        {
            double* from = draw;
            ulong* to = outcome;
            ParallelRange.Run(draws.Length, DrawsPerChunk, threads, context, context.OperationCount, (_, start, end) =>
            {
                for (var i = start; i < end; i++)
                {
                    block[i] = Find(from[i] * _total);
                }
            });
            foreach (var b in block)
            {
                first[b + 1]++;
            }

            for (var b = 0; b < _cumulative.Length; b++)
            {
                first[b + 1] += first[b];
            }

            var fill = first.AsSpan(0, _cumulative.Length).ToArray();
            for (var i = 0; i < block.Length; i++)
            {
                keys[fill[block[i]]++] = from[i] * _total;
            }

            ParallelRange.Run(_cumulative.Length, BlocksPerChunk, draws.Length < DrawsPerChunk ? 1 : threads, context, context.OperationCount, (_, start, end) =>
            {
                double[]? probabilities = null;
                for (var b = (int)start; b < end; b++)
                {
                    var count = first[b + 1] - first[b];
                    if (count > 0)
                    {
                        var drawn = keys.AsSpan(first[b], count);
                        drawn.Sort();
                        Walk(b, drawn, probabilities ??= new double[1 << _blockBits], packer, new Span<ulong>(to + first[b], count));
                    }
                }
            });
        }
    }

    // The first block whose cumulative weight exceeds the value; rounding at the upper end falls to the last block with weight.
    private int Find(double value)
    {
        var block = _guide[Math.Min((int)(value * _guideScale), _guide.Length - 1)];
        while (block > 0 && _cumulative[block - 1] > value)
        {
            block--;
        }

        while (block < _cumulative.Length - 1 && _cumulative[block] <= value)
        {
            block++;
        }

        while (block > 0 && _cumulative[block] == _cumulative[block - 1])
        {
            block--;
        }

        return block;
    }

    private void Walk(int block, ReadOnlySpan<double> keys, Span<double> probabilities, BitPacker packer, Span<ulong> outcomes)
    {
        var start = (long)block << _blockBits;
        _kernels.Probabilities(_amplitudes.Re, _amplitudes.Im, start, probabilities);
        var cumulative = block == 0 ? 0 : _cumulative[block - 1];
        long last = -1;
        var next = 0;
        for (var k = 0; k < probabilities.Length && next < keys.Length; k++)
        {
            var p = probabilities[k];
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
                    outcomes[next] = outcome;
                }
            }
        }

        // The two sums of the block differ by rounding: draws just below its end belong to its last basis state.
        for (; next < keys.Length; next++)
        {
            outcomes[next] = packer.Pack(start + last);
        }
    }
}

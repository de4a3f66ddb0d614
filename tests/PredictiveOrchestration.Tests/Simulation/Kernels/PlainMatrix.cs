using System.Numerics;

namespace PredictiveOrchestration.Tests.Simulation.Kernels;

/// <summary>What a gate does, written out amplitude by amplitude: slow, obvious, without any code of the engines.</summary>
internal static unsafe class PlainMatrix
{
    /// <summary>
    /// Applies a matrix to the groups of amplitudes that differ in the target bits and have all control bits set.
    /// Group number g of 2^(blockBits - fixed bits) is found by inserting zero bits at the fixed positions.
    /// </summary>
    /// <param name="re">Real parts.</param>
    /// <param name="im">Imaginary parts.</param>
    /// <param name="fixedBits">Targets and controls, ascending.</param>
    /// <param name="controlMask">The control bits.</param>
    /// <param name="targets">The target bits; bit j of a matrix index is <c>targets[j]</c>.</param>
    /// <param name="matrix">Row-major.</param>
    /// <param name="first">The first group.</param>
    /// <param name="last">One past the last group.</param>
    public static void Apply(
        double* re, double* im, ReadOnlySpan<int> fixedBits, long controlMask, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix, long first, long last)
    {
        var size = 1 << targets.Length;
        Span<long> offsets = stackalloc long[size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < targets.Length; j++)
            {
                offsets[i] |= (long)(i >> j & 1) << targets[j];
            }
        }

        Span<Complex> values = stackalloc Complex[size];
        for (var group = first; group < last; group++)
        {
            var index = group;
            foreach (var bit in fixedBits)
            {
                var low = index & ((1L << bit) - 1);
                index = ((index - low) << 1) | low;
            }

            index |= controlMask;
            for (var i = 0; i < size; i++)
            {
                values[i] = new Complex(re[index + offsets[i]], im[index + offsets[i]]);
            }

            for (var i = 0; i < size; i++)
            {
                Complex sum = 0;
                for (var j = 0; j < size; j++)
                {
                    sum += matrix[i * size + j] * values[j];
                }

                re[index + offsets[i]] = sum.Real;
                im[index + offsets[i]] = sum.Imaginary;
            }
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// Updates of planar amplitudes (real parts, imaginary parts) in vectors of four doubles. Index bits 0 and 1 are the lane of a
/// vector: what they decide (targets or controls there) is folded into lane-wise coefficients and lane shuffles, so that one kernel
/// serves every position of targets and controls. Scalar twins stand in <see cref="DenseScalarKernels"/>.
/// </summary>
internal static unsafe class DenseKernels
{
    /// <summary>Whether these kernels are compiled to vector instructions.</summary>
    public static bool IsAccelerated => Vector256.IsHardwareAccelerated;

    /// <summary>a *= phase, lane by lane, over runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(double* re, double* im, in RunLayout runs, long first, long last, Vector256<double> phaseRe, Vector256<double> phaseIm)
    {
        var length = runs.RunLength;
        for (var run = first; run < last; run++)
        {
            var start = runs.Start(run);
            double* r = re + start, i = im + start;
            for (var k = 0; k < length; k += 4)
            {
                Vector256<double> ar = Vector256.Load(r + k), ai = Vector256.Load(i + k);
                (ar * phaseRe - ai * phaseIm).Store(r + k);
                (ar * phaseIm + ai * phaseRe).Store(i + k);
            }
        }
    }

    /// <summary>Exchanges the amplitudes of each run with those <paramref name="stride"/> further: X on a target of bit 2 or above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Exchange(double* re, double* im, in RunLayout runs, long first, long last, long stride)
    {
        var length = runs.RunLength;
        for (var run = first; run < last; run++)
        {
            var start = runs.Start(run);
            ExchangeRun(re + start, re + start + stride, length);
            ExchangeRun(im + start, im + start + stride, length);
        }
    }

    /// <summary>A 2×2 matrix on a target of bit 2 or above; coefficients row-major, the same in all lanes or folded with low controls.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pair(double* re, double* im, in RunLayout runs, long first, long last, long stride, ReadOnlySpan<Vector256<double>> cr, ReadOnlySpan<Vector256<double>> ci)
    {
        Vector256<double> r00 = cr[0], r01 = cr[1], r10 = cr[2], r11 = cr[3];
        Vector256<double> i00 = ci[0], i01 = ci[1], i10 = ci[2], i11 = ci[3];
        var length = runs.RunLength;
        for (var run = first; run < last; run++)
        {
            var start = runs.Start(run);
            double* lr = re + start, li = im + start, hr = lr + stride, hi = li + stride;
            for (var k = 0; k < length; k += 4)
            {
                Vector256<double> ar = Vector256.Load(lr + k), ai = Vector256.Load(li + k), br = Vector256.Load(hr + k), bi = Vector256.Load(hi + k);
                (r00 * ar - i00 * ai + r01 * br - i01 * bi).Store(lr + k);
                (r00 * ai + i00 * ar + r01 * bi + i01 * br).Store(li + k);
                (r10 * ar - i10 * ai + r11 * br - i11 * bi).Store(hr + k);
                (r10 * ai + i10 * ar + r11 * bi + i11 * br).Store(hi + k);
            }
        }
    }

    /// <summary>
    /// A general matrix. Vector h of a group is at offset <paramref name="offsets"/>[h]; new[h] = Σ over g and lane exchanges s of
    /// coefficient[h, g, s] times vector g with its lanes exchanged by XOR with <paramref name="shuffles"/>[s].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Matrix(
        double* re, double* im, in RunLayout runs, long first, long last,
        ReadOnlySpan<long> offsets, ReadOnlySpan<int> shuffles, Vector256<double>* cr, Vector256<double>* ci)
    {
        var size = offsets.Length;
        var terms = size * shuffles.Length;
        var vr = stackalloc Vector256<double>[terms];
        var vi = stackalloc Vector256<double>[terms];
        var length = runs.RunLength;
        for (var run = first; run < last; run++)
        {
            var start = runs.Start(run);
            for (var k = 0; k < length; k += 4)
            {
                for (int g = 0, t = 0; g < size; g++)
                {
                    Vector256<double> ar = Vector256.Load(re + start + k + offsets[g]), ai = Vector256.Load(im + start + k + offsets[g]);
                    foreach (var s in shuffles)
                    {
                        vr[t] = ExchangeLanes(ar, s);
                        vi[t++] = ExchangeLanes(ai, s);
                    }
                }

                Vector256<double>* pr = cr, pi = ci;
                for (var h = 0; h < size; h++)
                {
                    Vector256<double> sumR = Vector256<double>.Zero, sumI = Vector256<double>.Zero;
                    for (var t = 0; t < terms; t++)
                    {
                        sumR += pr[t] * vr[t] - pi[t] * vi[t];
                        sumI += pr[t] * vi[t] + pi[t] * vr[t];
                    }

                    sumR.Store(re + start + k + offsets[h]);
                    sumI.Store(im + start + k + offsets[h]);
                    pr += terms;
                    pi += terms;
                }
            }
        }
    }

    /// <summary>The sum of |a|² over runs, each lane weighted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Norm(double* re, double* im, in RunLayout runs, long first, long last, Vector256<double> laneWeight)
    {
        var length = runs.RunLength;
        var sum = Vector256<double>.Zero;
        for (var run = first; run < last; run++)
        {
            var start = runs.Start(run);
            for (var k = 0; k < length; k += 4)
            {
                Vector256<double> r = Vector256.Load(re + start + k), i = Vector256.Load(im + start + k);
                sum += r * r + i * i;
            }
        }

        return Vector256.Sum(sum * laneWeight);
    }

    private static void ExchangeRun(double* a, double* b, int length)
    {
        for (var k = 0; k < length; k += 4)
        {
            var va = Vector256.Load(a + k);
            Vector256.Load(b + k).Store(a + k);
            va.Store(b + k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ExchangeLanes(Vector256<double> v, int xor) => xor switch
    {
        0 => v,
        1 => Vector256.Shuffle(v, Vector256.Create(1L, 0, 3, 2)),
        2 => Vector256.Shuffle(v, Vector256.Create(2L, 3, 0, 1)),
        _ => Vector256.Shuffle(v, Vector256.Create(3L, 2, 1, 0)),
    };
}

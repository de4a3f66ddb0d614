using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>A matrix on a single entry, or on a pair of them: where vectors do not fit.</summary>
internal static unsafe class SparsePair
{
    /// <summary>Mixes an entry without partner: its own part stays, the other part is written to <paramref name="to"/>.</summary>
    /// <returns>Whether a probability is below the threshold.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Spread(SparsePlanes planes, int i, int to, BasisIndex bit, in PairMatrix m, double threshold)
    {
        var index = planes.IndexAt(i);
        var (re, im) = (planes.Re[i], planes.Im[i]);
        var (ownRe, ownIm, otherRe, otherIm) = index.Has(bit) ? (m.Re11, m.Im11, m.Re01, m.Im01) : (m.Re00, m.Im00, m.Re10, m.Im10);
        var (newRe, newIm) = (ownRe * re - ownIm * im, ownRe * im + ownIm * re);
        var (furtherRe, furtherIm) = (otherRe * re - otherIm * im, otherRe * im + otherIm * re);
        planes.Re[i] = newRe;
        planes.Im[i] = newIm;
        planes.Set(to, index ^ bit, furtherRe, furtherIm);
        return newRe * newRe + newIm * newIm < threshold || furtherRe * furtherRe + furtherIm * furtherIm < threshold;
    }

    /// <summary>Mixes two entries that differ in <paramref name="bit"/>.</summary>
    /// <returns>Whether a probability is below the threshold.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Mix(SparsePlanes planes, int i, int j, BasisIndex bit, in PairMatrix m, double threshold)
    {
        if (planes.IndexAt(i).Has(bit))
        {
            (i, j) = (j, i);
        }

        var (re0, im0, re1, im1) = (planes.Re[i], planes.Im[i], planes.Re[j], planes.Im[j]);
        var a = m.Re00 * re0 - m.Im00 * im0 + (m.Re01 * re1 - m.Im01 * im1);
        var b = m.Re00 * im0 + m.Im00 * re0 + (m.Re01 * im1 + m.Im01 * re1);
        var c = m.Re10 * re0 - m.Im10 * im0 + (m.Re11 * re1 - m.Im11 * im1);
        var d = m.Re10 * im0 + m.Im10 * re0 + (m.Re11 * im1 + m.Im11 * re1);
        (planes.Re[i], planes.Im[i], planes.Re[j], planes.Im[j]) = (a, b, c, d);
        return a * a + b * b < threshold || c * c + d * d < threshold;
    }
}

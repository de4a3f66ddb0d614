using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Profiling;

/// <summary>Arithmetic of several neighbouring bonds at once.</summary>
internal static class SketchedSizes
{
    /// <summary>Whether any bond is larger than its room once it has grown by a factor.</summary>
    public static bool IsBeyond(ReadOnlySpan<double> bond, ReadOnlySpan<double> room, double factor)
    {
        var k = 0;
        if (bond.Length >= Vector256<double>.Count)
        {
            ref double size = ref MemoryMarshal.GetReference(bond), most = ref MemoryMarshal.GetReference(room);
            for (; k <= bond.Length - Vector256<double>.Count; k += Vector256<double>.Count)
            {
                if (Vector256.GreaterThanAny(Vector256.LoadUnsafe(ref size, (nuint)k) * factor, Vector256.LoadUnsafe(ref most, (nuint)k)))
                {
                    return true;
                }
            }
        }

        for (; k < bond.Length; k++)
        {
            if (bond[k] * factor > room[k])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Multiplies all; gives their sum before.</summary>
    public static double Grow(Span<double> sizes, double factor)
    {
        double sum = 0;
        var k = 0;
        if (sizes.Length >= Vector256<double>.Count)
        {
            ref var size = ref MemoryMarshal.GetReference(sizes);
            var sums = Vector256<double>.Zero;
            for (; k <= sizes.Length - Vector256<double>.Count; k += Vector256<double>.Count)
            {
                var some = Vector256.LoadUnsafe(ref size, (nuint)k);
                sums += some;
                (some * factor).StoreUnsafe(ref size, (nuint)k);
            }

            sum = Vector256.Sum(sums);
        }

        for (; k < sizes.Length; k++)
        {
            sum += sizes[k];
            sizes[k] *= factor;
        }

        return sum;
    }
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Arithmetic of several neighbouring bonds at once. Spans of them are of all lengths, which a branch could not foresee: what is left behind the last whole vector is done as a vector as well, so
/// that behind every span there must be <see cref="Room"/> more numbers.
/// </summary>
internal static class SketchedSizes
{
    /// <summary>The numbers that must follow a span; they stay as they are.</summary>
    public const int Room = 4;

    private static readonly Vector256<double> Places = Vector256.Create(0.0, 1, 2, 3);

    /// <summary>Whether any bond is larger than its room once it has grown by a factor.</summary>
    public static bool IsBeyond(ReadOnlySpan<double> bond, ReadOnlySpan<double> room, double factor)
    {
        ref double size = ref MemoryMarshal.GetReference(bond), most = ref MemoryMarshal.GetReference(room);
        var (k, whole) = (0, bond.Length & -Vector256<double>.Count);
        for (; k < whole; k += Vector256<double>.Count)
        {
            if (Vector256.GreaterThanAny(Vector256.LoadUnsafe(ref size, (nuint)k) * factor, Vector256.LoadUnsafe(ref most, (nuint)k)))
            {
                return true;
            }
        }

        var beyond = Vector256.GreaterThan(Vector256.LoadUnsafe(ref size, (nuint)k) * factor, Vector256.LoadUnsafe(ref most, (nuint)k));
        return (beyond & First(bond.Length - k)) != Vector256<double>.Zero;
    }

    /// <summary>Multiplies all; gives their sum before.</summary>
    public static double Grow(Span<double> sizes, double factor)
    {
        ref var size = ref MemoryMarshal.GetReference(sizes);
        var (k, whole) = (0, sizes.Length & -Vector256<double>.Count);
        var sums = Vector256<double>.Zero;
        for (; k < whole; k += Vector256<double>.Count)
        {
            var some = Vector256.LoadUnsafe(ref size, (nuint)k);
            sums += some;
            (some * factor).StoreUnsafe(ref size, (nuint)k);
        }

        // What is not there adds nothing.
        var inside = First(sizes.Length - k);
        var rest = Vector256.LoadUnsafe(ref size, (nuint)k);
        Vector256.ConditionalSelect(inside, rest * factor, rest).StoreUnsafe(ref size, (nuint)k);
        rest &= inside;
        return Vector256.Sum(sums) + rest[0] + rest[1] + rest[2];
    }

    private static Vector256<double> First(int count) => Vector256.LessThan(Places, Vector256.Create((double)count));
}

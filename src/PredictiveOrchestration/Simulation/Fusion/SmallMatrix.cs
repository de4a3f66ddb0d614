using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>Products of the 4×4 matrices of two bits (row-major), two elements at a time.</summary>
internal static class SmallMatrix
{
    /// <summary>Writes the matrix of one-bit gates on the higher and the lower bit.</summary>
    public static void Kronecker(ReadOnlySpan<Complex> high, ReadOnlySpan<Complex> low, Span<Complex> product)
    {
        var result = Halves(product);
        var lowRows = MemoryMarshal.Cast<Complex, Vector256<double>>(low);
        for (var row = 0; row < 4; row++)
        {
            result[2 * row] = Times(high[row & 2], lowRows[row & 1]);
            result[2 * row + 1] = Times(high[row & 2 | 1], lowRows[row & 1]);
        }
    }

    /// <summary>Multiplies a 2×2 matrix from the left by another.</summary>
    public static void Multiply(ReadOnlySpan<Complex> matrix, Span<Complex> product)
    {
        var rows = MemoryMarshal.Cast<Complex, Vector256<double>>(product[..4]);
        Vector256<double> a = rows[0], b = rows[1];
        rows[0] = Times(matrix[0], a) + Times(matrix[1], b);
        rows[1] = Times(matrix[2], a) + Times(matrix[3], b);
    }

    /// <summary>Multiplies from the left by X on a bit, with the other one as its control or without.</summary>
    public static void Exchange(int target, bool isControlled, Span<Complex> product)
    {
        var rows = Halves(product);
        int step = 2 << target, other = 2 << (1 - target);
        for (var start = isControlled ? other : 0; start <= other; start += other)
        {
            (rows[start], rows[start + step]) = (rows[start + step], rows[start]);
            (rows[start + 1], rows[start + step + 1]) = (rows[start + step + 1], rows[start + 1]);
        }
    }

    /// <summary>Multiplies from the left by a 2×2 matrix on a bit, with the other one as its control or without.</summary>
    public static void MultiplySingle(ReadOnlySpan<Complex> matrix, int target, bool isControlled, Span<Complex> product)
    {
        var rows = Halves(product);
        Complex m0 = matrix[0], m1 = matrix[1], m2 = matrix[2], m3 = matrix[3];
        int step = 2 << target, other = 2 << (1 - target);
        for (var start = isControlled ? other : 0; start <= other; start += other)
        {
            for (var half = start; half < start + 2; half++)
            {
                Vector256<double> a = rows[half], b = rows[half + step];
                rows[half] = Times(m0, a) + Times(m1, b);
                rows[half + step] = Times(m2, a) + Times(m3, b);
            }
        }
    }

    /// <summary>Multiplies from the left by a 4×4 matrix whose lower index bit is the lower bit (first = 0) or the higher one.</summary>
    public static void MultiplyPair(ReadOnlySpan<Complex> matrix, int first, Span<Complex> product)
    {
        var rows = Halves(product);
        int one = first == 0 ? 2 : 4, two = 6 - one;
        for (var half = 0; half < 2; half++)
        {
            Vector256<double> a = rows[half], b = rows[one + half], c = rows[two + half], d = rows[6 + half];
            rows[half] = Row(matrix, 0, a, b, c, d);
            rows[one + half] = Row(matrix, 4, a, b, c, d);
            rows[two + half] = Row(matrix, 8, a, b, c, d);
            rows[6 + half] = Row(matrix, 12, a, b, c, d);
        }
    }

    private static Vector256<double> Row(ReadOnlySpan<Complex> matrix, int at, Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d) =>
        Times(matrix[at], a) + Times(matrix[at + 1], b) + Times(matrix[at + 2], c) + Times(matrix[at + 3], d);

    // The left and the right half of each row: two complex numbers each.
    private static Span<Vector256<double>> Halves(Span<Complex> product) => MemoryMarshal.Cast<Complex, Vector256<double>>(product[..16]);

    private static Vector256<double> Times(Complex factor, Vector256<double> pair)
    {
        var turned = Vector256.Shuffle(pair, Vector256.Create(1L, 0, 3, 2)) * Vector256.Create(-1.0, 1, -1, 1);
        return Vector256.Create(factor.Real) * pair + Vector256.Create(factor.Imaginary) * turned;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>Products of 2 × 2 and 4 × 4 complex matrices, row by row, in place.</summary>
internal static class SmallProducts
{
    // Real and imaginary part in turn.
    private static Vector256<double> Signs => Vector256.Create(-1.0, 1, -1, 1);

    /// <summary>B = A · B, both 2 × 2 or 4 × 4.</summary>
    public static void Multiply(ReadOnlySpan<Complex> a, Span<Complex> b)
    {
        var size = a.Length == 4 ? 2 : 4;
        Span<Complex> before = stackalloc Complex[16];
        b.CopyTo(before);
        ref var rows = ref Doubles(before);
        ref var result = ref Doubles(b);
        for (var row = 0; row < size; row++)
        {
            for (var part = 0; part < 2 * size; part += 4)
            {
                var sum = Vector256<double>.Zero;
                for (var k = 0; k < size; k++)
                {
                    sum += Times(a[(row * size) + k], At(ref rows, (2 * size * k) + part));
                }

                sum.StoreUnsafe(ref result, (nuint)((2 * size * row) + part));
            }
        }
    }

    /// <summary>Rows i and j of a 4 × 4 matrix become those of the 2 × 2 matrix times both.</summary>
    public static void Mix(ReadOnlySpan<Complex> a, Span<Complex> b, int i, int j)
    {
        ref var result = ref Doubles(b);
        for (var part = 0; part < 8; part += 4)
        {
            Vector256<double> x = At(ref result, (8 * i) + part), y = At(ref result, (8 * j) + part);
            (Times(a[0], x) + Times(a[1], y)).StoreUnsafe(ref result, (nuint)((8 * i) + part));
            (Times(a[2], x) + Times(a[3], y)).StoreUnsafe(ref result, (nuint)((8 * j) + part));
        }
    }

    /// <summary>The Kronecker product of two 2 × 2 matrices; the index of the first is bit 1 of the result's.</summary>
    public static void Kronecker(ReadOnlySpan<Complex> high, ReadOnlySpan<Complex> low, Span<Complex> product)
    {
        for (var i = 0; i < 16; i++)
        {
            int row = i >> 2, column = i & 3;
            product[i] = high[((row >> 1) * 2) + (column >> 1)] * low[((row & 1) * 2) + (column & 1)];
        }
    }

    private static ref double Doubles(Span<Complex> matrix) => ref Unsafe.As<Complex, double>(ref MemoryMarshal.GetReference(matrix));

    private static Vector256<double> At(ref double matrix, int index) => Vector256.LoadUnsafe(ref matrix, (nuint)index);

    // Two complex numbers times one.
    private static Vector256<double> Times(Complex factor, Vector256<double> pair) =>
        (Vector256.Create(factor.Real) * pair) + (Vector256.Create(factor.Imaginary) * Signs * Vector256.Shuffle(pair, Vector256.Create(1L, 0, 3, 2)));
}

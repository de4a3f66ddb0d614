using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Tests.Simulation;

/// <summary>Small products in place against MathNet.</summary>
public sealed class SmallMatrixTests
{
    [Fact]
    public void Multiply_RandomMatrices_AgreesWithMathNet()
    {
        var (a, b) = (Random(2, 1), Random(2, 2));
        var product = b.ToRowMajorArray();
        SmallMatrix.Multiply(a.ToRowMajorArray(), product);
        Distance(product, a * b).Should().BeLessThan(1e-14);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void MultiplyPair_EitherBitFirst_AgreesWithMathNet(int first)
    {
        var (a, b) = (Random(4, 1), Random(4, 2));
        var ordered = Matrix<Complex>.Build.Dense(4, 4, (r, c) => first == 0 ? a[r, c] : a[Reverse(r), Reverse(c)]);
        var product = b.ToRowMajorArray();
        SmallMatrix.MultiplyPair(a.ToRowMajorArray(), first, product);
        Distance(product, ordered * b).Should().BeLessThan(1e-14);

        static int Reverse(int index) => ((index & 1) << 1) | (index >> 1);
    }

    [Theory]
    [InlineData(1, false, 0, 2)]
    [InlineData(1, false, 1, 3)]
    [InlineData(0, false, 0, 1)]
    [InlineData(0, false, 2, 3)]
    [InlineData(0, true, 2, 3)]
    [InlineData(1, true, 1, 3)]
    public void MultiplySingle_TwoRows_IsAProductWithAMatrixThatIsTheIdentityElsewhere(int target, bool isControlled, int i, int j)
    {
        var (small, b) = (Random(2, 3), Random(4, 4));
        var wide = Matrix<Complex>.Build.DenseIdentity(4);
        (wide[i, i], wide[i, j], wide[j, i], wide[j, j]) = (small[0, 0], small[0, 1], small[1, 0], small[1, 1]);
        var product = b.ToRowMajorArray();
        SmallMatrix.MultiplySingle(small.ToRowMajorArray(), target, isControlled, product);

        // Without a control the other two rows are mixed as well.
        var expected = wide * b;
        foreach (var row in isControlled ? Enumerable.Range(0, 4) : [i, j])
        {
            (Matrix<Complex>.Build.DenseOfRowMajor(4, 4, product).Row(row) - expected.Row(row)).L2Norm().Should().BeLessThan(1e-14);
        }
    }

    [Fact]
    public void Kronecker_RandomMatrices_AgreesWithMathNet()
    {
        var (a, b) = (Random(2, 5), Random(2, 6));
        var product = new Complex[16];
        SmallMatrix.Kronecker(a.ToRowMajorArray(), b.ToRowMajorArray(), product);
        Distance(product, a.KroneckerProduct(b)).Should().BeLessThan(1e-14);
    }

    private static Matrix<Complex> Random(int size, int seed)
    {
        var random = new Random(seed);
        return Matrix<Complex>.Build.Dense(size, size, (_, _) => new Complex(random.NextDouble() - 0.5, random.NextDouble() - 0.5));
    }

    private static double Distance(Complex[] rows, Matrix<Complex> expected) =>
        (Matrix<Complex>.Build.Dense(expected.RowCount, expected.ColumnCount, (r, c) => rows[(r * expected.ColumnCount) + c]) - expected).FrobeniusNorm();
}

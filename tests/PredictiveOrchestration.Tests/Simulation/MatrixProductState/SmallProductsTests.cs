using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Simulation.MatrixProductState;

namespace PredictiveOrchestration.Tests.Simulation.MatrixProductState;

/// <summary>Small products in place against MathNet.</summary>
public sealed class SmallProductsTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Multiply_RandomMatrices_AgreesWithMathNet(int size)
    {
        var (a, b) = (Random(size, 1), Random(size, 2));
        var product = b.ToRowMajorArray();
        SmallProducts.Multiply(a.ToRowMajorArray(), product);
        Distance(product, a * b).Should().BeLessThan(1e-14);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    public void Mix_TwoRows_IsAProductWithAMatrixThatIsTheIdentityElsewhere(int i, int j)
    {
        var (small, b) = (Random(2, 3), Random(4, 4));
        var wide = Matrix<Complex>.Build.DenseIdentity(4);
        (wide[i, i], wide[i, j], wide[j, i], wide[j, j]) = (small[0, 0], small[0, 1], small[1, 0], small[1, 1]);
        var product = b.ToRowMajorArray();
        SmallProducts.Mix(small.ToRowMajorArray(), product, i, j);
        Distance(product, wide * b).Should().BeLessThan(1e-14);
    }

    [Fact]
    public void Kronecker_RandomMatrices_AgreesWithMathNet()
    {
        var (a, b) = (Random(2, 5), Random(2, 6));
        var product = new Complex[16];
        SmallProducts.Kronecker(a.ToRowMajorArray(), b.ToRowMajorArray(), product);
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

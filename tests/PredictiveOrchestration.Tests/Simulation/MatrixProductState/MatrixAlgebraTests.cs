using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.Kernels;
using PredictiveOrchestration.Simulation.MatrixProductState;
using Matrix = PredictiveOrchestration.Simulation.MatrixProductState.Matrix;
using Reference = MathNet.Numerics.LinearAlgebra.Matrix<System.Numerics.Complex>;

namespace PredictiveOrchestration.Tests.Simulation.MatrixProductState;

/// <summary>Products and factors against MathNet, at sizes around vectors, tiles, panels and padded strides, for every kernel set.</summary>
public sealed class MatrixAlgebraTests : IDisposable
{
    private readonly MatrixPool _pool;

    public MatrixAlgebraTests() => _pool = new MatrixPool(Context());

    public static TheoryData<string> KernelNames { get; } = [.. MatrixKernelSelector.Available.Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(KernelNames))]
    public void Multiply_AllSizes_AgreesWithMathNet(string kernels)
    {
        var algebra = Algebra(kernels);
        foreach (var (m, k, n) in new[] { (1, 1, 1), (2, 3, 5), (3, 8, 9), (7, 16, 17), (64, 64, 64), (65, 130, 63), (66, 257, 72), (129, 64, 128), (5, 300, 200) })
        {
            var (a, b) = (Random(m, k, 1), Random(k, n, 2));
            using var left = Load(a);
            using var right = Load(b);
            using var product = algebra.Multiply(left, right);
            Distance(product, a * b).Should().BeLessThan(1e-13 * k, "{0} × {1} × {2}", m, k, n);
            PaddingIsZero(product).Should().BeTrue("{0} × {1} × {2}", m, k, n);
        }
    }

    [Theory]
    [MemberData(nameof(KernelNames))]
    public void Lq_AllSizes_ReproducesTheMatrixWithOrthonormalRows(string kernels)
    {
        var algebra = Algebra(kernels);
        foreach (var (m, n) in new[] { (1, 1), (1, 9), (9, 1), (8, 8), (5, 17), (17, 5), (64, 128), (128, 64), (65, 65), (70, 140) })
        {
            foreach (var tolerance in new[] { 0, 1e-14 })
            {
                var a = Random(m, n, 3);
                using var work = Load(a);
                var (l, q) = algebra.Lq(work, tolerance);
                Distance(l, q!, a).Should().BeLessThan(1e-12, "{0} × {1}", m, n);
                Distance(q!, Reference.Build.DenseIdentity(q!.Rows), adjoint: true).Should().BeLessThan(1e-12, "{0} × {1}", m, n);
                (PaddingIsZero(l) && PaddingIsZero(q)).Should().BeTrue("{0} × {1}", m, n);
                l.Dispose();
                q.Dispose();
            }
        }
    }

    [Fact]
    public void Lq_RowsAtTheEndOfTheRangeOfNumbers_KeepsQOrthonormal()
    {
        // Squares of 1e-160 are denormal: a reflector made of such a row would not be unitary.
        var algebra = Algebra(MatrixKernelSelector.Available[0].Name);
        foreach (var scale in new[] { 1e-120, 1e-155, 1e-160, 1e-163 })
        {
            var a = Random(6, 20, 12);
            for (var j = 0; j < 20; j++)
            {
                a[2, j] *= scale;
                a[4, j] *= scale;
            }

            using var work = Load(a);
            var (l, q) = algebra.Lq(work, 0);
            Distance(l, q!, a).Should().BeLessThan(1e-12, "scale {0}", scale);
            Distance(q!, Reference.Build.DenseIdentity(6), adjoint: true).Should().BeLessThan(1e-12, "scale {0}", scale);
            l.Dispose();
            q!.Dispose();
        }
    }

    [Fact]
    public void Lq_RowsAndColumnsOfZeros_TakeNoPlaceInTheRank()
    {
        foreach (var kernels in MatrixKernelSelector.Available)
        {
            // Six rows of which two are zero, and nine columns of which the first three are not: rank three, without a tolerance.
            var a = Random(6, 9, 5);
            a.ClearRows(0, 3);
            a.ClearColumns(3, 4, 5, 6, 7, 8);
            var algebra = Algebra(kernels.Name);
            using var work = Load(a);
            var (l, q) = algebra.Lq(work, 0, cutZeros: true);
            (l.Columns, q!.Rows).Should().Be((3, 3));
            Distance(l, q, a).Should().BeLessThan(1e-12);
            Distance(q, Reference.Build.DenseIdentity(3), adjoint: true).Should().BeLessThan(1e-12);
            l.Dispose();
            q.Dispose();

            using var nothing = Load(Random(4, 4, 1) * 0);
            (l, q) = algebra.Lq(nothing, 0, cutZeros: true);
            (l.Columns, q!.Rows).Should().Be((1, 1), "a bond is never less than one");
            l.Dispose();
            q.Dispose();
        }
    }

    [Fact]
    public void Lq_DependentRows_FindsTheRank()
    {
        var algebra = Algebra(MatrixKernelSelector.Available[0].Name);
        foreach (var (m, rank, n) in new[] { (4, 1, 6), (20, 7, 30), (100, 33, 90), (64, 64, 128) })
        {
            using var work = Load(Random(m, rank, 4) * Random(rank, n, 5));
            var (l, q) = algebra.Lq(work, 1e-12);
            q!.Rows.Should().Be(rank);
            l.Dispose();
            q.Dispose();
        }
    }

    [Fact]
    public void Svd_RandomMatrices_HasMathNetsSingularValues()
    {
        var algebra = Algebra(MatrixKernelSelector.Available[0].Name);
        foreach (var (m, n) in new[] { (1, 4), (4, 4), (12, 30), (30, 12), (64, 64), (65, 130), (80, 72) })
        {
            var a = Random(m, n, 6);
            using var work = Load(a);
            var (v, values) = algebra.Svd(work, 0);
            var expected = a.Svd(false).S;
            for (var i = 0; i < values.Length; i++)
            {
                values[i].Should().BeApproximately(expected[i].Real, 1e-12 * expected[0].Real, "{0} × {1}", m, n);
            }

            Distance(v, Reference.Build.DenseIdentity(v.Rows), adjoint: true).Should().BeLessThan(1e-12);
            v.Dispose();
        }
    }

    [Fact]
    public void Svd_GradedSpectrum_KeepsSmallValuesRelativelyExact()
    {
        // U · diag(10^-k) · V: Gram matrices would lose everything below 1e-8.
        const int Size = 70;
        var algebra = Algebra(MatrixKernelSelector.Available[0].Name);
        var (u, v) = (Random(Size, Size, 7).QR().Q, Random(Size, Size, 8).QR().Q);
        var spectrum = Enumerable.Range(0, Size).Select(k => Math.Pow(10, -12.0 * k / (Size - 1))).ToArray();
        using var work = Load(u * Reference.Build.DenseOfDiagonalArray(Array.ConvertAll(spectrum, s => (Complex)s)) * v);
        var (right, values) = algebra.Svd(work, 0);
        for (var i = 0; i < Size; i++)
        {
            values[i].Should().BeApproximately(spectrum[i], 2e-15 + (1e-13 * spectrum[i]), "value {0}", i);
        }

        right.Dispose();
    }

    [Fact]
    public void Greatest_HermitianMatrices_GivesMathNetsEigenvaluesAndTheirVectors()
    {
        var algebra = Algebra(MatrixKernelSelector.Available[0].Name);
        foreach (var n in new[] { 1, 2, 3, 8, 17, 64, 65, 130 })
        {
            var a = Random(n, n, 9);
            var hermitian = a * a.ConjugateTranspose();
            using var work = Load(hermitian);
            var count = (n + 1) / 2;
            var (vectors, values) = HermitianEigen.Greatest(algebra, work, count);
            var expected = hermitian.Evd(Symmetricity.Hermitian).EigenValues.Select(e => e.Real).OrderDescending().ToArray();
            for (var r = 0; r < count; r++)
            {
                values[r].Should().BeApproximately(expected[r], 1e-12 * expected[0], "n = {0}", n);
            }

            // Row r holds the components of vector r: G u = λ u.
            var u = ToReference(vectors).Transpose();
            (hermitian * u - u * Reference.Build.DenseOfDiagonalArray(Array.ConvertAll(values, v => (Complex)v))).Enumerate().Max(e => e.Magnitude).Should().BeLessThan(1e-12 * n, "n = {0}", n);
            vectors.Dispose();
        }
    }

    [Theory]
    [InlineData(40, 60, 17, 0.7)]
    [InlineData(130, 130, 64, 0.9)]
    [InlineData(100, 200, 60, 0.3)]
    public void Truncate_AnySpectrum_LosesTheLeastPossible(int rows, int columns, int most, double decay)
    {
        var algebra = Algebra(MatrixKernelSelector.Available[0].Name);
        var size = Math.Min(rows, columns);
        var a = Random(rows, size, 10).QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin).Q
            * Reference.Build.DenseOfDiagonalArray(Enumerable.Range(0, size).Select(k => (Complex)Math.Pow(decay, k)).ToArray())
            * Random(columns, size, 11).QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin).Q.ConjugateTranspose();
        using var work = Load(a);
        var (v, carry, lost) = algebra.Truncate(work, most, 0, 1e-14);
        var squares = Enumerable.Range(0, size).Select(k => Math.Pow(decay, 2 * k)).ToArray();
        lost.Should().BeApproximately(squares.Skip(v.Rows).Sum() / squares.Sum(), 1e-14);
        v.Rows.Should().BeLessThanOrEqualTo(most);
        var error = ToReference(carry) * ToReference(v) - a;
        error.FrobeniusNorm().Should().BeLessThan(Math.Sqrt(squares.Skip(most).Sum()) + 1e-13);
        Distance(v, Reference.Build.DenseIdentity(v.Rows), adjoint: true).Should().BeLessThan(1e-12);
        v.Dispose();
        carry.Dispose();
    }

    public void Dispose() => _pool.Dispose();

    private static RunContext Context() =>
        new("test", new ExecutionRequest { Circuit = new CircuitBuilder(1).Build(), Shots = 0 }, long.MaxValue, TimeProvider.System, default);

    private MatrixAlgebra Algebra(string kernels) => new(_pool, MatrixKernelSelector.Available.Single(k => k.Name == kernels), Context());

    private static Reference Random(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return Reference.Build.Dense(rows, columns, (_, _) => new Complex(random.NextDouble() - 0.5, random.NextDouble() - 0.5));
    }

    private Matrix Load(Reference source)
    {
        var matrix = _pool.Rent(source.RowCount, source.ColumnCount);
        for (var i = 0; i < source.RowCount; i++)
        {
            for (var j = 0; j < source.ColumnCount; j++)
            {
                matrix[i, j] = source[i, j];
            }
        }

        return matrix;
    }

    private static Reference ToReference(Matrix matrix) => Reference.Build.Dense(matrix.Rows, matrix.Columns, (i, j) => matrix[i, j]);

    private static double Distance(Matrix actual, Reference expected, bool adjoint = false) =>
        ((adjoint ? ToReference(actual) * ToReference(actual).ConjugateTranspose() : ToReference(actual)) - expected).Enumerate().Max(e => e.Magnitude);

    private static double Distance(Matrix left, Matrix right, Reference expected) => (ToReference(left) * ToReference(right) - expected).Enumerate().Max(e => e.Magnitude);

    private static unsafe bool PaddingIsZero(Matrix matrix)
    {
        for (var i = 0; i < matrix.Rows; i++)
        {
            for (var j = matrix.Columns; j < matrix.Stride; j++)
            {
                if (matrix.Re[((long)i * matrix.Stride) + j] != 0 || matrix.Im[((long)i * matrix.Stride) + j] != 0)
                {
                    return false;
                }
            }
        }

        return true;
    }
}

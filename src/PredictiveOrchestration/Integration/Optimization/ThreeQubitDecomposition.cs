using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;
using PredictiveOrchestration.Circuits;
using ComplexMatrix = MathNet.Numerics.LinearAlgebra.Matrix<System.Numerics.Complex>;
using ComplexVector = MathNet.Numerics.LinearAlgebra.Vector<System.Numerics.Complex>;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>
/// The quantum Shannon decomposition of a three-qubit unitary (Shende, Bullock, Markov, Synthesis of quantum logic circuits, 2006): a cosine-sine decomposition, whose outer factors are
/// diagonalised; at most four two-qubit unitaries and three multiplexed rotations, 24 CX. Multiplexors whose angles are all zero are left out.
/// </summary>
internal static class ThreeQubitDecomposition
{
    private const double Zero = 1e-12;

    /// <summary>Decomposes an 8 × 8 unitary; the first qubit is the least significant bit.</summary>
    public static List<Step> Of(Complex[] matrix, int[] qubits)
    {
        var u = ComplexMatrix.Build.Dense(8, 8, (r, c) => matrix[r * 8 + c]);
        var (left, right, angles) = CosineSine(u);
        var steps = new List<Step>();
        Multiplexed(right.Upper, right.Lower, qubits, steps);
        Rotations(GateCatalog.RY, angles, qubits, steps);
        Multiplexed(left.Upper, left.Lower, qubits, steps);
        return Resynthesis.Named(steps);
    }

    // u = (L0 ⊕ L1) [[C, -S], [S, C]] (R0 ⊕ R1) with C = diag(cos(θ/2)), S = diag(sin(θ/2)).
    private static ((ComplexMatrix Upper, ComplexMatrix Lower) Left, (ComplexMatrix Upper, ComplexMatrix Lower) Right, double[] Angles) CosineSine(ComplexMatrix u)
    {
        var (a, b) = (u.SubMatrix(0, 4, 0, 4), u.SubMatrix(0, 4, 4, 4));
        var (c, d) = (u.SubMatrix(4, 4, 0, 4), u.SubMatrix(4, 4, 4, 4));
        var svd = a.Svd();

        // Ascending cosines, so that the columns of the sines come with the longest first and lose nothing to the short ones.
        int[] order = [3, 2, 1, 0];
        var l0 = ComplexMatrix.Build.DenseOfColumnVectors(order.Select(k => svd.U.Column(k)));
        var r0 = ComplexMatrix.Build.DenseOfRowVectors(order.Select(k => svd.VT.Row(k)));
        var cosines = order.Select(k => Math.Min(1, svd.S[k].Real)).ToArray();
        var (l1, sines) = Orthonormal(c * r0.ConjugateTranspose());
        var angles = Enumerable.Range(0, 4).Select(k => 2 * Math.Atan2(sines[k], cosines[k])).ToArray();
        var cos = ComplexMatrix.Build.DenseOfDiagonalArray([.. angles.Select(t => (Complex)Math.Cos(t / 2))]);
        var sin = ComplexMatrix.Build.DenseOfDiagonalArray([.. angles.Select(t => (Complex)Math.Sin(t / 2))]);
        var r1 = (cos * l1.ConjugateTranspose() * d) - (sin * l0.ConjugateTranspose() * b);
        return ((l0, l1), (r0, r1), angles);
    }

    // Columns that are orthogonal already, as an orthonormal basis and their lengths; where there is no length to speak of, any direction that is left.
    private static (ComplexMatrix Basis, double[] Lengths) Orthonormal(ComplexMatrix columns)
    {
        var basis = new List<ComplexVector>();
        var lengths = new double[4];
        for (var k = 0; k < 4; k++)
        {
            var column = Without(columns.Column(k), basis);
            lengths[k] = column.L2Norm();
            if (lengths[k] < 1e-13)
            {
                lengths[k] = 0;
                column = Enumerable.Range(0, 4).Select(i => Without(ComplexVector.Build.Dense(4, j => j == i ? 1 : 0), basis)).MaxBy(v => v.L2Norm())!;
            }

            basis.Add(Without(column / column.L2Norm(), basis).Normalize(2));
        }

        return (ComplexMatrix.Build.DenseOfColumnVectors(basis), lengths);
    }

    private static ComplexVector Without(ComplexVector v, List<ComplexVector> basis)
    {
        foreach (var b in basis)
        {
            v -= b * b.ConjugateDotProduct(v);
        }

        return v;
    }

    // Upper where the third qubit is 0, lower where it is 1: (I ⊗ V)(D ⊕ D†)(I ⊗ W) with V D² V† = upper lower† and W = D V† lower.
    private static void Multiplexed(ComplexMatrix upper, ComplexMatrix lower, int[] qubits, List<Step> steps)
    {
        var (v, squares) = Eigen(upper * lower.ConjugateTranspose());
        var half = squares.Select(s => s.Phase / 2).ToArray();
        var d = ComplexMatrix.Build.DenseOfDiagonalArray([.. half.Select(p => Complex.FromPolarCoordinates(1, p))]);
        Two(d * v.ConjugateTranspose() * lower, qubits, steps);

        // D on |0⟩ and D† on |1⟩ is a rotation about Z by minus twice the phase.
        Rotations(GateCatalog.RZ, [.. half.Select(p => -2 * p)], qubits, steps);
        Two(v, qubits, steps);
    }

    // A unitary's eigenvectors are those of the Hermitian parts, which commute: a mixture of both separates what one leaves equal.
    private static (ComplexMatrix Vectors, Complex[] Values) Eigen(ComplexMatrix x)
    {
        ComplexMatrix? best = null;
        var least = double.MaxValue;
        for (var attempt = 0; attempt < 8 && least > 1e-13; attempt++)
        {
            var turn = Complex.FromPolarCoordinates(1, 0.31 + (0.47 * attempt));
            var hermitian = (x * turn) + (x * turn).ConjugateTranspose();
            Evd<Complex> evd = hermitian.Evd(Symmetricity.Hermitian);
            var (vectors, _) = Orthonormal(evd.EigenVectors);
            var inner = vectors.ConjugateTranspose() * x * vectors;
            var off = Enumerable.Range(0, 16).Where(k => k / 4 != k % 4).Max(k => inner[k / 4, k % 4].Magnitude);
            if (off < least)
            {
                (least, best) = (off, vectors);
            }
        }

        var diagonal = best!.ConjugateTranspose() * x * best;
        return (best, [.. Enumerable.Range(0, 4).Select(k => diagonal[k, k])]);
    }

    private static void Two(ComplexMatrix m, int[] qubits, List<Step> steps) =>
        steps.AddRange(Resynthesis.Pair([.. Enumerable.Range(0, 16).Select(k => m[k / 4, k % 4])], qubits[0], qubits[1], rotations: false));

    // A rotation of the third qubit by an angle for each value of the first two: rotations between four CX whose controls follow a Gray code.
    private static void Rotations(GateDefinition gate, double[] angles, int[] qubits, List<Step> steps)
    {
        if (angles.All(a => Math.Abs(a) < Zero))
        {
            return;
        }

        for (var k = 0; k < 4; k++)
        {
            // Signs of the Walsh-Hadamard transform at the k-th Gray code word.
            var word = k ^ (k >> 1);
            var angle = Enumerable.Range(0, 4).Sum(value => (BitOperations.PopCount((uint)(value & word)) & 1) == 0 ? angles[value] : -angles[value]) / 4;
            steps.Add(Step.Of(gate, 0, [angle], qubits[2]));
            steps.Add(Step.Of(GateCatalog.X, 1, [], (k & 1) == 0 ? qubits[0] : qubits[1], qubits[2]));
        }
    }
}

using System.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace PredictiveOrchestration.Circuits;

/// <summary>Real powers of unitary matrices.</summary>
internal static class UnitaryPower
{
    // Weights that tell apart the eigenvalues of practically every gate; a later one is tried where an earlier one does not.
    private static readonly double[] Turns = [0.5432, 1.2345, 2.0193, 2.9377];

    /// <summary>
    /// The principal power of a unitary matrix: each eigenvalue e^{iφ}, -π &lt; φ ≤ π, becomes e^{ipφ}.
    /// U is normal, so it shares an orthonormal set of eigenvectors with the Hermitian matrix (e^{-iα} U + h.c.) / 2, whose eigenvalues
    /// cos(φ - α) differ where φ does, but for unlucky α. A general eigenvalue routine loses the vectors of repeated eigenvalues.
    /// </summary>
    /// <param name="matrix">Row-major.</param>
    /// <param name="size">The number of rows.</param>
    /// <param name="exponent">p.</param>
    public static Complex[] Of(Complex[] matrix, int size, double exponent)
    {
        var u = Matrix<Complex>.Build.Dense(size, size, (i, j) => matrix[i * size + j]);
        Matrix<Complex>? bestVectors = null;
        var least = double.PositiveInfinity;
        foreach (var turn in Turns)
        {
            var rotated = u * Complex.FromPolarCoordinates(1, -turn);
            var vectors = ((rotated + rotated.ConjugateTranspose()) * 0.5).Evd(Symmetricity.Hermitian).EigenVectors;
            var diagonal = vectors.ConjugateTranspose() * u * vectors;
            var error = (vectors * Matrix<Complex>.Build.DenseOfDiagonalVector(diagonal.Diagonal()) * vectors.ConjugateTranspose() - u).FrobeniusNorm();
            if (error < least)
            {
                (least, bestVectors) = (error, vectors);
            }

            if (least < 1e-12 * size)
            {
                break;
            }
        }

        var values = (bestVectors!.ConjugateTranspose() * u * bestVectors).Diagonal();
        var powers = values.Map(v => Complex.FromPolarCoordinates(1, exponent * Angle(v)));
        var result = bestVectors * Matrix<Complex>.Build.DenseOfDiagonalVector(powers) * bestVectors.ConjugateTranspose();
        var flat = new Complex[size * size];
        for (var i = 0; i < flat.Length; i++)
        {
            flat[i] = result[i / size, i % size];
        }

        return flat;
    }

    // Rounding must not take one of two eigenvalues -1 to the other side of the cut.
    private static double Angle(Complex value) => value.Phase < -Math.PI + 1e-9 ? value.Phase + Math.Tau : value.Phase;
}

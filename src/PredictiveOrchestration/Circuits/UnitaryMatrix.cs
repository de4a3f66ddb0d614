using System.Numerics;

namespace PredictiveOrchestration.Circuits;

/// <summary>Small helpers for row-major square matrices.</summary>
internal static class UnitaryMatrix
{
    /// <summary>The largest absolute element of U·U† - 1.</summary>
    public static double DistanceFromUnitarity(ReadOnlySpan<Complex> matrix, int size)
    {
        var worst = 0.0;
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                Complex sum = i == j ? -1 : 0;
                for (var k = 0; k < size; k++)
                {
                    sum += matrix[i * size + k] * Complex.Conjugate(matrix[j * size + k]);
                }

                var error = sum.Magnitude;
                if (!(error <= worst))
                {
                    worst = error;
                }
            }
        }

        return worst;
    }

    /// <summary>Writes the conjugate transpose of <paramref name="matrix"/>.</summary>
    public static void Adjoint(ReadOnlySpan<Complex> matrix, int size, Span<Complex> result)
    {
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                result[j * size + i] = Complex.Conjugate(matrix[i * size + j]);
            }
        }
    }
}

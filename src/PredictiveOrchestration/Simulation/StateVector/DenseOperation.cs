using System.Numerics;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>A gate on bits of the amplitude index: controls, targets and the targets' matrix.</summary>
/// <param name="Controls">Bits that must be 1.</param>
/// <param name="Targets">Bit j of a matrix index is <c>Targets[j]</c>.</param>
/// <param name="Matrix">Row-major, 4^k elements for k targets.</param>
internal sealed record DenseOperation(int[] Controls, int[] Targets, Complex[] Matrix)
{
    /// <summary>Whether the matrix is diagonal.</summary>
    public bool IsDiagonal { get; } = FindDiagonal(Matrix, 1 << Targets.Length);

    /// <summary>Whether the operation is an exact X on one target.</summary>
    public bool IsExchange { get; } = Targets.Length == 1 && Matrix[0] == 0 && Matrix[3] == 0 && Matrix[1] == 1 && Matrix[2] == 1;

    /// <summary>The highest index bit that the operation moves amplitudes across; -1 for a diagonal one.</summary>
    public int HighestMovedBit => IsDiagonal ? -1 : Targets.Max();

    private static bool FindDiagonal(Complex[] matrix, int size)
    {
        for (var i = 0; i < matrix.Length; i++)
        {
            if (i / size != i % size && matrix[i] != 0)
            {
                return false;
            }
        }

        return true;
    }
}

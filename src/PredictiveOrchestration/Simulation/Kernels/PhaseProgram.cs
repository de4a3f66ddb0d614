namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// A diagonal operation Π f_a^{b_a} · Π f_ab^{b_a b_b} over index bits, prepared for blocks. The bits of a block are split into a low
/// part (a row) and a high part. The row for a high part is the row without its lowest set bit times one table, so that the
/// operation costs two complex products an amplitude however many factors it has. Tables are planar: real parts, imaginary parts.
/// </summary>
internal sealed class PhaseProgram
{
    /// <summary>The base-2 logarithm of the longest row.</summary>
    public const int LongestRowBits = 7;

    public required int BlockBits { get; init; }

    public required int RowBits { get; init; }

    /// <summary>A bit of the high part that all factors share (their product applies only where it is 1), or -1.</summary>
    public required int CommonBit { get; init; }

    /// <summary>
    /// The rows, each planar, in the kernels' precision. The first is the row where all other bits are 0; the others are found by their
    /// position in numbers.
    /// </summary>
    public required CoefficientTable Tables { get; init; }

    /// <summary>For each bit of the high part the position of the row that it multiplies by, or 0 if it does not depend on the low part.</summary>
    public required int[] HighRows { get; init; }

    /// <summary>For each bit of the high part its own factor, interleaved.</summary>
    public required double[] HighFactors { get; init; }

    /// <summary>Factors of two bits of the high part, [a · highBits + b], interleaved.</summary>
    public required double[] HighPairs { get; init; }

    /// <summary>What each bit outside the block multiplies by where it is 1.</summary>
    public required OuterBit[] Outer { get; init; }

    /// <summary>Factors of two bits outside the block.</summary>
    public required (long Mask, double Re, double Im)[] OuterPairs { get; init; }

    /// <summary>The bytes that a run needs as scratch.</summary>
    public static int ScratchBytes(int blockBits, int elementBytes) => (elementBytes << (LongestRowBits + 1)) * (blockBits + 1) + 2 * sizeof(double) * blockBits;

    /// <summary>The effect of a bit outside the block.</summary>
    /// <param name="Mask">The bit of the global index.</param>
    /// <param name="Re">Its own factor.</param>
    /// <param name="Im">Its own factor.</param>
    /// <param name="Row">The position of the row that it multiplies by, or 0.</param>
    /// <param name="HighFactors">What it multiplies each high factor by, interleaved; null if nothing.</param>
    public sealed record OuterBit(long Mask, double Re, double Im, int Row, double[]? HighFactors);
}

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>The kinds of operation that remain after fusion.</summary>
internal enum FusedKind : byte
{
    /// <summary>A 2×2 matrix on one bit, with controls.</summary>
    Single,

    /// <summary>X on one bit, with controls.</summary>
    Exchange,

    /// <summary>A matrix on several bits, with controls.</summary>
    Matrix,

    /// <summary>One phase where all control bits are 1.</summary>
    Phase,

    /// <summary>A product of phases of one and of two bits.</summary>
    Polynomial,
}

/// <summary>An operation on bits of the amplitude index.</summary>
internal struct FusedOperation
{
    public FusedKind Kind;

    /// <summary>The target, or the first of the targets in the fuser's list.</summary>
    public int Target;

    /// <summary>The number of targets.</summary>
    public int TargetCount;

    /// <summary>Where the matrix (row-major) or the phase stands in the fuser's values; or the number of the polynomial.</summary>
    public int Values;

    /// <summary>Bits that must be 1.</summary>
    public long Controls;

    /// <summary>Bits across which amplitudes move.</summary>
    public long Moved;

    /// <summary>Bits that are only looked at.</summary>
    public long Read;

    /// <summary>The relative cost of one pass over all amplitudes, for choosing between fused and separate forms.</summary>
    public double Cost;
}

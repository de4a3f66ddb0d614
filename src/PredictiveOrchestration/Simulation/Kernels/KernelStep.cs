using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>What a step of a dense plan does with a block.</summary>
internal enum KernelKind : byte
{
    /// <summary>2×2 complex matrix on a target above the lanes.</summary>
    Pair,

    /// <summary>2×2 real matrix on a target above the lanes.</summary>
    RealPair,

    /// <summary>2×2 matrix on a target among the lanes.</summary>
    Lane,

    /// <summary>Exchange of the halves of a target above the lanes.</summary>
    Exchange,

    /// <summary>Matrix on several targets: vectors at offsets, lanes exchanged.</summary>
    Matrix,

    /// <summary>Multiplication by a phase that depends on the lane only.</summary>
    Multiply,

    /// <summary>Multiplication by a <see cref="PhaseProgram"/>.</summary>
    Phase,
}

/// <summary>
/// One kernel call on a block of amplitudes. A kernel visits the vectors whose index has the bits of <see cref="FixedMask"/> equal to
/// <see cref="FixedValue"/>; targets are fixed bits of value 0. Index bits outside the block are tested once for the block.
/// </summary>
internal struct KernelStep
{
    public KernelKind Kind;

    /// <summary>XOR of the lanes that a <see cref="KernelKind.Lane"/> step pairs.</summary>
    public byte LaneExchange;

    /// <summary>How many vectors a <see cref="KernelKind.Matrix"/> step combines.</summary>
    public byte VectorCount;

    /// <summary>How many lane exchanges a <see cref="KernelKind.Matrix"/> step combines.</summary>
    public byte ExchangeCount;

    public long FixedMask;
    public long FixedValue;

    /// <summary>The distance of the two halves of a target above the lanes.</summary>
    public long Stride;

    /// <summary>The step runs in blocks whose global index has these bits …</summary>
    public long OuterMask;

    /// <summary>… equal to this.</summary>
    public long OuterValue;

    /// <summary>Where the coefficients begin, in numbers; or the number of the <see cref="PhaseProgram"/>.</summary>
    public int Coefficients;

    /// <summary>Vector offsets of a <see cref="KernelKind.Matrix"/> step.</summary>
    public Offsets32 VectorOffsets;

    /// <summary>Lane exchanges of a <see cref="KernelKind.Matrix"/> step.</summary>
    public Exchanges16 LaneExchanges;

    [InlineArray(32)]
    internal struct Offsets32
    {
        private int _first;
    }

    [InlineArray(16)]
    internal struct Exchanges16
    {
        private byte _first;
    }
}

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// What a thread group does to its tile of amplitudes between two barriers. Blittable: kernels read it from device memory. A condition on
/// bits of the tile selects which elements are visited; a condition on the other index bits switches the step off for whole tiles.
/// </summary>
internal struct GpuStep
{
    /// <summary>A 2×2 matrix on the bit <see cref="Target0"/>.</summary>
    public const int Pair = 0;

    /// <summary>X on the bit <see cref="Target0"/>.</summary>
    public const int Exchange = 1;

    /// <summary>A 4×4 matrix on two bits.</summary>
    public const int Quad = 2;

    /// <summary>A matrix on three to five bits, as many as <see cref="Length"/> says.</summary>
    public const int Matrix = 3;

    /// <summary>One factor.</summary>
    public const int Multiply = 4;

    /// <summary>A factor for each element of the tile, from a table.</summary>
    public const int Table = 5;

    /// <summary>First step of a phase polynomial that looks beyond the tile: factors of the tile, and of each bit of the tile.</summary>
    public const int PhaseFactors = 6;

    /// <summary>Second step: products of them by the lower and by the upper bits of an element.</summary>
    public const int PhaseTables = 7;

    /// <summary>Third step: multiplies each element by its two products.</summary>
    public const int Phases = 8;

    public int Kind;

    /// <summary>Where its numbers begin.</summary>
    public int Values;

    /// <summary>How many elements, pairs or groups it visits.</summary>
    public int Count;

    /// <summary>Bits of the tile that the count leaves out: targets, and bits with a condition.</summary>
    public int Fixed;

    /// <summary>Those of them that are 1.</summary>
    public int Ones;

    /// <summary>Index bits beyond the tile with a condition.</summary>
    public int OuterMask;

    /// <summary>What they must be.</summary>
    public int OuterValue;

    /// <summary>Matrix: the number of targets. Phase polynomial: the number of bits beyond the tile.</summary>
    public int Length;

    /// <summary>The targets as bits of the tile. Phase polynomial: the first is where the list of its bits begins.</summary>
    public int Target0;

    public int Target1;

    public int Target2;

    public int Target3;

    public int Target4;
}

/// <summary>One launch of a pass: which tiles, which bits of the index make them up, which steps run.</summary>
internal struct GpuPassShape
{
    /// <summary>The number of the first tile.</summary>
    public int FirstTile;

    /// <summary>The index bits that number the tiles.</summary>
    public int TileMask;

    /// <summary>The base-2 logarithm of a tile's length.</summary>
    public int TileBits;

    /// <summary>The base-2 logarithm of a tile's contiguous rows.</summary>
    public int RowBits;

    /// <summary>Where the list of the rows' positions begins.</summary>
    public int Rows;

    public int FirstStep;

    public int LastStep;
}

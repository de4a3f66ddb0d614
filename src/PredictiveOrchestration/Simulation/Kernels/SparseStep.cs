namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>What a <see cref="SparseStep"/> does with the entries that it matches.</summary>
internal enum SparseStepKind : byte
{
    /// <summary>Flips index bits.</summary>
    Flip,

    /// <summary>Changes the sign of the amplitude.</summary>
    Negate,

    /// <summary>Multiplies the amplitude by a number.</summary>
    Multiply,

    /// <summary>Flips and multiplies by table, chosen by up to five index bits.</summary>
    Table,
}

/// <summary>
/// A change of entries in place: those whose index under <see cref="Mask"/> is <see cref="Value"/> or <see cref="Other"/> (which may be the
/// same). Such steps make every gate that permutes basis states and gives them phases.
/// </summary>
internal readonly record struct SparseStep(SparseStepKind Kind, BasisIndex Mask, BasisIndex Value, BasisIndex Other, BasisIndex Flip, double Re, double Im, SparseStepTable? Table = null);

/// <summary>The images of the 2^k values of k index bits.</summary>
/// <param name="Bits">The positions of the bits, the first being the least significant of the value.</param>
/// <param name="Flips">What each value flips.</param>
/// <param name="Re">The real part of each factor.</param>
/// <param name="Im">The imaginary part of each factor.</param>
internal sealed record SparseStepTable(int[] Bits, BasisIndex[] Flips, double[] Re, double[] Im);

/// <summary>A basis index of up to 128 qubits, as two words: bit q is qubit q.</summary>
internal readonly record struct BasisIndex(ulong Low, ulong High)
{
    public static readonly BasisIndex Zero;

    public bool IsZero => (Low | High) == 0;

    public static BasisIndex Of(int qubit) => qubit < 64 ? new(1UL << qubit, 0) : new(0, 1UL << qubit);

    public static BasisIndex Of(ReadOnlySpan<int> qubits)
    {
        ulong low = 0, high = 0;
        foreach (var q in qubits)
        {
            var bit = 1UL << q;
            low |= q < 64 ? bit : 0;
            high |= q < 64 ? 0 : bit;
        }

        return new(low, high);
    }

    /// <summary>The index whose bit <c>qubits[j]</c> is bit j of <paramref name="value"/>.</summary>
    public static BasisIndex Spread(int value, ReadOnlySpan<int> qubits)
    {
        var index = Zero;
        for (var j = 0; j < qubits.Length; j++)
        {
            index |= (value >> j & 1) != 0 ? Of(qubits[j]) : Zero;
        }

        return index;
    }

    public static BasisIndex operator &(BasisIndex a, BasisIndex b) => new(a.Low & b.Low, a.High & b.High);

    public static BasisIndex operator |(BasisIndex a, BasisIndex b) => new(a.Low | b.Low, a.High | b.High);

    public static BasisIndex operator ^(BasisIndex a, BasisIndex b) => new(a.Low ^ b.Low, a.High ^ b.High);

    public static BasisIndex operator ~(BasisIndex a) => new(~a.Low, ~a.High);

    /// <summary>The lowest bit that is set, alone.</summary>
    public BasisIndex Lowest => Low != 0 ? new(Low & (0 - Low), 0) : new(0, High & (0 - High));

    public bool Has(BasisIndex bits) => (Low & bits.Low) == bits.Low && (High & bits.High) == bits.High;
}

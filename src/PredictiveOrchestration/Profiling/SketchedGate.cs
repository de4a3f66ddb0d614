namespace PredictiveOrchestration.Profiling;

/// <summary>A gate as it meets a chain.</summary>
/// <param name="First">Its first wire; where it has more than two, the place of them among those that are kept apart.</param>
/// <param name="Second">Its second wire, of two; of more, how many it is controlled by, which come first.</param>
/// <param name="Wires">How many it has.</param>
/// <param name="Factor">What bonds that it spans grow by.</param>
/// <param name="SupportLog2">The base-2 logarithm of what the state needs at most.</param>
/// <param name="Typical">What the state needs more of them, typically: eighths of a bit.</param>
/// <param name="Strength">The share of what entangles most that a gate on two wires is, where it is worth a bit at most.</param>
/// <param name="IsIdle">Whether it entangles nothing.</param>
/// <param name="OnFirst">What a gate on two wires, or a swap under one control, does to the first one.</param>
/// <param name="OnSecond">What it does to the second one.</param>
internal readonly record struct SketchedGate(int First, int Second, short Wires, byte Factor, byte SupportLog2, sbyte Typical, float Strength, bool IsIdle, OnWire OnFirst, OnWire OnSecond)
{
    /// <summary>The first and the last site that it is on.</summary>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="siteOf">The site of each wire.</param>
    public (int Low, int High) Span(ReadOnlySpan<int> wires, ReadOnlySpan<int> siteOf)
    {
        if (Wires == 2)
        {
            int a = siteOf[First], b = siteOf[Second];
            return a < b ? (a, b) : (b, a);
        }

        int low = int.MaxValue, high = 0;
        foreach (var wire in wires.Slice(First, Wires))
        {
            (low, high) = (Math.Min(low, siteOf[wire]), Math.Max(high, siteOf[wire]));
        }

        return (low, high);
    }
}

/// <summary>What a gate does to one of its wires.</summary>
/// <param name="Axis">The Pauli matrix in it.</param>
/// <param name="Kept">Those that were kept before it, a bit for each.</param>
/// <param name="Behind">Those that were kept behind it, by what is applied with it.</param>
internal readonly record struct OnWire(PauliRuns.Axis Axis, byte Kept, byte Behind)
{
    /// <summary>Whether it leaves one value where there is one, with what came before it and behind.</summary>
    public bool StaysOne => Axis == PauliRuns.Axis.Z && KeepsOne((byte)(Kept & Behind));

    /// <summary>Whether gates on one qubit that keep some Pauli matrices leave one value where there is one.</summary>
    public static bool KeepsOne(byte kept) => (kept >> (int)PauliRuns.Axis.Z & 1) != 0;
}

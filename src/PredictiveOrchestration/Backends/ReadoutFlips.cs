namespace PredictiveOrchestration.Backends;

/// <summary>
/// Wrong reports of one bit, as a mixture that does not depend on the bit: where 0 and 1 are reported wrong with different probabilities, the smaller one is that of the
/// other way round, and the difference that of one fixed report.
/// </summary>
/// <param name="ZeroAsOne">The probability that 0 is reported as 1.</param>
/// <param name="OneAsZero">The probability that 1 is reported as 0.</param>
internal readonly record struct ReadoutFlips(double ZeroAsOne, double OneAsZero)
{
    /// <summary>How probably either of them strikes.</summary>
    public double Probability => Math.Max(ZeroAsOne, OneAsZero);

    /// <summary>The share in which the bit is reported the other way round.</summary>
    public double Share => Probability == 0 ? 1 : Math.Min(ZeroAsOne, OneAsZero) / Probability;

    /// <summary>What is reported in the rest, 0 or 1; -1 if there is none.</summary>
    public int Else => ZeroAsOne == OneAsZero ? -1 : OneAsZero > ZeroAsOne ? 0 : 1;

    /// <summary>Whether a strike reports the bit the other way round, by a uniform number in [0, 1).</summary>
    public bool IsFlip(double uniform) => Else < 0 || uniform < Share;
}

namespace PredictiveOrchestration.Noise;

/// <summary>
/// What time does to a qubit that is left alone: |1⟩ decays to |0⟩ with the time constant T1, coherence with T2 ≤ 2 T1 (a longer T2 is taken as 2 T1). After t the
/// excited population has shrunk by a = exp(-t/T1), the off-diagonal elements by c = exp(-t/T2).
/// </summary>
/// <param name="T1">Seconds; infinite for none.</param>
/// <param name="T2">Seconds; infinite for none.</param>
internal readonly record struct Relaxation(double T1, double T2)
{
    public bool IsNone => double.IsPositiveInfinity(T1) && double.IsPositiveInfinity(T2);

    private double Coherence => Math.Min(T2, 2 * T1);

    /// <summary>Whether coherence outlives the excited state: then the evolution without a jump is not that of an ideal qubit.</summary>
    public bool IsDamping => Coherence > T1;

    /// <summary>The entanglement fidelity after a time, (1 + a + 2c) / 4.</summary>
    public double EntanglementFidelity(double seconds) => (1 + Math.Exp(-seconds / T1) + (2 * Math.Exp(-seconds / Coherence))) / 4;

    /// <summary>One minus the fidelity averaged over all states, (3 - a - 2c) / 6.</summary>
    public double AverageInfidelity(double seconds) => 2 * (1 - EntanglementFidelity(seconds)) / 3;

    /// <summary>
    /// The channel as a mixture of doing nothing, with a probability that does not depend on the state, and of something else. For T2 ≤ T1 the rest is Z with
    /// probability (a - c) / 2 and a reset to |0⟩ with 1 - a. Else it is amplitude damping: λ · identity is split off with the greatest λ for which the rest is
    /// completely positive, λ = (a - c²) / (1 + a - 2c); the rest, divided by 1 - λ, damps with γ = (1 - a) / (1 - λ) and has no other effect. λ is 0 for T2 = 2 T1.
    /// </summary>
    /// <param name="seconds">The time.</param>
    /// <returns>The probability of something else; and the share of resets in it, or γ.</returns>
    public (double Probability, double Share) Split(double seconds)
    {
        // 1 - a and 1 - c, exact for short times.
        var (lostA, lostC) = (Lost(seconds / T1), Lost(seconds / Coherence));
        if (!IsDamping)
        {
            var flips = Math.Max(0, (lostC - lostA) / 2);
            return lostA + flips == 0 ? (0, 0) : (lostA + flips, lostA / (lostA + flips));
        }

        // a - c² = (1 - c²) - (1 - a) = 2 (1 - c) - (1 - c)² - (1 - a).
        var determinant = Math.Max(0, (2 * lostC) - (lostC * lostC) - lostA);
        var other = lostC * lostC / (determinant + (lostC * lostC));
        return lostC == 0 ? (0, 0) : (other, Math.Min(1, lostA / other));
    }

    private static double Lost(double x) => x < 1e-5 ? x * (1 - (x / 2) + (x * x / 6)) : 1 - Math.Exp(-x);
}

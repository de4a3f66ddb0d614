using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Algorithms that question a function.</summary>
public static class Oracles
{
    /// <summary>Finds a secret bit string with one question; measured into as many classical bits. One more qubit is the ancilla.</summary>
    /// <param name="secret">The secret; bit i belongs to qubit i.</param>
    public static Circuit BernsteinVazirani(BitString secret)
    {
        var n = Guard.InRange(secret.Length, 1, CircuitBuilder.MaxBits - 1);
        var builder = new CircuitBuilder(n + 1, n, $"bernstein_vazirani_{n}").X(n).H(n);
        Hadamards(builder, n);
        for (var q = 0; q < n; q++)
        {
            if (secret[q])
            {
                builder.CX(q, n);
            }
        }

        Hadamards(builder, n);
        return MeasureFirst(builder, n);
    }

    /// <summary>Tells a constant function from a balanced one: outcome 0 exactly if it is constant. One more qubit is the ancilla.</summary>
    /// <param name="numQubits">The number of inputs, 1 or more.</param>
    /// <param name="balanced">Whether the function is balanced: the parity of a seeded random non-empty set of inputs.</param>
    /// <param name="seed">Chooses the function.</param>
    public static Circuit DeutschJozsa(int numQubits, bool balanced, ulong seed = 0)
    {
        var n = Guard.InRange(numQubits, 1, CircuitBuilder.MaxBits - 1);
        var random = new SeededRandom(seed);
        var builder = new CircuitBuilder(n + 1, n, $"deutsch_jozsa_{n}").X(n).H(n);
        Hadamards(builder, n);
        if (balanced)
        {
            var sure = random.Next(n);
            for (var q = 0; q < n; q++)
            {
                if (q == sure || random.Next(2) == 1)
                {
                    builder.CX(q, n);
                }
            }
        }
        else if (random.Next(2) == 1)
        {
            builder.X(n);
        }

        Hadamards(builder, n);
        return MeasureFirst(builder, n);
    }

    /// <summary>Searches for marked basis states; measured. After k rounds the success probability is sin²((2k+1)θ), sin θ = √(marked / 2^n).</summary>
    /// <param name="numQubits">The number of qubits, 1 to 60.</param>
    /// <param name="marked">The marked basis states, at least one, all different.</param>
    /// <param name="rounds">The number of rounds; null for the best, about π/4 · √(2^n / marked).</param>
    public static Circuit Grover(int numQubits, IReadOnlyCollection<ulong> marked, int? rounds = null)
    {
        var n = Guard.InRange(numQubits, 1, 60);
        ArgumentNullException.ThrowIfNull(marked);
        if (marked.Count == 0 || marked.Distinct().Count() != marked.Count || marked.Any(m => m >> n != 0))
        {
            throw new ArgumentException($"The marked states must be different, at least one, and below 2^{n}.", nameof(marked));
        }

        var angle = Math.Asin(Math.Sqrt(marked.Count / Math.ScaleB(1, n)));
        var count = rounds ?? (int)Math.Max(0, Math.Round(Math.PI / (4 * angle) - 0.5));
        Guard.InRange(count, 0, 100_000_000, nameof(rounds));
        var builder = new CircuitBuilder(n, n, $"grover_{n}");
        Hadamards(builder, n);
        for (var k = 0; k < count; k++)
        {
            foreach (var state in marked)
            {
                FlipSign(builder, n, state);
            }

            Hadamards(builder, n);
            FlipSign(builder, n, 0);
            builder.GlobalPhase(Math.PI);
            Hadamards(builder, n);
        }

        return MeasureFirst(builder, n);
    }

    // |state⟩ → -|state⟩.
    private static void FlipSign(CircuitBuilder builder, int n, ulong state)
    {
        void Negate()
        {
            for (var q = 0; q < n; q++)
            {
                if ((state >> q & 1) == 0)
                {
                    builder.X(q);
                }
            }
        }

        Negate();
        builder.MCZ([.. Enumerable.Range(0, n - 1)], n - 1);
        Negate();
    }

    private static void Hadamards(CircuitBuilder builder, int n)
    {
        for (var q = 0; q < n; q++)
        {
            builder.H(q);
        }
    }

    private static Circuit MeasureFirst(CircuitBuilder builder, int n)
    {
        for (var q = 0; q < n; q++)
        {
            builder.Measure(q, q);
        }

        return builder.Build();
    }
}

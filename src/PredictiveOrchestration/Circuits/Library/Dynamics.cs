using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Trotterised time evolution of spin chains, and quantum walks.</summary>
public static class Dynamics
{
    /// <summary>First-order Trotter evolution of the transverse-field Ising chain H = -J Σ Z Z - h Σ X.</summary>
    /// <param name="numQubits">The number of spins.</param>
    /// <param name="steps">The number of Trotter steps.</param>
    /// <param name="time">The evolved time.</param>
    /// <param name="coupling">J.</param>
    /// <param name="field">h.</param>
    public static Circuit Ising(int numQubits, int steps, double time = 1, double coupling = 1, double field = 1)
    {
        var (builder, dt) = Begin("ising", numQubits, steps, time);
        for (var step = 0; step < steps; step++)
        {
            Chain(numQubits, (a, b) => builder.RZZ(-2 * coupling * dt, a, b));
            for (var q = 0; q < numQubits; q++)
            {
                builder.RX(-2 * field * dt, q);
            }
        }

        return builder.Build();
    }

    /// <summary>First-order Trotter evolution of the Heisenberg chain H = J Σ (XX + YY + ZZ) from the Néel state |…0101⟩.</summary>
    /// <param name="numQubits">The number of spins.</param>
    /// <param name="steps">The number of Trotter steps.</param>
    /// <param name="time">The evolved time.</param>
    /// <param name="coupling">J.</param>
    public static Circuit Heisenberg(int numQubits, int steps, double time = 1, double coupling = 1)
    {
        var (builder, dt) = Begin("heisenberg", numQubits, steps, time);
        for (var q = 0; q < numQubits; q += 2)
        {
            builder.X(q);
        }

        for (var step = 0; step < steps; step++)
        {
            Chain(numQubits, (a, b) => builder.RXX(2 * coupling * dt, a, b).RYY(2 * coupling * dt, a, b).RZZ(2 * coupling * dt, a, b));
        }

        return builder.Build();
    }

    /// <summary>
    /// A discrete-time walk with a Hadamard coin on a cycle of 2^n positions. Qubits: positions 0 to n - 1, then the coin; the coin decides
    /// between one step up (1) and down (0). Begins at position 0 with the coin at 0.
    /// </summary>
    /// <param name="positionQubits">n, 1 to 60.</param>
    /// <param name="steps">The number of steps.</param>
    public static Circuit QuantumWalk(int positionQubits, int steps)
    {
        var n = Guard.InRange(positionQubits, 1, 60);
        Guard.InRange(steps, 0, 1_000_000);
        var builder = new CircuitBuilder(n + 1, 0, $"quantum_walk_{n}");
        for (var step = 0; step < steps; step++)
        {
            builder.H(n);

            // Up where the coin is 1: from the top bit down, each flips if all below are 1.
            for (var q = n - 1; q >= 0; q--)
            {
                builder.MCX([n, .. Enumerable.Range(0, q)], q);
            }

            // Down where the coin is 0: the inverse, under a negated coin.
            builder.X(n);
            for (var q = 0; q < n; q++)
            {
                builder.MCX([n, .. Enumerable.Range(0, q)], q);
            }

            builder.X(n);
        }

        return builder.Build();
    }

    private static (CircuitBuilder Builder, double Step) Begin(string name, int numQubits, int steps, double time)
    {
        Guard.InRange(numQubits, 1, CircuitBuilder.MaxBits);
        Guard.InRange(steps, 1, 1_000_000);
        Guard.Finite(time);
        return (new CircuitBuilder(numQubits, 0, $"{name}_{numQubits}"), time / steps);
    }

    // Even bonds, then odd ones.
    private static void Chain(int n, Action<int, int> bond)
    {
        for (var parity = 0; parity < 2; parity++)
        {
            for (var q = parity; q + 1 < n; q += 2)
            {
                bond(q, q + 1);
            }
        }
    }
}

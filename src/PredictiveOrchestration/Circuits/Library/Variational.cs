using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Which qubits an ansatz entangles in a layer.</summary>
public enum Entanglement
{
    /// <summary>Each with the next.</summary>
    Linear,

    /// <summary>Each with the next, and the last with the first.</summary>
    Circular,

    /// <summary>Each with all later ones.</summary>
    Full,
}

/// <summary>Variational circuits: QAOA and hardware-efficient ansätze.</summary>
public static class Variational
{
    /// <summary>
    /// The quantum approximate optimisation algorithm for MaxCut (Farhi, Goldstone, Gutmann, arXiv:1411.4028):
    /// rounds of e^{-iγZZ} on every edge and e^{-iβX} on every qubit.
    /// </summary>
    /// <param name="numQubits">The number of vertices.</param>
    /// <param name="edges">The edges.</param>
    /// <param name="gammas">One angle for each round.</param>
    /// <param name="betas">One angle for each round.</param>
    public static Circuit Qaoa(int numQubits, IReadOnlyList<(int A, int B)> edges, IReadOnlyList<double> gammas, IReadOnlyList<double> betas)
    {
        Guard.InRange(numQubits, 1, CircuitBuilder.MaxBits);
        ArgumentNullException.ThrowIfNull(edges);
        ArgumentNullException.ThrowIfNull(gammas);
        ArgumentNullException.ThrowIfNull(betas);
        if (gammas.Count != betas.Count)
        {
            throw new ArgumentException($"{gammas.Count} gammas and {betas.Count} betas are given; each round needs one of both.", nameof(betas));
        }

        var builder = new CircuitBuilder(numQubits, 0, $"qaoa_{numQubits}");
        for (var q = 0; q < numQubits; q++)
        {
            builder.H(q);
        }

        for (var round = 0; round < gammas.Count; round++)
        {
            foreach (var (a, b) in edges)
            {
                builder.RZZ(2 * gammas[round], a, b);
            }

            for (var q = 0; q < numQubits; q++)
            {
                builder.RX(2 * betas[round], q);
            }
        }

        return builder.Build();
    }

    /// <summary>The edges of a ring.</summary>
    public static IReadOnlyList<(int A, int B)> Ring(int vertices)
    {
        Guard.InRange(vertices, 3, CircuitBuilder.MaxBits);
        return [.. Enumerable.Range(0, vertices).Select(v => (v, (v + 1) % vertices))];
    }

    /// <summary>The edges of a random graph in which every vertex has the given degree, by the pairing model.</summary>
    /// <param name="vertices">The number of vertices; vertices times degree must be even.</param>
    /// <param name="degree">The degree, 1 to vertices - 1.</param>
    /// <param name="seed">Chooses the graph.</param>
    public static IReadOnlyList<(int A, int B)> RandomRegular(int vertices, int degree, ulong seed = 0)
    {
        Guard.InRange(vertices, 2, 100_000);
        Guard.InRange(degree, 1, Math.Min(vertices - 1, 10));
        if (vertices * degree % 2 != 0)
        {
            throw new ArgumentException($"No graph of {vertices} vertices has degree {degree} everywhere: their product must be even.", nameof(degree));
        }

        var random = new SeededRandom(seed);
        var stubs = new int[vertices * degree];
        while (true)
        {
            for (var i = 0; i < stubs.Length; i++)
            {
                stubs[i] = i / degree;
            }

            random.Shuffle<int>(stubs);
            var edges = new HashSet<(int, int)>();
            for (var i = 0; i < stubs.Length && (i == 0 || edges.Count == i / 2); i += 2)
            {
                if (stubs[i] != stubs[i + 1])
                {
                    edges.Add((Math.Min(stubs[i], stubs[i + 1]), Math.Max(stubs[i], stubs[i + 1])));
                }
            }

            if (edges.Count == stubs.Length / 2)
            {
                return [.. edges.Order()];
            }
        }
    }

    /// <summary>Layers of RY rotations with CX between them (Qiskit's RealAmplitudes).</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="repetitions">The number of entangling layers; there is one more layer of rotations.</param>
    /// <param name="parameters">numQubits · (repetitions + 1) angles.</param>
    /// <param name="entanglement">Which qubits are entangled.</param>
    public static Circuit RealAmplitudes(int numQubits, int repetitions, IReadOnlyList<double> parameters, Entanglement entanglement = Entanglement.Linear) =>
        Ansatz($"real_amplitudes_{numQubits}", numQubits, repetitions, parameters, 1, entanglement);

    /// <summary>Layers of RY and RZ rotations with CX between them (Qiskit's EfficientSU2).</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="repetitions">The number of entangling layers; there is one more layer of rotations.</param>
    /// <param name="parameters">2 · numQubits · (repetitions + 1) angles: all RY, then all RZ of a layer.</param>
    /// <param name="entanglement">Which qubits are entangled.</param>
    public static Circuit EfficientSU2(int numQubits, int repetitions, IReadOnlyList<double> parameters, Entanglement entanglement = Entanglement.Linear) =>
        Ansatz($"efficient_su2_{numQubits}", numQubits, repetitions, parameters, 2, entanglement);

    /// <summary>Seeded uniform angles in [-π, π).</summary>
    public static IReadOnlyList<double> RandomAngles(int count, ulong seed = 0)
    {
        var random = new SeededRandom(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble() - 1) * Math.PI)];
    }

    private static Circuit Ansatz(string name, int n, int repetitions, IReadOnlyList<double> parameters, int rotations, Entanglement entanglement)
    {
        Guard.InRange(n, 1, CircuitBuilder.MaxBits);
        Guard.InRange(repetitions, 0, 1_000_000);
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != rotations * n * (repetitions + 1))
        {
            throw new ArgumentException($"{parameters.Count} parameters are given; {rotations * n * (repetitions + 1)} are needed.", nameof(parameters));
        }

        var builder = new CircuitBuilder(n, 0, name);
        var next = 0;
        for (var layer = 0; layer <= repetitions; layer++)
        {
            for (var r = 0; r < rotations; r++)
            {
                for (var q = 0; q < n; q++)
                {
                    builder.Gate(r == 0 ? GateCatalog.RY : GateCatalog.RZ, 0, [parameters[next++]], [q]);
                }
            }

            if (layer < repetitions)
            {
                Entangle(builder, n, entanglement);
            }
        }

        return builder.Build();
    }

    private static void Entangle(CircuitBuilder builder, int n, Entanglement entanglement)
    {
        if (entanglement == Entanglement.Circular && n > 2)
        {
            builder.CX(n - 1, 0);
        }

        for (var a = 0; a < n - 1; a++)
        {
            for (var b = a + 1; b < (entanglement == Entanglement.Full ? n : a + 2); b++)
            {
                builder.CX(a, b);
            }
        }
    }
}

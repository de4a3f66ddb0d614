using System.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Seeded random circuits.</summary>
public static class RandomFamilies
{
    private static readonly GateDefinition[] CliffordGates = [GateCatalog.H, GateCatalog.S, GateCatalog.Sdg, GateCatalog.X, GateCatalog.Y, GateCatalog.Z, GateCatalog.SX];

    /// <summary>Quantum volume (Cross et al., Phys. Rev. A 100, 032328): layers of Haar-random two-qubit gates on random pairs.</summary>
    /// <param name="numQubits">The number of qubits, 2 or more.</param>
    /// <param name="depth">The number of layers.</param>
    /// <param name="seed">Chooses the circuit.</param>
    public static Circuit QuantumVolume(int numQubits, int depth, ulong seed = 0)
    {
        Guard.InRange(numQubits, 2, 10_000);
        Guard.InRange(depth, 0, 100_000);
        var random = new SeededRandom(seed);
        var builder = new CircuitBuilder(numQubits, 0, $"quantum_volume_{numQubits}");
        int[] order = [.. Enumerable.Range(0, numQubits)];
        for (var layer = 0; layer < depth; layer++)
        {
            random.Shuffle<int>(order);
            for (var i = 0; i + 1 < numQubits; i += 2)
            {
                builder.Unitary(HaarUnitary(random, 4), [order[i], order[i + 1]]);
            }
        }

        return builder.Build();
    }

    /// <summary>Layers of random u gates on all qubits, then CX on random disjoint pairs.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="depth">The number of layers.</param>
    /// <param name="seed">Chooses the circuit.</param>
    public static Circuit Random(int numQubits, int depth, ulong seed = 0)
    {
        Guard.InRange(numQubits, 1, 100_000);
        Guard.InRange(depth, 0, 1_000_000);
        var random = new SeededRandom(seed);
        var builder = new CircuitBuilder(numQubits, 0, $"random_{numQubits}");
        int[] order = [.. Enumerable.Range(0, numQubits)];
        for (var layer = 0; layer < depth; layer++)
        {
            Rotations(builder, random, numQubits);
            random.Shuffle<int>(order);
            for (var i = 0; i + 1 < numQubits; i += 2)
            {
                builder.CX(order[i], order[i + 1]);
            }
        }

        return builder.Build();
    }

    /// <summary>Layers of random u gates, then CX on neighbours: even bonds in even layers, odd bonds in odd ones.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="depth">The number of layers.</param>
    /// <param name="seed">Chooses the circuit.</param>
    public static Circuit Brickwork(int numQubits, int depth, ulong seed = 0)
    {
        Guard.InRange(numQubits, 1, 100_000);
        Guard.InRange(depth, 0, 1_000_000);
        var random = new SeededRandom(seed);
        var builder = new CircuitBuilder(numQubits, 0, $"brickwork_{numQubits}");
        for (var layer = 0; layer < depth; layer++)
        {
            Rotations(builder, random, numQubits);
            for (var q = layer & 1; q + 1 < numQubits; q += 2)
            {
                builder.CX(q, q + 1);
            }
        }

        return builder.Build();
    }

    /// <summary>Random gates from h, s, s†, x, y, z, √x, cx, cz and swap.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="gates">The number of gates.</param>
    /// <param name="seed">Chooses the circuit.</param>
    public static Circuit RandomClifford(int numQubits, int gates, ulong seed = 0)
    {
        Guard.InRange(numQubits, 1, 100_000);
        Guard.InRange(gates, 0, 100_000_000);
        var random = new SeededRandom(seed);
        var builder = new CircuitBuilder(numQubits, 0, $"clifford_{numQubits}");
        for (var g = 0; g < gates; g++)
        {
            var a = random.Next(numQubits);
            if (numQubits > 1 && random.Next(2) == 0)
            {
                var b = (a + 1 + random.Next(numQubits - 1)) % numQubits;
                _ = random.Next(3) switch { 0 => builder.CX(a, b), 1 => builder.CZ(a, b), _ => builder.Swap(a, b) };
            }
            else
            {
                builder.Gate(CliffordGates[random.Next(CliffordGates.Length)], 0, [], [a]);
            }
        }

        return builder.Build();
    }

    // A random unitary by the Haar measure: Gram-Schmidt on Gaussian rows, twice against rounding.
    internal static Complex[] HaarUnitary(SeededRandom random, int size)
    {
        var m = new Complex[size * size];
        for (var row = 0; row < size; row++)
        {
            for (var k = 0; k < size; k++)
            {
                m[row * size + k] = new Complex(random.NextGaussian(), random.NextGaussian());
            }

            for (var pass = 0; pass < 2; pass++)
            {
                for (var other = 0; other < row; other++)
                {
                    Complex overlap = 0;
                    for (var k = 0; k < size; k++)
                    {
                        overlap += Complex.Conjugate(m[other * size + k]) * m[row * size + k];
                    }

                    for (var k = 0; k < size; k++)
                    {
                        m[row * size + k] -= overlap * m[other * size + k];
                    }
                }
            }

            var norm = 0.0;
            for (var k = 0; k < size; k++)
            {
                norm += m[row * size + k].Real * m[row * size + k].Real + m[row * size + k].Imaginary * m[row * size + k].Imaginary;
            }

            for (var k = 0; k < size; k++)
            {
                m[row * size + k] /= Math.Sqrt(norm);
            }
        }

        return m;
    }

    private static void Rotations(CircuitBuilder builder, SeededRandom random, int numQubits)
    {
        for (var q = 0; q < numQubits; q++)
        {
            builder.U(Math.Acos(1 - 2 * random.NextDouble()), 2 * Math.PI * random.NextDouble(), 2 * Math.PI * random.NextDouble(), q);
        }
    }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>What calibration times: permutations, phases, mixing gates and matrices on few and many amplitudes, in order and out of it, few and many shots, and results in mid-circuit.</summary>
internal static class SparseWorkloads
{
    public static IReadOnlyList<ExecutionRequest> All() =>
    [
        Request(Superposed(40, 1, 100), 1), Request(Superposed(40, 4, 400), 1), Request(Superposed(40, 10, 50), 1), Request(Superposed(40, 10, 400), 1),
        Request(Superposed(40, 10, 50), 4000), Request(Superposed(40, 14, 50), 1), Request(Superposed(80, 12, 100), 1), Request(Superposed(40, 16, 20), 1), Request(Superposed(40, 17, 1), 1),
        Request(Mixed(30, 8, 200), 1), Request(Mixed(30, 12, 60), 1), Request(Mixed(30, 15, 30), 1),
        Request(Unordered(11, 10), 1), Request(Unordered(14, 6), 1), Request(RandomFamilies.QuantumVolume(13, 3, 1), 1), Request(RandomFamilies.QuantumVolume(16, 1, 1), 1), Request(Dynamics.Heisenberg(13, 2), 1), Request(Mixed(30, 12, 4), 10_000), Request(Resets(12, 6), 1_000), Request(Oracles.Grover(10, [1], 10), 1),
        Request(Superposed(80, 6, 4), 4_000),
    ];

    private static ExecutionRequest Request(Circuit circuit, int shots) => new() { Circuit = circuit, Shots = shots };

    // Hadamard gates on magnitudes that are alike, of which phases let some cancel and others not.
    private static Circuit Unordered(int qubits, int rounds)
    {
        var circuit = RandomFamilies.RandomClifford(qubits, 4 * qubits, 1);
        for (var k = 0; k < rounds; k++)
        {
            circuit = circuit.Compose(new CircuitBuilder(qubits).T(k % qubits).Build()).Compose(RandomFamilies.RandomClifford(qubits, 2 * qubits, (ulong)(2 + k)));
        }

        return circuit;
    }

    private static Circuit Resets(int qubits, int resets)
    {
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < qubits; q++)
        {
            builder.RY(0.3 + 0.1 * q, q);
        }

        for (var q = 0; q < resets; q++)
        {
            builder.Reset(q);
        }

        return builder.Build();
    }

    // 2^branches amplitudes, then gates of which each mixes all of them.
    private static Circuit Mixed(int qubits, int branches, int gates)
    {
        var builder = new CircuitBuilder(qubits);
        for (var g = 0; g < branches + gates; g++)
        {
            builder.RY(0.3 + 0.01 * g, g % branches);
        }

        return builder.Build();
    }

    // 2^branches amplitudes, then gates that keep their number: one in eight mixes and unmixes.
    private static Circuit Superposed(int qubits, int branches, int gates)
    {
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < branches; q++)
        {
            builder.H(q);
        }

        for (var g = 0; g < gates; g++)
        {
            switch (g % 8)
            {
                case 0:
                    builder.RY(0.3, g % branches);
                    break;
                case 1 or 3 or 5:
                    builder.CX(g % branches, branches + g % (qubits - branches));
                    break;
                case 2:
                    builder.T(g % qubits);
                    break;
                case 4:
                    builder.CCX(g % branches, branches, branches + 1 + g % (qubits - branches - 1));
                    break;
                default:
                    builder.CP(0.1, g % branches, branches);
                    break;
            }
        }

        return builder.Build();
    }
}

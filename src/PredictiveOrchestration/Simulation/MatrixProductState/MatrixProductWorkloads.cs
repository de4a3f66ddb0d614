using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>What calibration times: long chains with small bonds, shorter ones with larger bonds, gates between distant qubits, few and many shots.</summary>
internal static class MatrixProductWorkloads
{
    public static IReadOnlyList<ExecutionRequest> All() =>
    [
        Request(States.Ghz(10), 1), Request(States.Ghz(100), 1), Request(States.Ghz(100), 2000), Request(Brickwork(20, 4), 1), Request(Brickwork(40, 6), 100),
        Request(Brickwork(20, 6), 1000), Request(Brickwork(16, 10), 1), Request(Brickwork(24, 12), 1),
        Request(Fourier.Qft(12), 1), Request(RandomFamilies.QuantumVolume(10, 3), 1), Request(RandomFamilies.QuantumVolume(12, 4), 1), Request(Brickwork(10, 3), 10_000), Request(Brickwork(24, 12), 500),

        // Shots that soon all differ, on bonds of two: each value read weighs more than its products.
        Request(Brickwork(40, 2), 4000),
    ];

    private static ExecutionRequest Request(Circuit circuit, int shots) => new() { Circuit = circuit, Shots = shots };

    private static Circuit Brickwork(int qubits, int depth)
    {
        var builder = new CircuitBuilder(qubits);
        for (var layer = 0; layer < depth; layer++)
        {
            for (var q = 0; q < qubits; q++)
            {
                builder.RY(0.3 + (0.1 * q) + layer, q);
            }

            for (var q = layer % 2; q + 1 < qubits; q += 2)
            {
                builder.CX(q, q + 1);
            }
        }

        return builder.Build();
    }
}

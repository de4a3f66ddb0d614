using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Simulation;

/// <summary>What calibration of engines that hold all amplitudes times: few and many amplitudes, dense, diagonal and permuting gates, few and many gates, few and many shots, states of which a part is zero, and measurements in mid-circuit.</summary>
internal static class AmplitudeWorkloads
{
    public static IReadOnlyList<ExecutionRequest> All { get; } =
    [
        Request(Layers(4, 2), 1), Request(Layers(4, 40), 1), Request(Layers(10, 10), 1), Request(Layers(10, 10), 4000),
        Request(Layers(14, 10), 1), Request(Phases(16, 4), 1), Request(Layers(17, 4), 1), Request(Layers(17, 2), 1000), Request(Layers(18, 8), 1), Request(Layers(20, 2), 1),
        Request(Ladders(18), 1), Request(Permutations(16, 200), 1), Request(Permutations(18, 60), 1), Request(Layers(18, 12, 10), 1),
        Request(Reset(17, 12), 1), Request(Scattered(22), 1),

        // Memory that is zeroed for a state of which little is done.
        Request(Oracles.BernsteinVazirani(new BitString(0b10110_11011_01101_10110, 20)), 1),

        // Many updates for each pass over the amplitudes: gates on the same few qubits, of which the layers above have few.
        Request(RandomFamilies.QuantumVolume(13, 8, 1), 1), Request(RandomFamilies.QuantumVolume(18, 6, 2), 1),
    ];

    private static ExecutionRequest Request(Circuit circuit, int shots) => new() { Circuit = circuit, Shots = shots };

    private static Circuit Layers(int qubits, int layers, int used = int.MaxValue)
    {
        var builder = new CircuitBuilder(qubits);
        used = Math.Min(used, qubits);
        for (var layer = 0; layer < layers; layer++)
        {
            for (var q = 0; q < used; q++)
            {
                builder.U(0.3 + 0.1 * q, 0.2 * layer, 0.7, q);
            }

            for (var q = layer & 1; q + 1 < used; q += 2)
            {
                builder.CX(q, q + 1);
            }
        }

        return builder.Build();
    }

    // A state of which little is other than zero, far apart.
    private static Circuit Scattered(int qubits)
    {
        var builder = new CircuitBuilder(qubits);
        foreach (var q in (int[])[0, 1, 2, qubits / 2, (qubits / 2) + 1, qubits - 3, qubits - 2, qubits - 1])
        {
            builder.RY(0.3 + (0.1 * q), q);
        }

        return builder.Build();
    }

    // Random results in mid-circuit.
    private static Circuit Reset(int qubits, int resets)
    {
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < qubits; q++)
        {
            builder.RY(0.3 + (0.1 * q), q);
        }

        for (var r = 0; r < resets; r++)
        {
            builder.CX(r % qubits, (r + 1) % qubits).Reset(r % qubits);
        }

        return builder.Build();
    }

    private static Circuit Phases(int qubits, int layers)
    {
        var builder = new CircuitBuilder(qubits);
        for (var layer = 0; layer < layers; layer++)
        {
            for (var q = 0; q < qubits; q++)
            {
                builder.H(q);
                for (var p = 0; p < q; p++)
                {
                    builder.CP(0.1 + 0.01 * p, p, q);
                }
            }
        }

        return builder.Build();
    }

    // Few gates on each bit's phases, unlike above.
    private static Circuit Ladders(int qubits)
    {
        var builder = new CircuitBuilder(qubits);
        for (var q = qubits - 1; q >= 0; q--)
        {
            builder.H(q);
            for (var p = 0; p < q; p++)
            {
                builder.CP(Math.ScaleB(Math.PI, p - q), p, q);
            }
        }

        return builder.Build();
    }

    private static Circuit Permutations(int qubits, int gates)
    {
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < qubits; q++)
        {
            builder.H(q);
        }

        for (var i = 0; i < gates; i++)
        {
            builder.CCX(i % qubits, (i + 1 + i / qubits % 3) % qubits, (i + 5) % qubits);
        }

        return builder.Build();
    }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>Small circuits that exercise each term of the engine's cost.</summary>
internal static class StabilizerWorkloads
{
    public static IReadOnlyList<ExecutionRequest> All() =>
    [
        Of(RandomFamilies.RandomClifford(2, 4, 1), 1),
        Of(RandomFamilies.RandomClifford(20, 400, 2), 1000),

        // Gates, on few columns and on longer ones.
        Of(RandomFamilies.RandomClifford(100, 20_000, 3), 1),
        Of(RandomFamilies.RandomClifford(400, 20_000, 4), 0),

        // Results: generators that act on few qubits, and on most, in short columns and in long ones.
        Of(RandomFamilies.RandomClifford(200, 800, 9), 1),
        Of(RandomFamilies.RandomClifford(100, 2_500, 3), 1),
        Of(RandomFamilies.RandomClifford(280, 7_000, 5), 1),

        // Frames: mostly draws, mostly shots, mostly gates.
        Of(ErrorCorrection.SurfaceCode(5, 5), 1),
        Of(ErrorCorrection.SurfaceCode(5, 3), 10_000),
        Of(Framed(States.Ghz(20)), 10_000),
        Of(Framed(RandomFamilies.RandomClifford(20, 3_000, 10)), 2_000),

        // Shots: outcomes of one word, few, many, nearly as many as shots; of several words, one and as many as shots.
        Of(States.Ghz(20), 10_000),
        Of(RandomFamilies.RandomClifford(12, 120, 7), 10_000),
        Of(RandomFamilies.RandomClifford(36, 400, 6), 10_000),
        Of(States.Ghz(128), 3_000),
        Of(RandomFamilies.RandomClifford(100, 1_000, 3), 3_000),
    ];

    // A reset has all shots run as frames.
    private static Circuit Framed(Circuit circuit) => new CircuitBuilder(circuit.NumQubits).Reset(0).Build().Compose(circuit);

    private static ExecutionRequest Of(Circuit circuit, int shots) => new() { Circuit = circuit, Shots = shots, Seed = 1 };
}

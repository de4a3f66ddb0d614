using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>Small circuits that exercise each term of the engine's cost.</summary>
internal static class StabilizerWorkloads
{
    public static IReadOnlyList<ExecutionRequest> All() =>
    [
        Of(RandomFamilies.RandomClifford(2, 4, 1), 1),
        Of(RandomFamilies.RandomClifford(20, 400, 2), 1000),
        Of(RandomFamilies.RandomClifford(100, 2_000, 3), 1),
        Of(RandomFamilies.RandomClifford(100, 20_000, 3), 1),
        Of(RandomFamilies.RandomClifford(400, 20_000, 4), 0),
        Of(RandomFamilies.RandomClifford(400, 4_000, 5), 100),
        Of(States.Ghz(500), 1000),
        Of(ErrorCorrection.SurfaceCode(5, 5), 1),
        Of(ErrorCorrection.SurfaceCode(5, 5), 20_000),
        Of(RandomFamilies.RandomClifford(36, 400, 6), 10_000),
        Of(RandomFamilies.RandomClifford(100, 2_000, 3), 2_000),
        Of(States.Ghz(20), 10_000),
        Of(RandomFamilies.RandomClifford(12, 120, 7), 10_000),
        Of(RandomFamilies.RandomClifford(60, 1_200, 8), 3_000),
        Of(RandomFamilies.RandomClifford(200, 800, 9), 1),
    ];

    private static ExecutionRequest Of(Circuits.Circuit circuit, int shots) => new() { Circuit = circuit, Shots = shots, Seed = 1 };
}

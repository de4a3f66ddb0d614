using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>The circuits whose times are kept, each with its target.</summary>
internal static class EngineTable
{
    /// <summary>All rows.</summary>
    public static IReadOnlyList<EngineRow> Rows { get; } = [.. Dense(), .. Sparse()];

    private static IEnumerable<EngineRow> Dense()
    {
        foreach (var (n, target) in new[] { (20, 12.0), (22, 60), (24, 300) })
        {
            yield return new EngineRow("dense", $"qft {n}", target, () => Fourier.Qft(n));
        }

        foreach (var (n, target) in new[] { (20, 70.0), (22, 370), (24, 1700) })
        {
            yield return new EngineRow("dense", $"random {n} depth 20", target, () => RandomFamilies.Random(n, 20, 7));
        }

        foreach (var (n, target) in new[] { (20, 60.0), (22, 320) })
        {
            yield return new EngineRow("dense", $"quantum volume {n} depth 10", target, () => RandomFamilies.QuantumVolume(n, 10, 7));
        }

        yield return new EngineRow("dense", "qaoa ring 22 p 5", 180, () => Variational.Qaoa(22, Variational.Ring(22), [.1, .2, .3, .4, .5], [.5, .4, .3, .2, .1]));
        yield return new EngineRow("dense", "ghz 24", 60, () => States.Ghz(24));
        yield return new EngineRow("dense", "bernstein-vazirani 24", 60, () => Oracles.BernsteinVazirani(new BitString(0x5B6DB7, 23)));
        yield return new EngineRow("dense", "sample 1,000 of random 24 depth 1", 40, () => RandomFamilies.Random(24, 1, 7), 1_000);
        yield return new EngineRow("dense", "sample 1,000,000 of random 24 depth 1", 250, () => RandomFamilies.Random(24, 1, 7), 1_000_000);
        yield return new EngineRow("dense", "random 5 depth 20", 0.003, () => RandomFamilies.Random(5, 20, 7));
        yield return new EngineRow("dense", "random 10 depth 20", 0.09, () => RandomFamilies.Random(10, 20, 7));
    }

    private static IEnumerable<EngineRow> Sparse()
    {
        yield return new EngineRow("sparse", "ghz 50", 0.015, () => States.Ghz(50));
        yield return new EngineRow("sparse", "bernstein-vazirani 50", 0.015, () => Oracles.BernsteinVazirani(new BitString(0x1B6DB6DB6DB6D, 49)));
        yield return new EngineRow("sparse", "cuccaro adder, 42 qubits", 0.030, () => Adders.Cuccaro(20));
        yield return new EngineRow("sparse", "w 40", 0.200, () => States.W(40));
    }
}

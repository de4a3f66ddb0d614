using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>The circuits whose times are kept, each with its target.</summary>
internal static class EngineTable
{
    /// <summary>All rows.</summary>
    public static IReadOnlyList<EngineRow> Rows { get; } = [.. Stabilizer(), .. Dense(), .. Sparse(), .. MatrixProduct(), .. Gpu()];

    private static IEnumerable<EngineRow> Stabilizer()
    {
        // The targets are twice what Stim takes as a whole process; reading the text is a row of its own below.
        foreach (var (n, target) in new[] { (500, 126.0), (1000, 194), (2000, 628) })
        {
            yield return new EngineRow("stabilizer", $"random clifford {n}, 200 n gates, 1,000 shots", target, () => RandomFamilies.RandomClifford(n, 200 * n, 7), 1_000);
        }

        yield return new EngineRow("stabilizer", "ghz 1000, 1,000 shots", double.NaN, () => States.Ghz(1000), 1_000);
        yield return new EngineRow("stabilizer", "ghz 10000, 100 shots", double.NaN, () => States.Ghz(10_000), 100);
        yield return new EngineRow("stabilizer", "surface code distance 5, 5 rounds, 100,000 shots", double.NaN, () => ErrorCorrection.SurfaceCode(5, 5), 100_000);
        yield return new EngineRow("stabilizer", "repetition code distance 25, 25 rounds, 10,000 shots", double.NaN, () => ErrorCorrection.Repetition(25, 25), 10_000);
    }

    private static IEnumerable<EngineRow> Dense()
    {
        foreach (var (n, target, single) in new[] { (20, 12.0, 73.0), (22, 60, 389), (24, 300, 1796) })
        {
            yield return new EngineRow("dense", $"qft {n}", target, () => Fourier.Qft(n), SingleTargetMilliseconds: single);
        }

        foreach (var (n, target, single) in new[] { (20, 70.0, 77.0), (22, 370, 374), (24, 1700, 1833) })
        {
            yield return new EngineRow("dense", $"random {n} depth 20", target, () => RandomFamilies.Random(n, 20, 7), SingleTargetMilliseconds: single);
        }

        foreach (var (n, target, single) in new[] { (20, 60.0, 38.0), (22, 320, 209) })
        {
            yield return new EngineRow("dense", $"quantum volume {n} depth 10", target, () => RandomFamilies.QuantumVolume(n, 10, 7), SingleTargetMilliseconds: single);
        }

        yield return new EngineRow("dense", "qaoa ring 22 p 5", 180, () => Variational.Qaoa(22, Variational.Ring(22), [.1, .2, .3, .4, .5], [.5, .4, .3, .2, .1]), SingleTargetMilliseconds: 185);
        yield return new EngineRow("dense", "ghz 24", 60, () => States.Ghz(24), SingleTargetMilliseconds: 190);
        yield return new EngineRow("dense", "bernstein-vazirani 24", 60, () => Oracles.BernsteinVazirani(new BitString(0x5B6DB7, 23)), SingleTargetMilliseconds: 210);
        yield return new EngineRow("dense", "sample 1,000 of random 24 depth 1", 40, () => RandomFamilies.Random(24, 1, 7), 1_000, Measure: EngineMeasure.Sampling);
        yield return new EngineRow("dense", "sample 1,000,000 of random 24 depth 1", 250, () => RandomFamilies.Random(24, 1, 7), 1_000_000, Measure: EngineMeasure.Sampling);
        foreach (var (n, measured) in new[] { (14, 6), (22, 4) })
        {
            yield return new EngineRow("dense", $"random {n} depth 20, {measured} qubits measured and mixed again, 100 shots", double.NaN, () => Remeasured(n, measured), 100);
        }

        foreach (var (n, target, planned) in new[] { (5, 0.003, 0.015), (10, 0.09, 0.25) })
        {
            yield return new EngineRow("dense", $"random {n} depth 20, plan reused", target, () => RandomFamilies.Random(n, 20, 7));
            yield return new EngineRow("dense", $"random {n} depth 20, with planning", planned, () => RandomFamilies.Random(n, 20, 7), Measure: EngineMeasure.FreshCircuit);
        }
    }

    // A deep circuit, then results in mid-circuit, each in superposition again: 2^measured histories.
    private static Circuit Remeasured(int qubits, int measured)
    {
        var builder = new CircuitBuilder(qubits, measured);
        for (var q = 0; q < measured; q++)
        {
            builder.Measure(q, q).H(q).CX(q, q + 1);
        }

        return new CircuitBuilder(qubits, measured).Build().Compose(RandomFamilies.Random(qubits, 20, 7)).Compose(builder.Build());
    }

    private static IEnumerable<EngineRow> Sparse()
    {
        yield return new EngineRow("sparse", "ghz 50", 0.015, () => States.Ghz(50));
        yield return new EngineRow("sparse", "bernstein-vazirani 50", 0.015, () => Oracles.BernsteinVazirani(new BitString(0x1B6DB6DB6DB6D, 49)));
        yield return new EngineRow("sparse", "cuccaro adder, 42 qubits", 0.030, () => Adders.Cuccaro(20));
        yield return new EngineRow("sparse", "w 40", 0.200, () => States.W(40));
    }

    // Without targets: what they cost depends on the device. The dense engine is timed beside them.
    private static IEnumerable<EngineRow> Gpu()
    {
        foreach (var n in new[] { 5, 10, 16, 20, 22, 24 })
        {
            yield return new EngineRow("gpu", $"random {n} depth 20", double.NaN, () => RandomFamilies.Random(n, 20, 7));
        }

        foreach (var n in new[] { 20, 24 })
        {
            yield return new EngineRow("gpu", $"qft {n}", double.NaN, () => Fourier.Qft(n));
        }

        yield return new EngineRow("gpu", "sample 1,000 of random 24 depth 1", double.NaN, () => RandomFamilies.Random(24, 1, 7), 1_000, Measure: EngineMeasure.Sampling);
    }

    private static IEnumerable<EngineRow> MatrixProduct()
    {
        yield return new EngineRow("mps", "ghz 100", 2, () => States.Ghz(100), 1_000);
        yield return new EngineRow("mps", "qaoa ring 40 p 2", 7, () => Variational.Qaoa(40, Variational.Ring(40), [.1, .2], [.2, .1]), 1_000);
        yield return new EngineRow("mps", "brickwork 50 depth 6", 7, () => Brickwork(50, 6), 1_000);
        yield return new EngineRow("mps", "brickwork 30 depth 12", 40, () => Brickwork(30, 12), 1_000);
        yield return new EngineRow("mps", "brickwork 30 depth 24, truncated", 700, () => Brickwork(30, 24), 1_000);
        yield return new EngineRow("mps", "qaoa ring 40 p 3", 45, () => Variational.Qaoa(40, Variational.Ring(40), [.1, .2, .3], [.3, .2, .1]), 1_000);
        yield return new EngineRow("mps", "ghz 1000", 10, () => States.Ghz(1000), 1_000);
        yield return new EngineRow("mps", "random pairs 20 depth 4", 139, () => RandomCircuits.Pairs(7, 20, 4), 1_000);
    }

    // Layers of one-qubit rotations and controlled X between neighbours.
    private static Circuit Brickwork(int qubits, int depth)
    {
        var random = new Random(7);
        var builder = new CircuitBuilder(qubits);
        for (var layer = 0; layer < depth; layer++)
        {
            for (var q = 0; q < qubits; q++)
            {
                builder.U(random.NextDouble() * 3, random.NextDouble() * 6, random.NextDouble() * 6, q);
            }

            for (var q = layer % 2; q + 1 < qubits; q += 2)
            {
                builder.CX(q, q + 1);
            }
        }

        return builder.Build();
    }
}

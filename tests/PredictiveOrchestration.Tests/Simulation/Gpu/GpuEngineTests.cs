using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Conformance;

namespace PredictiveOrchestration.Tests.Simulation.Gpu;

// Beyond the conformance suite: states of many tiles, so that targets, controls and phases lie within a tile, outside, and across.
public sealed class GpuEngineTests
{
    [SkippableFact]
    public async Task FinalState_SeveralTiles_MatchesTheOracle()
    {
        var engine = OpenClDevice.Simulator();
        for (var seed = 0; seed < 24; seed++)
        {
            var n = 11 + seed % 6;
            var circuit = TestKit.RandomCircuits.Create(4000 + seed, new RandomCircuitOptions { Qubits = n, Operations = 60, MaxControls = seed % 5 });
            var distance = StateComparison.Distance(await FinalStateAsync(engine, circuit), OracleSimulator.FinalState(circuit));
            distance.Should().BeLessThan(1e-12, "seed {0}, {1} qubits", 4000 + seed, n);
        }
    }

    [SkippableFact]
    public async Task FinalState_SinglePrecision_IsWithinItsRounding()
    {
        var engine = OpenClDevice.Simulator(GpuPrecision.Single);
        engine.Descriptor.Capabilities.IsExact.Should().BeFalse();
        for (var seed = 0; seed < 24; seed++)
        {
            var n = 1 + seed % 13;
            var circuit = TestKit.RandomCircuits.Create(5000 + seed, new RandomCircuitOptions { Qubits = n, Operations = 60, MaxControls = seed % 4 });
            var distance = StateComparison.Distance(await FinalStateAsync(engine, circuit), OracleSimulator.FinalState(circuit));
            distance.Should().BeInRange(0, 1e-5, "seed {0}, {1} qubits", 5000 + seed, n);
        }
    }

    // Up to five targets at random places, where most lie outside of the lowest bits.
    [SkippableFact]
    public async Task FinalState_WideUnitaries_MatchesTheOracle()
    {
        var engine = OpenClDevice.Simulator();
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            const int n = 12;
            var builder = new CircuitBuilder(n);
            for (var q = 0; q < n; q++)
            {
                builder.RY(0.3 + q, q);
            }

            for (var k = 1; k <= 5; k++)
            {
                var qubits = Enumerable.Range(0, n).OrderBy(_ => random.Next()).Take(k).ToArray();
                builder.Unitary(TestKit.RandomCircuits.Unitary(random, k), qubits);
            }

            var circuit = builder.Build();
            StateComparison.Distance(await FinalStateAsync(engine, circuit), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, "seed {0}", seed);
        }
    }

    // |k⟩ becomes Σ exp(2πi jk / 2^n) |j⟩ / √2^n: phases of every pair of bits, most of them across tiles.
    [SkippableTheory]
    [InlineData(11, 1234)]
    [InlineData(16, 54321)]
    public async Task FinalState_FourierTransformOfABasisState_IsThatOfTheClosedFormula(int n, int k)
    {
        var engine = OpenClDevice.Simulator();
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q++)
        {
            if ((k >> q & 1) != 0)
            {
                builder.X(q);
            }
        }

        for (var q = n - 1; q >= 0; q--)
        {
            builder.H(q);
            for (var p = 0; p < q; p++)
            {
                builder.CP(Math.PI / (1 << (q - p)), p, q);
            }
        }

        for (var q = 0; q < n / 2; q++)
        {
            builder.Swap(q, n - 1 - q);
        }

        var state = await FinalStateAsync(engine, builder.Build());
        var size = 1L << n;
        for (long j = 0; j < size; j++)
        {
            var (sin, cos) = Math.SinCos(2 * Math.PI * (j * k % size) / size);
            (state[j] - new Complex(cos, sin) / Math.Sqrt(size)).Magnitude.Should().BeLessThan(1e-12, "amplitude {0}", j);
        }
    }

    [SkippableFact]
    public async Task Counts_ManyTiles_FollowTheDistribution()
    {
        var engine = OpenClDevice.Simulator();
        const int n = 13;
        var circuit = TestKit.RandomCircuits.Create(77, new RandomCircuitOptions { Qubits = n, Operations = 60 });
        var all = circuit.Compose(new CircuitBuilder(n, 4).Measure(12, 0).Measure(3, 1).Measure(10, 2).Measure(0, 3).Build());
        var exact = await engine.ExecuteAsync(new ExecutionRequest { Circuit = all, Shots = 0, TopProbabilities = int.MaxValue });
        StateComparison.Distance(exact.Probabilities, OracleSimulator.OutcomeDistribution(all)).Should().BeLessThan(1e-12);
        var result = await engine.ExecuteAsync(new ExecutionRequest { Circuit = all, Shots = 50_000, Seed = 5 });
        result.Counts.Values.Sum().Should().Be(50_000);
        StateComparison.ChiSquarePValue(result.Counts, OracleSimulator.OutcomeDistribution(all)).Should().BeGreaterThan(1e-4);
    }

    // Kernel objects hold their arguments: runs that share the device must not mix them up.
    [SkippableFact]
    public async Task Runs_AtTheSameTime_DoNotDisturbEachOther()
    {
        var engine = OpenClDevice.Simulator();
        var single = OpenClDevice.Simulator(GpuPrecision.Single);
        await Parallel.ForAsync(0, 48, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, _) =>
        {
            var circuit = TestKit.RandomCircuits.Create(300 + seed, new RandomCircuitOptions { Qubits = 2 + seed % 11, Operations = 40, MidCircuit = seed % 4 == 0 });
            var request = new ExecutionRequest { Circuit = circuit, Shots = 100, TopProbabilities = int.MaxValue };
            var result = await (seed % 3 == 0 ? single : engine).ExecuteAsync(request);
            StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(seed % 3 == 0 ? 1e-5 : 1e-12, "seed {0}", 300 + seed);
            result.Counts.Values.Sum().Should().Be(100);
        });
    }

    // Only a few amplitudes are left: the compact form lists them, and every draw hits one of them.
    [SkippableFact]
    public async Task Snapshot_FewAmplitudes_IsCompactAndGoesBackIn()
    {
        var engine = OpenClDevice.Simulator();
        const int n = 14;
        var builder = new CircuitBuilder(n).H(13).CX(13, 2).CX(13, 7).RY(0.3, 5).RZ(0.7, 5).Swap(1, 12).H(12);
        var circuit = builder.Build();
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
        using var session = await engine.OpenAsync(request, null);
        session.Advance(circuit.Operations.Length - 1);
        var snapshot = session.TakeSnapshot(compact: true);
        snapshot.IsDense.Should().BeFalse();
        snapshot.Indices.Should().HaveCount(4);
        session.Observe(count: true).NonZeros.Should().Be(4);
        session.Advance(circuit.Operations.Length);
        StateComparison.Distance(StateComparison.Dense(session.TakeSnapshot(compact: true)), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12);
        using var next = await engine.OpenAsync(request, snapshot);
        next.Advance(circuit.Operations.Length);
        StateComparison.Distance(StateComparison.Dense(next.TakeSnapshot()), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12);
        var result = next.Finish();
        StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);
    }

    private static async Task<Complex[]> FinalStateAsync(GpuStateVectorSimulator engine, Circuit circuit) =>
        StateComparison.Dense(await engine.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.Operations.Length));
}

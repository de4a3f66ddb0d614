using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.Gpu;

// ILGPU's own emulation runs the kernels as .NET code, with a thread for each lane: slow, but there on every machine, and it checks bounds.
public sealed class GpuEmulationTests
{
    [Fact]
    public async Task Kernels_Emulated_AgreeWithTheOracle()
    {
        using var device = GpuDiscovery.OpenEmulated();
        var source = new GpuDeviceSource((out reason) =>
        {
            reason = string.Empty;
            return device;
        });
        var engine = new GpuStateVectorSimulator(new GpuStateVectorOptions(), null, source);
        for (var seed = 0; seed < 5; seed++)
        {
            var circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 3 + seed % 4, Operations = 15, MaxControls = 2, Unitaries = seed % 2 == 0 });
            var request = new ExecutionRequest { Circuit = circuit, Shots = 300, Seed = 1, TopProbabilities = int.MaxValue };
            using var session = await engine.OpenAsync(request, null);
            session.Advance(circuit.Operations.Length);
            foreach (var compact in new[] { false, true })
            {
                StateComparison.Distance(StateComparison.Dense(session.TakeSnapshot(compact)), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, "seed {0}", seed);
            }

            var result = session.Finish();
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            StateComparison.Distance(result.Probabilities, expected).Should().BeLessThan(1e-12, "seed {0}", seed);
            StateComparison.ChiSquarePValue(result.Counts, expected).Should().BeGreaterThan(1e-4, "seed {0}", seed);
        }

        var batch = Enumerable.Range(0, 3).Select(seed => new ExecutionRequest { Circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 4, Operations = 10 }), Shots = 0, TopProbabilities = int.MaxValue }).ToList();
        var results = await engine.ExecuteBatchAsync(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            StateComparison.Distance(results[i].Probabilities, OracleSimulator.OutcomeDistribution(batch[i].Circuit)).Should().BeLessThan(1e-12, "circuit {0}", i);
        }
    }
}

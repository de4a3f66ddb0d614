using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Conformance;

namespace PredictiveOrchestration.Tests.Simulation.Gpu;

public sealed class GpuBatchTests
{
    // Small and large, measured at the end, in the middle and not at all, with control flow and without, without gates.
    [SkippableFact]
    public async Task Batch_CircuitsOfAllKinds_GivesEachItsOwnResultInOrder()
    {
        var engine = OpenClDevice.Simulator();
        var requests = new List<ExecutionRequest>();
        for (var seed = 0; seed < 60; seed++)
        {
            var options = new RandomCircuitOptions
            {
                Qubits = seed == 7 ? 12 : 1 + seed % 8, Operations = 20, MidCircuit = seed % 5 == 1, ControlFlow = seed % 10 == 1, MeasureAtEnd = seed % 2 == 0,
            };
            requests.Add(Request(TestKit.RandomCircuits.Create(6000 + seed, options)));
        }

        requests.Add(Request(new CircuitBuilder(3).Build()));
        requests.Add(Request(new CircuitBuilder().Build()));
        requests.Count(r => GpuBatch.Takes(r.Circuit)).Should().BeInRange(30, requests.Count - 5);
        var results = await engine.ExecuteBatchAsync(requests);
        results.Should().HaveCount(requests.Count);
        for (var i = 0; i < requests.Count; i++)
        {
            var expected = OracleSimulator.OutcomeDistribution(requests[i].Circuit);
            StateComparison.Distance(results[i].Probabilities, expected).Should().BeLessThan(1e-12, "request {0}", i);
            results[i].Counts.Values.Sum().Should().Be(2000);
            StateComparison.ChiSquarePValue(results[i].Counts, expected).Should().BeGreaterThan(1e-5, "request {0}", i);
        }
    }

    [SkippableFact]
    public async Task Batch_Observables_AgreeWithOracle()
    {
        var engine = OpenClDevice.Simulator();
        PauliSum[] observables = [PauliSum.Parse("ZZII"), PauliSum.Parse("XYZX", 0.5), PauliSum.Parse("IIIY"), PauliSum.Parse("YYYY"), PauliSum.Parse("YIYY")];
        ExecutionRequest[] requests =
        [
            .. Enumerable.Range(0, 20).Select(seed => Request(TestKit.RandomCircuits.Create(7000 + seed, new RandomCircuitOptions { Qubits = 4, Operations = 20 })) with { Shots = 0, Observables = observables }),
        ];
        var results = await engine.ExecuteBatchAsync(requests);
        for (var i = 0; i < requests.Length; i++)
        {
            for (var k = 0; k < observables.Length; k++)
            {
                results[i].ExpectationValues[k].Should().BeApproximately(OracleSimulator.ExpectationValue(requests[i].Circuit, observables[k]), 1e-11, "request {0}", i);
            }
        }
    }

    [SkippableFact]
    public async Task Batch_SinglePrecision_IsWithinItsRounding()
    {
        var engine = OpenClDevice.Simulator(GpuPrecision.Single);
        ExecutionRequest[] requests = [.. Enumerable.Range(0, 12).Select(seed => Request(TestKit.RandomCircuits.Create(8000 + seed, new RandomCircuitOptions { Qubits = 1 + seed % 10, Operations = 30 })))];
        var results = await engine.ExecuteBatchAsync(requests);
        for (var i = 0; i < requests.Length; i++)
        {
            results[i].IsExact.Should().BeFalse();
            StateComparison.Distance(results[i].Probabilities, OracleSimulator.OutcomeDistribution(requests[i].Circuit)).Should().BeLessThan(1e-5, "request {0}", i);
        }
    }

    private static ExecutionRequest Request(Circuit circuit) => new() { Circuit = circuit, Shots = 2000, Seed = 3, TopProbabilities = int.MaxValue };
}

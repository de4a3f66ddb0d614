using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Conformance;

namespace PredictiveOrchestration.Tests.Simulation.Gpu;

public sealed class GpuRoutingTests
{
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_HandedOverAtEveryOperation_KeepsTheState(bool compact)
    {
        var gpu = OpenClDevice.Simulator();
        ISegmentedBackend[] others = [new StateVectorSimulator(), new SparseStateSimulator(), gpu];
        for (var seed = 1; seed <= 3; seed++)
        {
            var circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 3 + 4 * (seed - 1), Operations = 20 });
            var expected = OracleSimulator.FinalState(circuit);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
            foreach (var other in others)
            {
                foreach (var (from, to) in new (ISegmentedBackend, ISegmentedBackend)[] { (gpu, other), (other, gpu) })
                {
                    for (var at = 0; at <= circuit.Operations.Length; at++)
                    {
                        using var first = await from.OpenAsync(request, null);
                        first.Advance(at);
                        using var second = await to.OpenAsync(request, first.TakeSnapshot(compact));
                        second.Advance(circuit.Operations.Length);
                        StateComparison.Distance(StateComparison.Dense(second.TakeSnapshot(compact)), expected)
                            .Should().BeLessThan(1e-12, "seed {0}, operation {1}, {2} to {3}", seed, at, from.Descriptor.Id, to.Descriptor.Id);
                    }
                }
            }
        }
    }

    // What predicts is the ordinary model, fitted to runs: of a device whose runs are given as fast it chooses the large circuits, and not the small.
    [Fact]
    public void Prediction_LearntFromRuns_CrossesOverWhereTheRunsDo()
    {
        var dense = new StateVectorSimulator().Descriptor;
        var gpu = new GpuStateVectorSimulator().Descriptor;
        var fast = ModelBuilder.Calibrated([.. Rows(dense, 1e-6, 1e-9), .. Rows(gpu, 3e-4, 2e-11)]);
        Faster(fast, 24).Should().Be("gpu");
        Faster(fast, 5).Should().Be("local-dense");
        var slow = ModelBuilder.Calibrated([.. Rows(dense, 1e-6, 1e-9), .. Rows(gpu, 3e-4, 4e-9)]);
        Faster(slow, 24).Should().Be("local-dense");
        Faster(slow, 5).Should().Be("local-dense");

        string Faster(IEnumerable<KeyValuePair<string, BackendModel>> models, int qubits)
        {
            var predictor = new PerformancePredictor(1, models);
            var profile = CircuitProfiler.Profile(RandomFamilies.Random(qubits, 20, 1));
            var job = new JobShape(100, 1, 0, 0);
            return predictor.Predict(gpu, profile, job).Seconds.Median < predictor.Predict(dense, profile, job).Seconds.Median ? "gpu" : "local-dense";
        }
    }

    [SkippableFact]
    public async Task Orchestrator_TheProcessorAsGpu_LosesToTheDenseEngineByPrediction()
    {
        _ = OpenClDevice.Simulator();
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new StateVectorSimulator()).AddGpu(new GpuStateVectorOptions { AllowCpuOpenCl = true })
            .Configure(o => o.StateDirectory = string.Empty).Build();
        await orchestrator.StartAsync();
        var status = orchestrator.GetAvailableBackends().Single(b => b.Descriptor.Type == BackendType.GpuAccelerated);
        Skip.IfNot(new GpuStateVectorSimulator().UnavailableReason is not null, "this machine has a GPU, which may win");
        status.IsAvailable.Should().BeTrue(status.Reason);
        foreach (var qubits in new[] { 4, 12, 20 })
        {
            var decision = orchestrator.GetRoutingRecommendation(RandomFamilies.Random(qubits, 20, 1)).Decision;
            decision.Chosen.Candidate.Backend.Id.Should().Be("local-dense");
            var predicted = decision.Ranked.Single(r => r.Candidate.Backend.Id == "gpu").Candidate.Prediction;
            predicted.Seconds.Median.Should().BeGreaterThan(decision.Chosen.Candidate.Prediction.Seconds.Median, "{0} qubits", qubits);
        }
    }

    [SkippableFact]
    public async Task Memory_OfARun_IsWithinTheBound()
    {
        var engine = OpenClDevice.Simulator();
        var basis = CostBasisCatalog.Get("gpu");
        for (var seed = 0; seed < 24; seed++)
        {
            var circuit = TestKit.RandomCircuits.Create(9000 + seed, new RandomCircuitOptions { Qubits = 1 + seed % 14, Operations = 40, MidCircuit = seed % 3 == 0, MeasureAtEnd = true });
            var request = new ExecutionRequest { Circuit = circuit, Shots = 500, TopProbabilities = seed % 2 == 0 ? 4 : 0 };
            var bound = JobDrivers.Of(basis, CircuitProfiler.Profile(circuit), new JobShape(request.Shots, 1, 0, request.TopProbabilities)).Costs;
            var used = (await engine.ExecuteAsync(request)).PeakMemoryBytes;
            used.Should().BeInRange((long)bound.LeastBytes, (long)bound.BoundBytes, "seed {0}", 9000 + seed);
        }
    }

    // Times that follow a call and a cost for each amplitude and gate.
    private static IEnumerable<TrainingRow> Rows(BackendDescriptor backend, double call, double update)
    {
        var basis = CostBasisCatalog.Get(backend.CostModel);
        foreach (var qubits in new[] { 3, 6, 10, 13, 16, 18, 20, 22 })
        {
            foreach (var depth in new[] { 2, 10, 40 })
            {
                var profile = CircuitProfiler.Profile(RandomFamilies.Random(qubits, depth, 3));
                var drivers = JobDrivers.Of(basis, profile, new JobShape(1, 1, 0, 0));
                yield return new TrainingRow(backend.Id, basis.Name, drivers.Terms, drivers.Features, call + update * profile.Features!.FusedGateCount * Math.ScaleB(1, qubits), false);
            }
        }
    }
}

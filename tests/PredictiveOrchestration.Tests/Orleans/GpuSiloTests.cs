using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Conformance;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>One silo has a device that the others lack; the processor stands in for it.</summary>
[Collection(nameof(ClusterTests))]
public sealed class GpuSiloTests
{
    [SkippableFact]
    public async Task Submit_OneSiloHasAGpu_RunsThereWhoeverLooksAfterTheJob()
    {
        _ = OpenClDevice.Simulator();
        var started = 0;
        await using var silos = await TestSilos.StartAsync(3, orchestrator: b =>
        {
            if (Interlocked.Increment(ref started) == 1)
            {
                b.AddGpu(new GpuStateVectorOptions { AllowCpuOpenCl = true });
            }
        });
        var owner = silos.Cluster.Silos.Single(s => TestSilos.Of<PredictiveOrchestrator>(s).Backends.Current.Find("gpu") is not null);
        using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (!silos.Cluster.Silos.All(s => TestSilos.Of<SiloDirectory>(s).View.Silos.Any(r => r.Engine("gpu") is { Reason: null })))
        {
            await Task.Delay(20, guard.Token);
        }

        // Jobs' grains are spread by chance: most are with a silo that has no such engine.
        for (var seed = 0; seed < 6; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 8, Operations = 60, Unitaries = false, Gates = TestSilos.Gates });
            var request = new OrchestrationRequest { Shots = 0, TopProbabilities = 256 };
            var result = await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuit, request with { Backend = "gpu" }))).Id);

            result.Status.State.Should().Be(ClusterJobState.Succeeded, "{0}", result.Runs.FirstOrDefault()?.FailureMessage);
            result.Status.Silos.Should().Equal(owner.Name);
            var expected = (await TestSilos.DirectAsync(circuit, request with { Backend = "local-dense" })).Probabilities.ToDictionary(p => p.Outcome, p => p.Probability);
            result.Runs[0].Result!.BackendId.Should().Be("gpu");
            result.Runs[0].Result!.Probabilities.Should().OnlyContain(p => Math.Abs(p.Probability - expected.GetValueOrDefault(p.Outcome)) < 1e-6);
            result.Runs[0].Result!.Probabilities.Sum(p => p.Probability).Should().BeApproximately(1, 1e-6);
        }
    }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>An orchestrator sees the engines of all silos as its backends, and decides among them by their load, memory and learned speed.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterBackendTests
{
    [Fact]
    public async Task Orchestrator_OfACluster_RunsWhereItIsPredictedBest()
    {
        await using var silos = await TestSilos.StartAsync(2, o => o.MemoryBytes = 1L << 22);
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines()
            .AddOrleansCluster(silos.Cluster.Client, new OrleansClusterOptions { Interval = TimeSpan.FromMilliseconds(50) })
            .Configure(o => (o.StateDirectory, o.Learning) = (string.Empty, false)).Build();
        await orchestrator.StartAsync();
        var names = silos.Cluster.Silos.Select(s => s.Name).ToList();

        var backends = orchestrator.GetAvailableBackends();
        backends.Select(b => b.Descriptor.Id).Should().BeEquivalentTo(names.SelectMany(n => new[] { "local-dense", "local-sparse", "local-mps", "local-stabilizer" }.Select(e => $"{n}/{e}")));
        backends.Should().OnlyContain(b => b.IsAvailable);

        // The same counts as here, from whichever silo.
        var circuit = RandomCircuits.Create(6, new RandomCircuitOptions { Qubits = 6, Clbits = 6, Operations = 60, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates });
        var direct = await TestSilos.DirectAsync(circuit, new OrchestrationRequest { Seed = 4, Backend = "local-dense" });
        foreach (var name in names)
        {
            var run = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Seed = 4, Backend = $"{name}/local-dense" });
            run.Counts.Should().BeEquivalentTo(direct.Counts);
            run.ActualBackend.Should().Be($"{name}/local-dense");
        }

        // 4 MiB hold 2^18 amplitudes of 16 bytes, not 2^20.
        var refused = (await FluentActions.Awaiting(() => orchestrator.ExecuteAsync(RandomCircuits.Pairs(1, 20, 3), new OrchestrationRequest { Backend = $"{names[0]}/local-dense" })).Should().ThrowAsync<NoFeasibleBackendException>()).Which;
        refused.Refused.Should().ContainSingle().Which.Reason.Should().Contain("it needs at least 16.").And.Contain("4 MiB may be used");
    }

    [Fact]
    public async Task Orchestrator_SiloUnderLoad_GoesToTheOther()
    {
        await using var silos = await TestSilos.StartAsync(2, o => o.Concurrency = 1);
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines()
            .AddOrleansCluster(silos.Cluster.Client, new OrleansClusterOptions { Interval = TimeSpan.FromMilliseconds(20), Filter = (_, engine) => engine == "local-dense" })
            .Configure(o => (o.StateDirectory, o.Learning, o.HysteresisMargin) = (string.Empty, false, 0)).Build();
        await orchestrator.StartAsync();
        var ids = orchestrator.GetAvailableBackends().Select(b => b.Descriptor.Id).ToList();
        using var stop = new CancellationTokenSource();
        var work = TestSilos.Of<SiloWork>(silos.Cluster.Silos[0]);
        var order = new PredictiveOrchestration.Orleans.Wire.RunOrder
        {
            Tenant = "t", PredictedSeconds = 500, Submission = PredictiveOrchestration.Orleans.Wire.SubmissionCodec.Write(RandomCircuits.Pairs(1, 24, 200), new ExecutionRequest { Circuit = RandomCircuits.Pairs(1, 24, 200) }, "local-dense"),
        };
        var busy = Enumerable.Range(0, 3).Select(_ => work.TryAdd(order)!).ToList();
        var circuit = States.Ghz(5);
        RoutingDecision decision;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        do
        {
            await Task.Delay(20, limit.Token);
            decision = orchestrator.GetRoutingRecommendation(circuit).Decision;
        }
        while (decision.Ranked.Count < 2 || decision.Ranked.Max(r => r.Candidate.Prediction.WaitSeconds.Median) < 1000);

        decision.Chosen.Candidate.Backend.Id.Should().StartWith(silos.Cluster.Silos[1].Name);
        decision.Ranked[1].Candidate.Prediction.WaitSeconds.Median.Should().BeInRange(1000, 1500, "500 s run, of which little is done, and two such wait");
        busy.ForEach(work.Cancel);

        // A silo that is gone takes its backends along.
        await silos.Cluster.StopSiloAsync(silos.Cluster.Silos[1]);
        while (orchestrator.GetAvailableBackends().Count != 1)
        {
            await Task.Delay(20, limit.Token);
        }

        (await orchestrator.ExecuteAsync(circuit)).ActualBackend.Should().Be(ids.Single(i => i.StartsWith(silos.Cluster.Silos[0].Name, StringComparison.Ordinal)));
    }
}

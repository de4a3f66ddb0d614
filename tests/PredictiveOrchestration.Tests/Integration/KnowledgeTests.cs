using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Integration;

public sealed class KnowledgeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("knowledge-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task Merge_InstanceWithoutRuns_PredictsLikeTheOneThatHasThem()
    {
        await using var store = new SqliteKnowledgeStore(Path.Combine(_folder, "k.db"));
        await using var a = await StartedAsync(c => 0.001 * c.Operations.Length);
        await RunAsync(a, 60);
        await a.ShareKnowledgeAsync(store, "a");

        await using var b = await StartedAsync(c => 0.001 * c.Operations.Length);
        var circuit = RandomFamilies.Random(5, 9, 77);
        double Error() => Math.Abs(Math.Log(b.GetRoutingRecommendation(circuit).ExpectedPerformance.Seconds.Median / (0.001 * circuit.Operations.Length)));
        var before = Error();
        var merge = (await b.LearnFromKnowledgeAsync(store, "b")).Should().ContainSingle().Subject;
        merge.IsUsed.Should().BeTrue();
        merge.Instances.Should().Equal(new Dictionary<string, int> { ["a"] = 60 });
        before.Should().BeGreaterThan(0.5, "nothing was learned");
        Error().Should().BeLessThan(0.35);

        // What was told is not told on as one's own, and a second merge counts nothing twice.
        (await b.LearnFromKnowledgeAsync(store, "b")).Single().Instances.Should().Equal(new Dictionary<string, int> { ["a"] = 60 });
        await b.ShareKnowledgeAsync(store, "b");
        (await a.LearnFromKnowledgeAsync(store, "a")).Should().OnlyContain(m => m.Instances.Values.Sum() == 0 && !m.IsUsed);
    }

    [Fact]
    public async Task Merge_FasterAndMisleadingInstances_OwnRunsArePredictedNoWorse()
    {
        await using var store = new SqliteKnowledgeStore(Path.Combine(_folder, "k.db"));

        // One machine is ten times as fast; on another times have nothing to do with the circuit.
        await using var fast = await StartedAsync(c => 0.0001 * c.Operations.Length);
        await RunAsync(fast, 60);
        await fast.ShareKnowledgeAsync(store, "fast");
        await using var odd = await StartedAsync(c => 1.0 / (c.Operations.Length + ((c.NumQubits * 7919) % 13 * 40)));
        await RunAsync(odd, 60);
        await odd.ShareKnowledgeAsync(store, "odd");

        await using var own = await StartedAsync(c => 0.001 * c.Operations.Length);
        await RunAsync(own, 60);
        var circuit = RandomFamilies.Random(6, 8, 78);
        var merge = (await own.LearnFromKnowledgeAsync(store, "own")).Should().ContainSingle().Subject;
        merge.Instances.Keys.Should().BeEquivalentTo("fast", "odd");
        (merge.IsUsed ? merge.OwnErrorAfter : 0).Should().BeLessThanOrEqualTo(merge.OwnErrorBefore, "that is what the merge is judged by");
        merge.IsUsed.Should().Be(merge.OwnErrorAfter <= merge.OwnErrorBefore);
        Math.Abs(Math.Log(own.GetRoutingRecommendation(circuit).ExpectedPerformance.Seconds.Median / (0.001 * circuit.Operations.Length))).Should().BeLessThan(0.5);
    }

    [Fact]
    public async Task Merge_DamagedEntry_ChangesNothing()
    {
        await using var store = new SqliteKnowledgeStore(Path.Combine(_folder, "k.db"));
        await store.PutAsync([new(KnowledgeKinds.Models, "all", "bad", DateTimeOffset.UnixEpoch, new byte[] { 1, 2, 3 })]);
        await using var orchestrator = await StartedAsync(_ => 0.01);
        var version = orchestrator.GetDebugInfo().ModelVersion;
        var learn = () => orchestrator.LearnFromKnowledgeAsync(store, "own");
        await learn.Should().ThrowAsync<InvalidDataException>();
        orchestrator.GetDebugInfo().ModelVersion.Should().Be(version);
    }

    [Fact]
    public async Task Patterns_OfTwoInstances_AreAsIfOneHadSeenAll()
    {
        await using var store = new SqliteKnowledgeStore(Path.Combine(_folder, "k.db"));
        var circuit = States.Ghz(4);
        double[] first = [0.01, 0.02, 0.05], second = [0.2, 0.1];
        foreach (var (name, times) in new[] { ("one", first), ("two", second) })
        {
            var next = 0;
            await using var orchestrator = await StartedAsync(_ => times[next++]);
            foreach (var _ in times)
            {
                await orchestrator.ExecuteAsync(circuit);
            }

            await orchestrator.ShareKnowledgeAsync(store, name);
        }

        await using var reader = await StartedAsync(_ => 1);
        var pattern = (await reader.FindPatternsAsync(store, circuit)).Should().ContainSingle().Subject;
        var logs = first.Concat(second).Select(s => Math.Log(s)).ToArray();
        pattern.Runs.Should().Be(5);
        pattern.MeanLogSeconds.Should().BeApproximately(logs.Average(), 1e-6);
        pattern.SumOfSquares.Should().BeApproximately(logs.Sum(l => Math.Pow(l - logs.Average(), 2)), 1e-5);
        pattern.Instances.Should().Equal("one", "two");
        (await reader.FindPatternsAsync(store, States.Ghz(5))).Should().BeEmpty();
    }

    private static async Task RunAsync(PredictiveOrchestrator orchestrator, int runs)
    {
        for (var i = 0; i < runs; i++)
        {
            await orchestrator.ExecuteAsync(RandomFamilies.Random(2 + (i % 6), 2 + (i * 5 % 17), (ulong)i), new OrchestrationRequest { Shots = 10 });
        }
    }

    private static async Task<PredictiveOrchestrator> StartedAsync(Func<Circuit, double> seconds)
    {
        var backend = new FakeBackend("device", (request, _) => Task.FromResult(FakeBackend.Result("device", request, seconds(request.Circuit))));
        var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(backend).Configure(o => { o.StateDirectory = string.Empty; o.CalibrationBudget = TimeSpan.Zero; o.PerformanceThreshold = 0; }).Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orchestration;

/// <summary>What subscribers are told, and that they cannot harm a run.</summary>
public sealed class EventTests
{
    private static readonly Circuit Bell = new CircuitBuilder(2).H(0).CX(0, 1).Build();

    [Fact]
    public async Task Subscribe_FailureThenFallBack_TellsDecisionThenJobWithBothAttempts()
    {
        await using var orchestrator = await StartAsync(FakeBackend.Failing("broken"), new FakeBackend("sound"));
        var seen = new List<OrchestrationEvent>();
        using var subscription = orchestrator.Subscribe(seen.Add);

        var result = await orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Shots = 7, Tag = "bell" });

        seen.Should().HaveCount(2);
        var decision = seen[0].Should().BeOfType<DecisionMade>().Subject;
        decision.Decision.Should().BeSameAs(result.Decision);
        decision.Profile.Should().BeSameAs(result.Profile);
        (decision.Shots, decision.Tag, decision.Duration).Should().Be((7, "bell", result.DecisionTime));
        var job = seen[1].Should().BeOfType<JobFinished>().Subject;
        job.JobId.Should().Be(decision.JobId).And.NotBeNullOrEmpty();
        job.Records.Select(r => r.BackendId).Should().Equal("broken", "sound");
        job.Swaps.Should().Equal(result.SwapEvents);
        job.Operations.Should().Be(Bell.Operations.Length);
        job.Error.Should().BeNull();
    }

    [Fact]
    public async Task Subscribe_NoBackendLeft_TellsTheError()
    {
        await using var orchestrator = await StartAsync(FakeBackend.Failing("broken"));
        var seen = new List<OrchestrationEvent>();
        using var subscription = orchestrator.Subscribe(seen.Add);
        await orchestrator.Invoking(o => o.ExecuteAsync(Bell)).Should().ThrowAsync<BackendException>();
        seen.OfType<JobFinished>().Should().ContainSingle().Which.Error.Should().Be("Backend 'broken' fails on purpose.");
    }

    [Fact]
    public async Task Subscribe_Recommendation_HasNoJob()
    {
        await using var orchestrator = await StartAsync(new FakeBackend("sound"));
        var seen = new List<OrchestrationEvent>();
        using var subscription = orchestrator.Subscribe(seen.Add);
        var recommendation = orchestrator.GetRoutingRecommendation(Bell);
        seen.Should().ContainSingle().Which.Should().BeOfType<DecisionMade>().Which.JobId.Should().BeNull();
        seen[0].Decision.Should().BeSameAs(recommendation.Decision);
    }

    [Fact]
    public async Task Subscribe_ReceiverThrows_RunAndOthersGoOn()
    {
        await using var orchestrator = await StartAsync(new FakeBackend("sound"));
        var seen = 0;
        using var bad = orchestrator.Subscribe(_ => throw new InvalidOperationException("a receiver's fault"));
        using var good = orchestrator.Subscribe(_ => seen++);
        (await orchestrator.ExecuteAsync(Bell)).ActualBackend.Should().Be("sound");
        seen.Should().Be(2);
    }

    [Fact]
    public async Task Subscribe_Disposed_IsToldNoMore()
    {
        await using var orchestrator = await StartAsync(new FakeBackend("sound"));
        var seen = 0;
        var subscription = orchestrator.Subscribe(_ => seen++);
        await orchestrator.ExecuteAsync(Bell);
        subscription.Dispose();
        subscription.Dispose();
        await orchestrator.ExecuteAsync(Bell);
        seen.Should().Be(2);
    }

    [Fact]
    public async Task Backends_RunsWaitForRoom_AreCountedWhereTheyWait()
    {
        using var release = new SemaphoreSlim(0);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var backend = new FakeBackend("engine", async (request, token) =>
        {
            started.TrySetResult();
            await release.WaitAsync(token);
            return FakeBackend.Result("engine", request);
        }, isLocal: true);
        await using var orchestrator = await StartAsync(backend);

        // Each run takes one core: two more than there are wait.
        var runs = Enumerable.Range(0, Environment.ProcessorCount + 2).Select(_ => orchestrator.ExecuteAsync(Bell)).ToList();
        await started.Task;
        var status = orchestrator.GetAvailableBackends().Single();
        release.Release(runs.Count);
        await Task.WhenAll(runs);
        (status.InFlight, status.Waiting).Should().Be((runs.Count, 2));
        orchestrator.GetAvailableBackends().Single().Waiting.Should().Be(0);
    }

    private static async Task<PredictiveOrchestrator> StartAsync(params IQuantumBackend[] backends)
    {
        var builder = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddRouter(new InOrder()).Configure(o =>
        {
            o.StateDirectory = string.Empty;
            o.CalibrationBudget = TimeSpan.Zero;
            o.Learning = false;
        });
        foreach (var backend in backends)
        {
            builder.AddBackend(backend);
        }

        var orchestrator = builder.Build().WithStrategy("in-order");
        await orchestrator.StartAsync();
        return orchestrator;
    }
}

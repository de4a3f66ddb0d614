using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>What backends and clocks do that they should not.</summary>
public sealed class CornerCaseTests
{
    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-5)]
    [InlineData(0)]
    public async Task Execute_ReportedDurationIsNone_IsNotLearnedAndBreaksNothing(long ticks)
    {
        var odd = new FakeBackend("odd", (request, _) => Task.FromResult(FakeBackend.Result("odd", request) with
        {
            Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, new TimeSpan(ticks), TimeSpan.Zero),
        }));
        foreach (var strategy in Enum.GetValues<RoutingStrategy>())
        {
            await using var orchestrator = Build(odd, TimeProvider.System, strategy);
            await orchestrator.StartAsync();
            for (var i = 0; i < 10; i++)
            {
                (await orchestrator.ExecuteAsync(States.Ghz(3), new OrchestrationRequest { Backend = "odd" })).ActualBackend.Should().Be("odd");
            }

            await orchestrator.FlushLearningAsync();
            var decision = orchestrator.GetRoutingRecommendation(States.Ghz(3)).Decision;
            decision.Ranked.Should().HaveCount(2);
            decision.Ranked.Should().OnlyContain(r => double.IsFinite(r.Loss) && double.IsFinite(r.Candidate.TotalSeconds) && r.Candidate.TotalSeconds < 1e6);
            orchestrator.GetRealTimeMetrics().AverageResponseTime.Should().BeLessThan(TimeSpan.FromHours(1)).And.BeGreaterThanOrEqualTo(TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task Execute_ClockGoesBackwardsAllTheTime_DecidesAndRecords()
    {
        foreach (var strategy in Enum.GetValues<RoutingStrategy>())
        {
            await using var orchestrator = Build(new FakeBackend("other"), new FallingTime(), strategy);
            await orchestrator.StartAsync();
            for (var i = 0; i < 20; i++)
            {
                var result = await orchestrator.ExecuteAsync(States.Ghz(3));
                result.DecisionTime.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
            }

            await orchestrator.FlushLearningAsync();
            orchestrator.GetRoutingStatistics().CompletedRuns.Should().Be(20);
            orchestrator.GetRoutingStatistics().AverageDecisionTime.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
            orchestrator.GetRoutingRecommendation(States.Ghz(3)).Decision.Ranked.Should().OnlyContain(r => double.IsFinite(r.Loss));
        }
    }

    [Fact]
    public async Task Execute_BackendsComeAndGoMeanwhile_EveryJobEndsAndNoDecisionNamesOneThatIsGone()
    {
        await using var orchestrator = Build(new FakeBackend("stays"), TimeProvider.System, RoutingStrategy.Predictive);
        await orchestrator.StartAsync();
        var changing = Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                orchestrator.Backends.Register(new FakeBackend("guest"));
                orchestrator.Backends.Unregister("guest").Should().BeTrue();
            }
        });
        var running = Enumerable.Range(0, 4).Select(t => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                (await orchestrator.ExecuteAsync(States.Ghz(2 + ((t + i) % 3)))).Execution.Shots.Should().Be(1000);
            }
        }));
        await Task.WhenAll([changing, .. running]);
        orchestrator.GetRoutingRecommendation(States.Ghz(2)).Decision.Ranked.Select(r => r.Candidate.Backend.Id).Should().NotContain("guest");
        orchestrator.GetAvailableBackends().Should().OnlyContain(b => b.InFlight == 0);
    }

    [Fact]
    public void Groups_BackendsOfKnownSpeeds_AreThoseWithinAFactorOfTwo()
    {
        var random = new Random(3);
        var decisions = Enumerable.Range(0, 20).Select(_ =>
        {
            var size = Math.Exp(6 * random.NextDouble());
            double Noise() => Math.Exp(0.2 * (random.NextDouble() - 0.5));
            return DecisionMaker.Decide(
                Given.Inputs(new PerformanceOptimizedRouter(), [Given.Candidate("a", size * Noise()), Given.Candidate("far", 30 * size * Noise()), Given.Candidate("b", 1.2 * size * Noise()), Given.Candidate("far2", 25 * size * Noise())]), 1, 1);
        }).ToList();
        var groups = BackendGroups.Of(decisions);
        groups.Select(g => string.Join(' ', g.Backends)).Should().Equal("a b", "far far2");
        groups[0].RelativeTime.Should().BeInRange(1, 1.3);
        groups[1].RelativeTime.Should().BeInRange(20, 35);
        groups.Should().OnlyContain(g => g.Decisions == 20);
        BackendGroups.Of([]).Should().BeEmpty();
    }

    private static PredictiveOrchestrator Build(FakeBackend backend, TimeProvider time, RoutingStrategy strategy) =>
        new PredictiveOrchestratorBuilder().WithoutLocalEngines().UseTimeProvider(time).AddBackend(backend).AddBackend(new FakeBackend("plain"))
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.RoutingStrategy) = (string.Empty, TimeSpan.Zero, strategy)).Build();

    private sealed class FallingTime : TimeProvider
    {
        private long _ticks = new DateTime(2026, 11, 25, 0, 0, 0, DateTimeKind.Utc).Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _ticks, -1000);

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Add(ref _ticks, -1000), TimeSpan.Zero);
    }
}

using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>Exploration is safe whatever the backends do, happens all the same, and corrects a wrong model.</summary>
public sealed class ExplorationTests
{
    private const double Share = 0.02;
    private static readonly PredictiveRouter Router = new();

    [Theory]
    [InlineData("explored runs always take all they may")]
    [InlineData("greedy runs become short once there is room")]
    [InlineData("heavy tails")]
    [InlineData("greedy runs take no time at all")]
    public void Ledger_AdversarialTimesAndDelayedResults_IsNeverMoreThanTheShareAboveTheBaseline(string adversary)
    {
        var exploredInAll = 0L;
        for (ulong seed = 0; seed < 20; seed++)
        {
            var random = new Random((int)seed);
            var ledger = new ExplorationLedger(Share, 0);
            var pending = new List<(int Due, double Staked, double Took)>();
            double baseline = 0, explored = 0;
            for (var job = 0; job < 3000; job++)
            {
                foreach (var done in pending.Where(p => p.Due <= job).ToList())
                {
                    ledger.Settle("s", done.Staked, 0, done.Took, 0);
                    explored += done.Took;
                    pending.Remove(done);
                }

                // What the model believes has nothing to do with what happens.
                double believed = Math.Exp(random.NextDouble() * 4) * 0.01, tail = Math.Pow(1 - random.NextDouble(), -1.2);
                var stake = ledger.Available("s");
                var inputs = Given.Inputs(Router, [Given.Candidate("greedy", believed, 0.3), Given.Candidate("other", believed * (1 + random.NextDouble()), 1.5)], threshold: 0)
                    with { Chance = new Chance((ulong)random.NextInt64(), stake.Seconds, stake.Money) };
                var decision = DecisionMaker.Decide(inputs, 1, 1);
                if (decision.ExplorationLimit is { } limit)
                {
                    var most = limit.TotalSeconds + ThompsonExploration.ReactionSeconds;
                    ledger.TryStake("s", most, 0).Should().BeTrue();
                    pending.Add((job + random.Next(1, 200), most, adversary.StartsWith("explored", StringComparison.Ordinal) ? most : Math.Min(most, believed * tail)));
                }
                else
                {
                    var took = adversary switch
                    {
                        "greedy runs become short once there is room" when ledger.Totals("s").Runs + pending.Count > 0 => 1e-9,
                        "greedy runs take no time at all" => 0,
                        "heavy tails" => believed * tail,
                        _ => believed,
                    };
                    ledger.Greedy("s", took);
                    baseline += took;
                }

                // What unfinished runs may still take counts.
                var worst = baseline + explored + pending.Sum(p => p.Staked);
                worst.Should().BeLessThanOrEqualTo(((1 + Share) * baseline) + 1e-9, "at job {0}, seed {1}", job, seed);
            }

            exploredInAll += ledger.Totals("s").Runs + pending.Count;
        }

        if (adversary != "greedy runs take no time at all")
        {
            exploredInAll.Should().BeGreaterThan(20, "exploration does happen");
        }
        else
        {
            exploredInAll.Should().Be(0);
        }
    }

    [Fact]
    public void Choose_ManyDraws_HappensAsOftenAsThePropensitySays()
    {
        const int draws = 20_000;
        var chosen = new Dictionary<string, int>();
        var said = new Dictionary<string, double>();
        for (var i = 0; i < draws; i++)
        {
            var inputs = Given.Inputs(Router, [Given.Candidate("a", 1, 0.3), Given.Candidate("b", 1.3, 0.5), Given.Candidate("c", 1.6, 1), Given.Candidate("far", 1e6, 0.3)], threshold: 0)
                with { Chance = new Chance(PredictiveOrchestration.Common.Philox.UInt64(7, 0, (ulong)i), 100, 0) };
            var decision = DecisionMaker.Decide(inputs, 1, 1);
            var id = decision.Chosen.Candidate.Backend.Id;
            chosen[id] = chosen.GetValueOrDefault(id) + 1;
            said[id] = decision.Propensity;
            decision.IsExploration.Should().Be(decision.Chosen.Loss > decision.Ranked.Min(r => r.Loss));
            decision.Ranked.Should().HaveCount(4).And.OnlyHaveUniqueItems();
            DecisionMaker.Decide(inputs, 1, 1).Chosen.Candidate.Backend.Id.Should().Be(id, "the draw is part of the inputs");
        }

        chosen.Keys.Should().BeEquivalentTo("a", "b", "c");
        said.Values.Sum().Should().BeApproximately(1, 1e-6);
        foreach (var (id, p) in said)
        {
            ((double)chosen[id] / draws).Should().BeApproximately(p, 5 * Math.Sqrt(p * (1 - p) / draws) + 1e-3, id);
        }
    }

    [Fact]
    public void Choose_PaidBackend_NeedsMoneyAtStake()
    {
        int Explored(decimal money) => Enumerable.Range(0, 500).Count(i => DecisionMaker.Decide(
            Given.Inputs(Router, [Given.Candidate("free", 1, 0.5), Given.Candidate("paid", 0.8, 1, cost: 0.01m)], Given.Preferences(costThreshold: 0.01m), threshold: 0)
                with { Chance = new Chance(PredictiveOrchestration.Common.Philox.UInt64(1, 0, (ulong)i), 1000, money) }, 1, 1).IsExploration);
        Explored(0).Should().Be(0);
        Explored(0.009m).Should().Be(0);
        Explored(0.01m).Should().BeGreaterThan(10);

        var ledger = new ExplorationLedger(Share, 0.025m);
        ledger.Greedy("s", 1e6);
        ledger.TryStake("s", 1, 0.01m).Should().BeTrue();
        ledger.TryStake("s", 1, 0.01m).Should().BeTrue();
        ledger.TryStake("s", 1, 0.01m).Should().BeFalse("0.005 is left");
        ledger.Settle("s", 1, 0.01m, 1, 0.002m);
        ledger.Available("s").Money.Should().Be(0.013m);
    }

    [Theory]
    [InlineData(0.02, true)]
    [InlineData(0, false)]
    public async Task Execute_ModelThatIsWrongAboutABackend_IsCorrectedByExploringAlone(double share, bool corrected)
    {
        // "other" was slow when it was tried, and has been ten times faster than "habit" since.
        var time = new FakeTimeProvider();
        var otherSeconds = 0.6;
        FakeBackend Backend(string id, Func<double> seconds) => new(id, (request, _) =>
        {
            var most = request.Limits.Time?.TotalSeconds ?? double.MaxValue;
            time.Advance(TimeSpan.FromSeconds(Math.Min(seconds(), most)));
            return seconds() > most
                ? throw new BackendException(BackendErrorKind.TimeLimit, id, "over the limit")
                : Task.FromResult(FakeBackend.Result(id, request, seconds()));
        }, isLocal: true);
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().UseTimeProvider(time)
            .AddBackend(Backend("habit", () => 0.5)).AddBackend(Backend("other", () => otherSeconds))
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.ExplorationShare) = (string.Empty, TimeSpan.Zero, share)).Build();
        await orchestrator.StartAsync();
        Circuit[] circuits = [.. Enumerable.Range(2, 2).Select(n => States.Ghz(n))];
        for (var i = 0; i < 20; i++)
        {
            await orchestrator.ExecuteAsync(circuits[i / 2 % circuits.Length], new OrchestrationRequest { Backend = i % 2 == 0 ? "habit" : "other" });
        }

        await orchestrator.FlushLearningAsync();
        otherSeconds = 0.05;
        double baseline = 0, explored = 0;
        var exploredRuns = 0;
        string last = string.Empty;
        for (var i = 0; i < 500; i++)
        {
            var result = await orchestrator.ExecuteAsync(circuits[i % circuits.Length]);
            await orchestrator.FlushLearningAsync();
            exploredRuns += result.Decision.IsExploration ? 1 : 0;
            foreach (var attempt in result.Attempts)
            {
                explored += attempt.IsExploration ? attempt.Elapsed.TotalSeconds : 0;
                baseline += attempt.IsExploration ? 0 : attempt.Elapsed.TotalSeconds;
            }

            (explored <= (share * baseline) + 1e-9).Should().BeTrue("job {0}: {1} s explored, {2} s greedy", i, explored, baseline);
            last = result.ActualBackend;
        }

        last.Should().Be(corrected ? "other" : "habit", "{0} runs explored; {1}", exploredRuns, orchestrator.GetDebugInfo().RecentDecisions[^1]);
        (exploredRuns > 0).Should().Be(corrected);
    }

    [Fact]
    public void Adaptive_NearEquals_SharesTheLoadByTheStatedPropensities()
    {
        var router = new AdaptiveRouter();
        const int draws = 20_000;
        var chosen = new Dictionary<string, int>();
        var said = new Dictionary<string, double>();
        RoutingDecision Decide(int i, double third) => DecisionMaker.Decide(
            Given.Inputs(router, [Given.Candidate("a", 1), Given.Candidate("b", 1.03), Given.Candidate("c", 1.06), Given.Candidate("d", third)], threshold: 0)
                with { Chance = new Chance(PredictiveOrchestration.Common.Philox.UInt64(3, 0, (ulong)i), 0, 0) }, 1, 1);
        for (var i = 0; i < draws; i++)
        {
            var decision = Decide(i, 2);
            var id = decision.Chosen.Candidate.Backend.Id;
            chosen[id] = chosen.GetValueOrDefault(id) + 1;
            said[id] = decision.Propensity;
            Decide(i, 2).Chosen.Candidate.Backend.Id.Should().Be(id);
        }

        said.Should().BeEquivalentTo(new Dictionary<string, double> { ["a"] = 2.0 / 3, ["b"] = 1.0 / 3 }, "two of three are drawn and the better one taken");
        ((double)chosen["a"] / draws).Should().BeApproximately(2.0 / 3, 0.02);
    }

    [Fact]
    public void Adaptive_LoadPressureAndDrift_CountAgainstABackend()
    {
        string First(params RoutingCandidate[] candidates) => new AdaptiveRouter().Rank(Given.Preferences() with { Candidates = candidates })[0].Candidate.Backend.Id;
        First(Given.Candidate("a", 1), Given.Candidate("b", 1.5)).Should().Be("a");
        First(Given.Candidate("a", 1, inFlight: 1), Given.Candidate("b", 1.5)).Should().Be("b");
        First(Given.Candidate("a", 1) with { Pressure = 1.6 }, Given.Candidate("b", 1.5)).Should().Be("b");
        First(Given.Candidate("a", 1) with { DriftDiscount = 1.6 }, Given.Candidate("b", 1.5)).Should().Be("b");
        First(Given.Candidate("a", 1, success: 0.5), Given.Candidate("b", 1.5)).Should().Be("b");
        First(Given.Candidate("a", 1, sigma: 1), Given.Candidate("b", 1.5)).Should().Be("b", "its 90 % quantile is 3.6 s");
    }

    [Fact]
    public void Load_Observations_JumpUpAtOnceAndFade()
    {
        var time = new FakeTimeProvider();
        var load = new BackendLoad(time);
        (load.Pressure, load.DriftDiscount).Should().Be((1, 1));
        load.Observe(0.3, 0.5);
        load.Pressure.Should().Be(1, "faster than the pessimistic prediction is no pressure");
        load.Observe(5, 8);
        load.Pressure.Should().Be(5);
        load.Observe(double.NaN, 1);
        load.Observe(1, double.NaN);
        load.Pressure.Should().Be(5);
        load.Observe(double.PositiveInfinity, double.PositiveInfinity);
        load.Pressure.Should().Be(100);
        load.Observe(1, 8);
        load.Observe(1, 8);
        load.DriftDiscount.Should().BeInRange(1.2, 4);
        time.Advance(TimeSpan.FromSeconds(30));
        load.Pressure.Should().BeApproximately(1 + (63.36 / Math.E), 1);
        time.Advance(TimeSpan.FromMinutes(10));
        (load.Pressure, load.DriftDiscount).Should().Be((1, 1));
    }

    [Fact]
    public void Load_ClockGoesBackwards_NothingFadesOrBreaks()
    {
        var time = new BackwardTime();
        var load = new BackendLoad(time);
        load.Observe(5, 8);
        time.Now -= TimeSpan.FromHours(1).Ticks;
        load.Pressure.Should().Be(5);
        load.Observe(3, 1);
        load.Pressure.Should().BeInRange(4, 5);

        var health = new BackendHealthTracker(time);
        for (var i = 0; i < 4; i++)
        {
            health.Report("b", false);
        }

        time.Now -= TimeSpan.FromHours(1).Ticks;
        health.Reason("b").Should().Contain("closed for 30 s");
    }

    private sealed class BackwardTime : TimeProvider
    {
        public long Now { get; set; } = TimeSpan.FromHours(10).Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}

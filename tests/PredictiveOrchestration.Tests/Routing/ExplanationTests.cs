using System.Globalization;
using System.Text.RegularExpressions;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>What an explanation says would flip the choice, does; a little less does not.</summary>
public sealed class ExplanationTests
{
    [Fact]
    public void Explain_ChangesThatAreNamed_FlipTheChoice()
    {
        // Predictive: the slow one is free, the fast one costs.
        DecisionInputs Inputs(double fast, double slow, double costWeight) =>
            Given.Inputs(new PredictiveRouter(), [Given.Candidate("fast", fast, cost: 0.5m), Given.Candidate("slow", slow)], Given.Preferences(costWeight), threshold: 0);
        string First(DecisionInputs inputs) => DecisionMaker.Decide(inputs, 1, 1).Chosen.Candidate.Backend.Id;
        var decision = DecisionMaker.Decide(Inputs(1, 2, 0.3), 1, 1);
        decision.Chosen.Candidate.Backend.Id.Should().Be("fast");
        var text = decision.Explain();

        double Number(string pattern) => double.Parse(Regex.Match(text, pattern).Groups[1].Value, CultureInfo.InvariantCulture);
        var time = Number("first at ([0-9.]+) s or less");
        First(Inputs(1, time * 0.99, 0.3)).Should().Be("slow");
        First(Inputs(1, time * 1.01, 0.3)).Should().Be("fast");
        Number(@"\(([0-9.]+) ?% less").Should().BeApproximately(100 * (1 - (time / 2)), 0.6);
        var own = Number("another would be first if fast took ([0-9.]+) s");
        First(Inputs(own * 1.01, 2, 0.3)).Should().Be("slow");
        First(Inputs(own * 0.99, 2, 0.3)).Should().Be("fast");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Explain_RemoteBackend_SaysThatItsJobsCanOnlyBeginAnew(bool isLocal)
    {
        var chosen = isLocal ? Given.Local("chosen", 1, 0.5) : Given.Candidate("chosen", 1, 0.5);
        var text = DecisionMaker.Decide(Given.Inputs(new PredictiveRouter(), [chosen, Given.Candidate("next", 2)], threshold: 0), 1, 1).Explain();
        text.Contains("should it fail, the job begins anew on next", StringComparison.Ordinal).Should().Be(!isLocal, text);
    }

    [Fact]
    public void Explain_AnotherIsTriedBefore_SaysForHowLong()
    {
        var decision = DecisionMaker.Decide(Given.Inputs(new PerformanceOptimizedRouter(), [Given.Local("best", 1, 0.1), Given.Local("wide", 50, 8)], threshold: 0), 1, 1);
        var limit = AttemptPlan.Of(decision.Made, decision.AllowsTrials)[0].Limit!.Value.TotalSeconds;

        decision.Explain().Should().Contain(string.Create(CultureInfo.InvariantCulture, $"wide is tried before, for at most {limit:G2} s, or {2 * limit:G2} s if half of the job is done by then"));
    }

    [Fact]
    public void Explain_WeightOfCost_FlipsWhereItSays()
    {
        DecisionInputs Inputs(double costWeight) =>
            Given.Inputs(new PredictiveRouter(), [Given.Candidate("fast", 1, cost: 0.9m), Given.Candidate("slow", 1.5)], Given.Preferences(costWeight), threshold: 0);
        string First(double weight) => DecisionMaker.Decide(Inputs(weight), 1, 1).Chosen.Candidate.Backend.Id;
        First(0.1).Should().Be("fast");
        var match = Regex.Match(DecisionMaker.Decide(Inputs(0.1), 1, 1).Explain(), "slow would be first if CostWeight were above ([0-9.]+)");
        match.Success.Should().BeTrue();
        var weight = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        weight.Should().BeApproximately(0.7 * 0.5 / 0.9, 0.002, "0.7 · 1 + w · 1.9 = 0.7 · 1.5 + w");
        First(weight + 0.001).Should().Be("slow");
        First(weight - 0.001).Should().Be("fast");
    }

    [Fact]
    public void Rank_Balanced_IsTheGreatestNashProductOfNormalisedObjectives()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var candidates = Enumerable.Range(0, 6).Select(i => Given.Candidate(
                $"b{i}", Math.Exp(4 * random.NextDouble()), cost: (decimal)Math.Round(random.NextDouble(), 3), fidelity: 0.5 + (random.NextDouble() / 2))).ToList();
            var preferences = Given.Preferences(costThreshold: 1) with { Candidates = candidates };
            double Product(RoutingCandidate c) =>
                candidates.Min(o => o.TotalSeconds) / c.TotalSeconds * ((double)candidates.Min(o => o.Cost.Median) + 0.1) / ((double)c.Cost.Median + 0.1)
                * c.SuccessProbability / candidates.Max(o => o.SuccessProbability);
            new BalancedRouter().Rank(preferences).Select(r => r.Candidate.Backend.Id).Should().Equal(candidates.OrderByDescending(Product).Select(c => c.Backend.Id), "seed {0}", seed);
        }
    }

    [Fact]
    public void Rank_CostOptimized_IsCheapestWithinTheDeadlineThenFastest()
    {
        List<RoutingCandidate> candidates = [Given.Candidate("cheap-late", 100, cost: 0.1m), Given.Candidate("dear", 1, cost: 0.5m), Given.Candidate("middle-slow", 3, cost: 0.3m), Given.Candidate("middle", 2, cost: 0.3m)];
        new CostOptimizedRouter().Rank(Given.Preferences(deadline: TimeSpan.FromSeconds(10)) with { Candidates = candidates }).Select(r => r.Candidate.Backend.Id)
            .Should().Equal("middle", "middle-slow", "dear", "cheap-late");
        new CostOptimizedRouter().Rank(Given.Preferences() with { Candidates = candidates }).Select(r => r.Candidate.Backend.Id).Should().StartWith("cheap-late");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Decide_PredictionIsNoNumber_ComesLastByEveryStrategy(double seconds)
    {
        foreach (IBackendRouter router in (IBackendRouter[])[new PredictiveRouter(), new AdaptiveRouter(), new PerformanceOptimizedRouter(), new BalancedRouter(), new CostOptimizedRouter()])
        {
            var decision = DecisionMaker.Decide(Given.Inputs(router, [Given.Candidate("broken", seconds), Given.Candidate("sound", 1), Given.Candidate("slower", 1.1)]), 1, 1);
            decision.Chosen.Candidate.Backend.Id.Should().Be("sound", router.Name);
            decision.Ranked[^1].Candidate.Backend.Id.Should().Be("broken", router.Name);
            decision.Confidence.Should().BeInRange(0, 1);
            decision.Explain().Should().NotBeEmpty();
        }

        DecisionMaker.Decide(Given.Inputs(new PredictiveRouter(), [Given.Candidate("only", seconds)]), 1, 1).Chosen.Candidate.Backend.Id.Should().Be("only");
    }

    [Fact]
    public void Decide_OneOrNone_IsChosenOrExplained()
    {
        DecisionMaker.Decide(Given.Inputs(new PredictiveRouter(), [Given.Candidate("only", 1)]), 1, 1).Confidence.Should().Be(1);
        FluentActions.Invoking(() => DecisionMaker.Decide(Given.Inputs(new PredictiveRouter(), []), 1, 1)).Should().Throw<NoFeasibleBackendException>().WithMessage("*No backend is registered*");
        var closed = Given.Inputs(new PredictiveRouter(), [Given.Candidate("only", 1)]) with { Unavailable = new Dictionary<string, string> { ["only"] = "it is closed" } };
        FluentActions.Invoking(() => DecisionMaker.Decide(closed, 1, 1)).Should().Throw<NoFeasibleBackendException>().WithMessage("*'only': it is closed*");
    }
}

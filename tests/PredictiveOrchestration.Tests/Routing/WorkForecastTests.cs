using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>Backends are asked to plan a circuit where its run pays for that, and what they say is used and kept.</summary>
public sealed class WorkForecastTests
{
    [Fact]
    public async Task Recommend_LongRun_IsPlannedOnceAndPredictedFromThePlan()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = RandomFamilies.Random(22, 10, 1);

        var recommendation = orchestrator.GetRoutingRecommendation(circuit);

        recommendation.Profile.PlannedFor("dense").Should().NotBeNull();
        orchestrator.GetRoutingRecommendation(circuit).Should().BeSameAs(recommendation);
        orchestrator.GetRoutingRecommendation(RandomFamilies.Random(22, 10, 1)).Decision.Should().BeSameAs(recommendation.Decision, "the same structure is not planned again");
        ShouldBeOfThePlan(orchestrator, recommendation, r => r.CostModel == "dense");
        var other = orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { Shots = 17 });
        other.Profile.PlannedFor("dense").Should().BeSameAs(recommendation.Profile.PlannedFor("dense"));
    }

    [Fact]
    public async Task Replay_PlannedDecisionFromItsFile_IsEqualBitForBit()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var decision = orchestrator.GetRoutingRecommendation(RandomFamilies.Random(22, 10, 1)).Decision;

        foreach (var again in new[] { orchestrator.Replay(decision.ToJson()), orchestrator.Replay(decision) })
        {
            again.Ranked.Select(r => (r.Candidate.Backend.Id, r.Loss, r.Candidate.Prediction.Seconds)).Should()
                .Equal(decision.Ranked.Select(r => (r.Candidate.Backend.Id, r.Loss, r.Candidate.Prediction.Seconds)));
        }
    }

    [Fact]
    public async Task Recommend_BackendAddedToAPlannedJob_IsPredictedFromThePlanToo()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var planned = orchestrator.GetRoutingRecommendation(RandomFamilies.Random(22, 10, 1)).Profile.PlannedFor("dense");

        // Another object of the same structure, whose own profile was never planned.
        orchestrator.Backends.Register(new StateVectorSimulator(new StateVectorOptions { Id = "second" }));
        var later = orchestrator.GetRoutingRecommendation(RandomFamilies.Random(22, 10, 1));

        later.Profile.PlannedFor("dense").Should().BeSameAs(planned);
        ShouldBeOfThePlan(orchestrator, later, r => r.Id == "second");
    }

    [Fact]
    public async Task Recommend_ShortRunOrMeasuredInTheMiddle_IsNotPlanned()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        orchestrator.GetRoutingRecommendation(States.Ghz(4)).Profile.Planned.Should().BeEmpty();
        var dynamic = new CircuitBuilder(22, 1).H(0).Measure(0, 0).Build().Compose(RandomFamilies.Random(22, 10, 1));
        orchestrator.GetRoutingRecommendation(dynamic).Profile.Planned.Should().BeEmpty();
    }

    [Theory]
    [InlineData(0.004, 1.2, 0.5, true, true)] // either may be the faster one
    [InlineData(0.01, 1000, 0.5, false, false)] // nothing can change the choice
    [InlineData(0.001, 1000, 0.5, true, false)] // next to nothing, and the other is out of the question
    [InlineData(0.004, 1000, 4, false, true)] // the other is not known at all
    [InlineData(0.03, 1.2, 0.5, false, false)] // more than is ever spent
    public void IsWorth_OnlyWhereTheChoiceMayChangeOrForNextToNothing(double forecast, double other, double otherSigma, bool ofBest, bool ofOther)
    {
        // As shares of the best one's time.
        const double Seconds = 0.004;
        BackendPrediction?[] predictions = [Given.Candidate("best", Seconds, 0.3).Prediction, null, Given.Candidate("other", Seconds * other, otherSigma).Prediction];

        WorkForecasts.IsWorth(predictions, 0, Seconds * forecast).Should().Be(ofBest);
        WorkForecasts.IsWorth(predictions, 2, Seconds * forecast).Should().Be(ofOther);
    }

    [Fact]
    public void IsWorth_NoOther_ForNextToNothingAlone()
    {
        BackendPrediction?[] alone = [Given.Candidate("only", 0.04, 2).Prediction];
        WorkForecasts.IsWorth(alone, 0, 0.00004).Should().BeTrue();
        WorkForecasts.IsWorth(alone, 0, 0.0004).Should().BeFalse();
    }

    [Fact]
    public void IsWorth_LongerThanDecidingIsToTake_OnlyWhereMuchMayBeSaved()
    {
        BackendPrediction?[] alone = [Given.Candidate("only", 1, 2).Prediction];
        WorkForecasts.IsWorth(alone, 0, 0.0001).Should().BeTrue("it is next to nothing");
        WorkForecasts.IsWorth(alone, 0, 0.0002).Should().BeFalse("no choice hangs on it");
        BackendPrediction?[] unsure = [Given.Candidate("best", 1, 0.5).Prediction, Given.Candidate("other", 1.1, 0.5).Prediction];
        WorkForecasts.IsWorth(unsure, 0, 0.0002).Should().BeTrue("a fifth of a second may be saved");
        BackendPrediction?[] nearlySure = [Given.Candidate("best", 1, 0.1).Prediction, Given.Candidate("other", 1.3, 0.1).Prediction];
        WorkForecasts.IsWorth(nearlySure, 0, 0.00009).Should().BeTrue();
        WorkForecasts.IsWorth(nearlySure, 0, 0.0019).Should().BeFalse();
    }

    [Theory]
    [InlineData(1e-4, 1e-3, 0.5, false)] // it takes ten times as long, surely
    [InlineData(1e-4, 1e-3, 3, true)] // or who knows
    [InlineData(1e-4, 9e-5, 0.5, true)] // it is the best as it is
    [InlineData(1e-6, 2e-6, 3, false)] // nothing that could be saved is worth it
    [InlineData(1e2, 1e4, 1.1, true)] // a long job is worth a look
    public void IsWorthSketching_WhereItMaySaveMoreThanItTakes(double others, double roughly, double sigma, bool isWorth)
    {
        var sketch = ChainSketch.Seconds(CircuitProfiler.Profile(States.Ghz(10)));
        BackendPrediction?[] predictions = [Given.Candidate("other", others, 0.1).Prediction, null, Given.Candidate("chain", roughly, sigma).Prediction];
        WorkForecasts.IsWorthSketching(predictions, 2, sketch).Should().Be(isWorth);
        WorkForecasts.IsWorthSketching([null, null, predictions[2]], 2, sketch).Should().BeTrue("there is nothing else");
        WorkForecasts.IsWorthSketching(predictions, 1, sketch).Should().BeFalse("it cannot do the job");
    }

    [Theory]
    [InlineData(1, 0.3, 0.3, 1.1)]
    [InlineData(5, 1.2, 1.2, 0.4)]
    [InlineData(0.02, 0.1, 0.1, 0.05)]
    [InlineData(2, 2.5, 0.3, 0.7)]
    [InlineData(2, 2.5, 0.3, 3)]
    public void Mean_BelowAndAbove_AreTheIntegralsOverTheDistribution(double median, double sigmaBelow, double sigmaAbove, double other)
    {
        // The ends of a 90 % interval are 1.645 deviations away; the distribution has its own deviation on either side of the median.
        var prediction = Given.Candidate("a", median, sigmaAbove).Prediction with { Seconds = new Estimate(median, median * Math.Exp(-1.645 * sigmaBelow), median * Math.Exp(1.645 * sigmaAbove)) };
        double mean = 0, below = 0, above = 0, until = 0;
        const int steps = 200_000;
        for (var i = 0; i < steps; i++)
        {
            var z = -10 + (20 * (i + 0.5) / steps);
            var weight = Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * 20 / steps;
            var x = median * Math.Exp((z < 0 ? sigmaBelow : sigmaAbove) * z);
            until += weight * (x <= other ? x : other + 7);
            (mean, below, above) = (mean + (weight * x), below + (weight * Math.Max(0, other - x)), above + (weight * Math.Max(0, x - other)));
        }

        LogNormal.Mean(prediction).Should().BeApproximately(mean, 1e-6);
        LogNormal.MeanBelow(prediction, other).Should().BeApproximately(below, 1e-6);
        LogNormal.MeanAbove(prediction, other).Should().BeApproximately(above, 1e-6);
        LogNormal.MeanUntil(prediction, other, 7).Should().BeApproximately(until, 1e-3, "of a jump the sum is off by a step");
    }

    // The same as predicted from the profile with its plan, and not as without it.
    private static void ShouldBeOfThePlan(PredictiveOrchestrator orchestrator, RoutingRecommendation recommendation, Func<BackendDescriptor, bool> which)
    {
        var prediction = recommendation.Decision.Ranked.Single(r => which(r.Candidate.Backend)).Candidate.Prediction;
        var job = new JobShape(new OrchestrationRequest().Shots, prediction.Backend.MaxThreads, 0, 0);
        Estimate Seconds(CircuitProfile profile) => orchestrator.Models.Publisher.Current.Predict(prediction.Backend, profile, job).Seconds;
        Seconds(recommendation.Profile).Should().Be(prediction.Seconds);
        Seconds(recommendation.Profile with { Planned = [] }).Should().NotBe(prediction.Seconds);
    }

    private static PredictiveOrchestrator Build() =>
        new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning) = (string.Empty, TimeSpan.Zero, false)).Build();
}

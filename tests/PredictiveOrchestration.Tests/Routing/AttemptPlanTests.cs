using FluentAssertions;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;
using Xunit;

namespace PredictiveOrchestration.Tests.Routing;

public sealed class AttemptPlanTests
{
    [Fact]
    public void Of_TimesThatAreKnown_AreTriedInOrder()
    {
        var plan = AttemptPlan.Of([Ranked("a", 1, 0.1), Ranked("b", 3, 0.1)], allowsTrials: true);
        plan.Select(p => (p.Ranked.Candidate.Backend.Id, p.IsTrial)).Should().Equal(("a", false), ("b", false));
        plan[0].Limit.Should().NotBeNull();
        plan[1].Limit.Should().BeNull("nothing is left after the last");
    }

    [Fact]
    public void Of_TimeKnownWithinOrdersOfMagnitude_IsTriedForAPartOfTheBestTime()
    {
        var plan = AttemptPlan.Of([Ranked("a", 1, 0.1), Ranked("b", 50, 8)], allowsTrials: true);
        plan.Select(p => (p.Ranked.Candidate.Backend.Id, p.IsTrial)).Should().Equal(("b", true), ("a", false), ("b", false));
        plan[0].Limit!.Value.TotalSeconds.Should().BeInRange(0.01, 0.5);
    }

    [Theory]
    [InlineData(1e-4, 0, true)]
    [InlineData(1, 0.01, true)]
    [InlineData(1, 0, false)]
    public void Of_ShortJobsPaidBackendsAndHostsRouters_HaveNoTrial(double seconds, double cost, bool allowsTrials) =>
        AttemptPlan.Of([Ranked("a", seconds, 0.1), Ranked("b", 50 * seconds, 8, (decimal)cost)], allowsTrials).Should().NotContain(p => p.IsTrial);

    [Fact]
    public void Of_LongJob_AnyOtherEngineIsTriedForAHundredthATenthAndASecond()
    {
        var plan = AttemptPlan.Of([Ranked("a", 1e6, 0.1), Ranked("b", 1e9, 0.1), Ranked("c", 1e9, 0.1, 1)], allowsTrials: true);
        plan.Select(p => (p.Ranked.Candidate.Backend.Id, p.IsTrial)).Should().Equal(("b", true), ("b", true), ("b", true), ("a", false), ("b", false), ("c", false));
        plan.Take(3).Select(p => p.Limit).Should().Equal(TimeSpan.FromSeconds(0.01), TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Of_LongJobThatMayBeShort_TheLikeliestToBeDoneGoesFirst()
    {
        var plan = AttemptPlan.Of([Ranked("a", 20, 8), Ranked("b", 1e9, 0.1)], allowsTrials: true);
        plan.Select(p => (p.Ranked.Candidate.Backend.Id, p.IsTrial)).Should().Equal(("a", true), ("b", true), ("a", true), ("b", true), ("a", false), ("b", false));
        AttemptPlan.Of([Ranked("a", 20, 8)], allowsTrials: true).Should().ContainSingle("there is no other").Which.Limit.Should().BeNull();
    }

    // One is done within a millisecond or never, the other within a tenth of a second or never: what a hundredth of a second has shown of the first counts.
    [Fact]
    public void Of_LongJobThatMayBeDoneSoon_WhatIsLikelierInTheTimeAddedComesFirst()
    {
        var (quick, slow) = (Ranked("quick", 1e9, 3, quick: new QuickRuns(0.3, Math.Log(1e-3), 0.5) { OtherwiseSeconds = 1e9 }), Ranked("slow", 1e9, 3, quick: new QuickRuns(0.1, Math.Log(0.05), 0.5) { OtherwiseSeconds = 1e9 }));
        var trials = AttemptPlan.Of([Ranked("a", 50, 0.1), quick, slow], allowsTrials: true).Where(p => p.IsTrial).Select(p => (p.Ranked.Candidate.Backend.Id, p.Limit!.Value.TotalSeconds));
        trials.Should().Equal(("quick", 0.01), ("slow", 0.01), ("slow", 0.1), ("quick", 0.1));
    }

    // Its terms say hours; such runs are done within milliseconds or never.
    [Theory]
    [InlineData(0.9, true)]
    [InlineData(0.5, true)]
    [InlineData(0.05, false)]
    public void Of_JobThatIsDoneSoonOrNotAtAll_IsTriedByHowMostWereDone(double chance, bool isTried)
    {
        var loose = Ranked("b", 0.005, 3, quick: new QuickRuns(chance, Math.Log(0.005), 1) { OtherwiseSeconds = 1e4 });
        loose.Candidate.TotalSeconds.Should().BeApproximately((chance * 0.005) + ((1 - chance) * 1e4), 1e-6);
        var plan = AttemptPlan.Of([Ranked("a", 0.2, 0.1), loose], allowsTrials: true);
        plan.Select(p => (p.Ranked.Candidate.Backend.Id, p.IsTrial)).Should().Equal(isTried ? [("b", true), ("a", false), ("b", false)] : [("a", false), ("b", false)]);
    }

    // What the next is predicted to take is waited for the one that runs, however sure it seemed to be done sooner.
    [Fact]
    public void Of_TimeBeyondAnInterval_IsLeftOnlyOnceTheNextWouldBeDone() =>
        AttemptPlan.Of([Ranked("a", 1, 0.1), Ranked("b", 30, 0.1)], allowsTrials: true)[0].Limit.Should().Be(TimeSpan.FromSeconds(30));

    // Whatever the times turn out to be: the job ends within a small multiple of what its best backend takes, if that takes no longer than the best was predicted to.
    [Fact]
    public void Of_AnyTimes_EndsWithinAFewTimesThePrediction()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            RankedBackend[] ranked = [.. Enumerable.Range(0, 2 + random.Next(3)).Select(i => Ranked($"b{i}", Math.Exp(random.NextDouble() * 10 - 3), random.NextDouble() * 6)).OrderBy(r => r.Loss)];
            var second = ranked[1].Candidate.TotalSeconds;
            var true1 = Math.Exp(random.NextDouble() * 30 - 10);
            double total = 0;
            foreach (var attempt in AttemptPlan.Of(ranked, allowsTrials: true))
            {
                // The best takes any time; the second is as predicted; the others never end, and are half done at their limits.
                var id = attempt.Ranked.Candidate.Backend.Id;
                var takes = id == ranked[0].Candidate.Backend.Id ? true1 : id == ranked[1].Candidate.Backend.Id ? second : double.PositiveInfinity;
                var limit = attempt.LimitIfHalfDone?.TotalSeconds ?? double.PositiveInfinity;
                total += Math.Min(takes, limit);
                if (takes <= limit)
                {
                    break;
                }
            }

            total.Should().BeLessThanOrEqualTo((Math.Max(0.05, 2 * second) + second + (0.44 * ranked[0].Candidate.TotalSeconds)) * 1.000001, "seed {0}", seed);
        }
    }

    private static RankedBackend Ranked(string id, double seconds, double sigma, decimal cost = 0, QuickRuns quick = default)
    {
        var candidate = Given.Local(id, seconds, sigma, cost);
        return new(candidate with { Prediction = candidate.Prediction with { Quick = quick } }, seconds, sigma, "given");
    }
}

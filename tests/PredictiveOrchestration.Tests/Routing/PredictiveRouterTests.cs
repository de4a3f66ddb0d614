using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>What the predictive router expects of a backend whose time is hardly known.</summary>
public sealed class PredictiveRouterTests
{
    private const double Median = 1.4, Sigma = 1.5, Sure = 3;

    // The mean of the wide one is above the sure one's time; left after twice that time, as the executor does, it takes less on average.
    [Theory]
    [InlineData(0, "wide")]
    [InlineData(1e-9, "sure")]
    public void Rank_WideInterval_CountsUntilTheRunIsLeftWhereItMayBe(double cost, string first)
    {
        var ranked = new PredictiveRouter().Rank(Given.Preferences() with { Candidates = [Here("wide", Median, Sigma, (decimal)cost), Here("sure", Sure, 0.01)] });

        ranked[0].Candidate.Backend.Id.Should().Be(first);
        var wide = ranked.Single(r => r.Candidate.Backend.Id == "wide");
        wide.Reason.Should().StartWith(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"expected {(cost == 0 ? ExpectedUntil(2 * Sure) : Median * Math.Exp(Sigma * Sigma / 2)):G3} s"));
        ExpectedUntil(2 * Sure).Should().BeLessThan(Sure);
    }

    // The limit is the executor's own.
    [Fact]
    public void Of_WideIntervalFirst_IsLeftAfterTheTimeThatTheRouterReckonsWith()
    {
        var ranked = new PredictiveRouter().Rank(Given.Preferences() with { Candidates = [Here("wide", Median, Sigma), Here("sure", Sure, 0.01)] });

        AttemptPlan.Of(ranked, allowsTrials: true).First(p => !p.IsTrial).Limit.Should().Be(TimeSpan.FromSeconds(2 * Sure));
    }

    private static RoutingCandidate Here(string id, double seconds, double sigma, decimal cost = 0)
    {
        var candidate = Given.Candidate(id, seconds, sigma, cost);
        return candidate with { Prediction = candidate.Prediction with { Backend = candidate.Backend with { IsLocal = true } } };
    }

    // By the sum over the log-normal distribution.
    private static double ExpectedUntil(double limit)
    {
        double sum = 0;
        const int steps = 400_000;
        for (var i = 0; i < steps; i++)
        {
            var z = -10 + (20 * (i + 0.5) / steps);
            var seconds = Median * Math.Exp(Sigma * z);
            sum += Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * 20 / steps * (seconds <= limit ? seconds : limit + Sure);
        }

        return sum;
    }
}

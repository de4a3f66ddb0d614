using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Routing;

public sealed class HysteresisTests
{
    [Theory]
    [InlineData(0.97, true)]
    [InlineData(0.951, true)]
    [InlineData(0.949, false)]
    [InlineData(0.5, false)]
    public void Decide_Challenger_ReplacesTheIncumbentOnlyBeyondTheMargin(double challengerSeconds, bool kept)
    {
        var inputs = Given.Inputs(new PerformanceOptimizedRouter(), [Given.Candidate("old", 1), Given.Candidate("new", challengerSeconds)]) with { Incumbent = "old", HysteresisMargin = 0.05 };
        var decision = DecisionMaker.Decide(inputs, 1, 1);
        decision.Chosen.Candidate.Backend.Id.Should().Be(kept ? "old" : "new");
        decision.IsKept.Should().Be(kept);
        decision.Explain().Contains("HysteresisMargin", StringComparison.Ordinal).Should().Be(kept);
        DecisionMaker.Decide(inputs with { HysteresisMargin = 0 }, 1, 1).Chosen.Candidate.Backend.Id.Should().Be("new");
    }

    [Fact]
    public void Decide_IncumbentBelowThePerformanceThreshold_IsNotKept() =>
        DecisionMaker.Decide(
            Given.Inputs(new PerformanceOptimizedRouter(), [Given.Candidate("old", 1, success: 0.4), Given.Candidate("new", 0.99)], threshold: 0.8) with { Incumbent = "old", HysteresisMargin = 0.05 }, 1, 1)
            .Chosen.Candidate.Backend.Id.Should().Be("new");

    [Fact]
    public void Decide_NoisyPredictionsOfEqualBackends_FlapsSeldomAndLosesLittle()
    {
        // Two backends of equal speed, predictions that wander by 2 %.
        int Switches(double margin, out double regret)
        {
            var random = new Random(5);
            var (switches, incumbent, lost) = (0, (string?)null, 0.0);
            for (var i = 0; i < 2000; i++)
            {
                double a = 1 + (0.02 * (random.NextDouble() - 0.5)), b = 1 + (0.02 * (random.NextDouble() - 0.5));
                var inputs = Given.Inputs(new PerformanceOptimizedRouter(), [Given.Candidate("a", a), Given.Candidate("b", b)]) with { Incumbent = incumbent, HysteresisMargin = margin };
                var chosen = DecisionMaker.Decide(inputs, 1, 1).Chosen.Candidate;
                switches += incumbent is not null && chosen.Backend.Id != incumbent ? 1 : 0;
                incumbent = chosen.Backend.Id;
                lost += chosen.TotalSeconds - Math.Min(a, b);
            }

            regret = lost / 2000;
            return switches;
        }

        Switches(0, out _).Should().BeGreaterThan(800);
        Switches(0.05, out var regret).Should().Be(0);
        regret.Should().BeLessThan(0.01);
    }
}

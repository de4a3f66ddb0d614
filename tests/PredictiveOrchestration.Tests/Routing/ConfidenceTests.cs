using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>Confidence is the probability that the first is best: the integral against drawing from the distributions.</summary>
public sealed class ConfidenceTests
{
    [Fact]
    public void ProbabilityOfLeast_RandomDistributions_AgreesWithDrawing()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var ranked = Enumerable.Range(0, 1 + seed % 5).Select(i => Ranked(Math.Exp(2 * random.NextDouble()), 0.05 + random.NextDouble())).OrderBy(r => r.Loss).ToList();
            const int draws = 100_000;
            var wins = 0;
            for (var k = 0; k < draws; k++)
            {
                var losses = ranked.Select(r => Math.Log(r.Loss) + r.LossSigma * Gaussian(random)).ToList();
                wins += losses[0] <= losses.Min() ? 1 : 0;
            }

            // Five standard deviations of the share drawn.
            LogNormal.ProbabilityOfLeast(ranked).Should().BeApproximately((double)wins / draws, 5 * Math.Sqrt(0.25 / draws), "seed {0}", seed);
        }
    }

    [Fact]
    public void ProbabilityOfLeast_CertainOrEqual_IsOneOrHalf()
    {
        LogNormal.ProbabilityOfLeast([Ranked(1, 0.1)]).Should().Be(1);
        LogNormal.ProbabilityOfLeast([Ranked(1, 0.1), Ranked(1000, 0.1)]).Should().BeApproximately(1, 1e-6);
        LogNormal.ProbabilityOfLeast([Ranked(1, 0.3), Ranked(1, 0.3)]).Should().BeApproximately(0.5, 1e-6);
    }

    private static RankedBackend Ranked(double loss, double sigma) => new(
        new RoutingCandidate
        {
            Prediction = new BackendPrediction
            {
                Backend = new FakeBackend("any").Descriptor, Seconds = Estimate.Exactly(loss), WaitSeconds = default, PeakBytes = default, Fidelity = Estimate.Exactly(1),
                LogSecondsSigma = sigma, Terms = [], Source = "given", Observations = 0,
            },
            Cost = default!, SuccessRate = 1, InFlight = 0,
        },
        loss,
        sigma,
        "given");

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

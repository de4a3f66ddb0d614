using PredictiveOrchestration.Benchmarks.Routing;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>Routing must not get worse: the routers are replayed over a small table of measured runs that is kept with the tests.</summary>
public sealed class RoutingQualityTests(ITestOutputHelper output)
{
    private static readonly RoutingTable Table = RoutingTable.Read(Path.Combine(AppContext.BaseDirectory, "Routing", "Table"));

    [Fact]
    public void Replay_JobsAtRandom_ClosesTheGap() => Gate(Splits.Random(Table.Rows, 3, 1), 0.92);

    [Fact]
    public void Replay_FamiliesHeldOut_ClosesTheGap() => Gate(Splits.Families(Table.Rows, 3, 1), 0.80);

    [Fact]
    public void Replay_SizesExtrapolated_ClosesTheGap() => Gate(Splits.Sizes(Table.Rows), 0.55);

    [Fact]
    public void Replay_FromColdWithNoJobSeen_ClosesTheGap()
    {
        var scoring = new Scoring(Table);
        scoring.Score(new Replayer(Table).Cold().Choices["predictive"], 0.001).ClosedGap.Should().BeGreaterThan(0.75);
    }

    private void Gate(int[] folds, double least)
    {
        var scoring = new Scoring(Table);
        var replayed = new Replayer(Table).Held(folds);
        foreach (var (policy, choices) in replayed.Choices)
        {
            var score = scoring.Score(choices, 0.001);
            output.WriteLine($"{policy}: closed gap {score.ClosedGap:P1}, slowdown {score.Slowdown:F3}, {score.Jobs} jobs");
        }

        scoring.Score(replayed.Choices["predictive"], 0.001).ClosedGap.Should().BeGreaterThan(least);
        scoring.Score(replayed.Choices["predictive"], 0.001).Regret.Should().BeLessThan(0.03);
    }
}

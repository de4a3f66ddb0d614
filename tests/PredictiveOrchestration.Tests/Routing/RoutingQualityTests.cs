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
    public void Replay_SizesExtrapolated_ClosesTheGap() => Gate(Splits.Sizes(Table.Rows), 0.55, mostRegret: 0.06);

    [Fact]
    public void Replay_FromColdWithNoJobSeen_ClosesTheGap()
    {
        var scoring = new Scoring(Table);
        scoring.Score(new Replayer(Table).Cold().Choices["predictive"], 0.001).ClosedGap.Should().BeGreaterThan(0.75);
    }

    private void Gate(int[] folds, double least, double mostRegret = 0.02)
    {
        var scoring = new Scoring(Table);
        var replayed = new Replayer(Table).Held((folds, false)).Single();
        foreach (var (policy, choices) in replayed.Choices)
        {
            var score = scoring.Score(Untimed(choices), 0.001);
            output.WriteLine($"{policy}: closed gap {score.ClosedGap:P1}, slowdown {score.Slowdown:F3}, {score.Regret:P1} over twice as slow as the single best, {score.Jobs} jobs");
        }

        var own = scoring.Score(Untimed(replayed.Choices["predictive"]), 0.001);
        own.ClosedGap.Should().BeGreaterThan(least);
        own.Regret.Should().BeLessThan(mostRegret);
    }

    // Of deciding only what the table says counts: what it takes on this machine now is not for a test to judge.
    private static IEnumerable<Choice> Untimed(IEnumerable<Choice> choices) => choices.Select(c => c with { DecisionSeconds = c.Row.ProfileSeconds });
}

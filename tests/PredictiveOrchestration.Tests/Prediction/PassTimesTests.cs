using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>What workloads take on a machine whose speed changes while they are timed.</summary>
public sealed class PassTimesTests
{
    private static readonly double[] Seconds = [1e-3, 2e-4, 5e-3, 7e-5, 3e-3, 4e-4];

    [Fact]
    public void Level_MachineThatChangesItsSpeed_KeepsWorkloadsRelativeToEachOther()
    {
        // Quick for eight passes, then slow but for the first two workloads of one pass: the least time of each would make those cheap, by a third.
        var times = Level((pass, workload) => Seconds[workload] * (pass < 8 || (pass == 13 && workload < 2) ? 1 : 1.5), 16);
        for (var w = 0; w < Seconds.Length; w++)
        {
            (times[w] / times[^1]).Should().BeApproximately(Seconds[w] / Seconds[^1], 1e-9 * Seconds[w] / Seconds[^1]);
        }
    }

    [Fact]
    public void Level_SpeedsOfTheLatterHalf_IsThatOfTheQuickestPass() =>
        Level((pass, workload) => Seconds[workload] * (pass % 3 == 0 ? 1 : 1.4), 18).Should().Equal(Seconds, (a, b) => Math.Abs(Math.Log(a / b)) < 1e-9);

    [Fact]
    public void Level_RunsWhileTheRuntimeCompiles_DoNotCount() =>
        Level((pass, workload) => Seconds[workload] * (pass < 5 && workload % 2 == 0 ? 12 : 1), 12).Should().Equal(Seconds, (a, b) => Math.Abs(Math.Log(a / b)) < 1e-9);

    [Fact]
    public void Level_WorkloadsHeldUpNowAndThen_TakeWhatTheyMostlyTake()
    {
        var random = new Random(5);
        var times = Level((_, workload) => Seconds[workload] * (random.Next(5) == 0 ? 3 : 1), 24);
        times.Should().Equal(Seconds, (a, b) => Math.Abs(Math.Log(a / b)) < 1e-9);
    }

    [Fact]
    public void Level_WorkloadsThatStopEarlyAndAPassCutShort_AreAsInTheirOwnPasses()
    {
        // The long one has four runs, in passes that were slow; the last pass has one workload, which happened to be quick.
        IReadOnlyList<(int, double)>[] runs =
        [
            .. Seconds.Select((s, w) => (IReadOnlyList<(int, double)>)[.. Enumerable.Range(0, w == 2 ? 4 : 10).Select(p => (p, s * (p < 4 ? 1.5 : 1))), .. w == 0 ? [(10, s / 1.9)] : Array.Empty<(int, double)>()]),
        ];
        var times = PassTimes.Level(runs);
        times[2].Should().BeInRange(Seconds[2], 1.5 * Seconds[2] + 1e-12, "no pass tells how it is to the others but slow ones");
        times.Where((_, w) => w != 2).Should().Equal(Seconds.Where((_, w) => w != 2), (a, b) => Math.Abs(Math.Log(a / b)) < 1e-9);
    }

    [Fact]
    public void Level_OneRun_IsThat() => Level((_, workload) => Seconds[workload], 1).Should().Equal(Seconds, (a, b) => Math.Abs(Math.Log(a / b)) < 1e-9);

    [Fact]
    public void Level_Nothing_IsNothing() => PassTimes.Level([]).Should().BeEmpty();

    private static double[] Level(Func<int, int, double> time, int passes) =>
        PassTimes.Level([.. Seconds.Select((_, w) => (IReadOnlyList<(int, double)>)[.. Enumerable.Range(0, passes).Select(p => (p, time(p, w)))])]);
}

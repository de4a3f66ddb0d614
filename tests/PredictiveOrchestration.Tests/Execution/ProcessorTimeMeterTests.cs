using PredictiveOrchestration.Execution;

namespace PredictiveOrchestration.Tests.Execution;

public sealed class ProcessorTimeMeterTests
{
    [Fact]
    public void Run_Alone_GetsAllThatTheProcessTookMeanwhile()
    {
        var total = TimeSpan.FromSeconds(100);
        var meter = new ProcessorTimeMeter(() => total);
        var run = meter.Begin(2);
        total += TimeSpan.FromSeconds(3);
        run.End(TimeSpan.FromSeconds(2)).TotalSeconds.Should().BeApproximately(3, 1e-6);
        total += TimeSpan.FromSeconds(50);
        run.End(TimeSpan.FromSeconds(99)).TotalSeconds.Should().BeApproximately(3, 1e-6, "it ended");
    }

    [Fact]
    public void Runs_ThatOverlap_ShareByThreadsAndAddUp()
    {
        var total = TimeSpan.Zero;
        var meter = new ProcessorTimeMeter(() => total);
        var wide = meter.Begin(3);
        total += TimeSpan.FromSeconds(4);
        var narrow = meter.Begin(1);
        total += TimeSpan.FromSeconds(8);
        var first = wide.End(TimeSpan.FromSeconds(100)).TotalSeconds;
        total += TimeSpan.FromSeconds(5);
        var second = narrow.End(TimeSpan.FromSeconds(100)).TotalSeconds;
        first.Should().BeApproximately(4 + 6, 1e-6);
        second.Should().BeApproximately(2 + 5, 1e-6);
        (first + second).Should().BeApproximately(total.TotalSeconds, 1e-6);
    }

    [Fact]
    public void Run_BesideABusyHost_IsNotChargedMoreThanItsThreadsCouldTake()
    {
        var total = TimeSpan.Zero;
        var meter = new ProcessorTimeMeter(() => total);
        var run = meter.Begin(1);
        total += TimeSpan.FromSeconds(16);
        run.End(TimeSpan.FromSeconds(2)).TotalSeconds.Should().BeApproximately(2, 1e-6);
    }
}

using PredictiveOrchestration.Execution;

namespace PredictiveOrchestration.Tests.Execution;

public sealed class LocalAdmissionTests
{
    [Fact]
    public async Task Enter_MemoryOfAllRuns_NeverExceedsTheLimit()
    {
        var admission = new LocalAdmission(1000, 64, 10_000);
        long used = 0, worst = 0;
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Task.Run(async () =>
        {
            var bytes = 100 + i % 7 * 100;
            using (await admission.EnterAsync("engine", bytes, 1, 0.1, default))
            {
                var now = Interlocked.Add(ref used, bytes);
                InterlockedMax(ref worst, now);
                await Task.Yield();
                Interlocked.Add(ref used, -bytes);
            }
        })));
        worst.Should().BeLessThanOrEqualTo(1000).And.BeGreaterThan(100);
        (admission.Running, admission.QueueLength).Should().Be((0, 0));
    }

    [Fact]
    public async Task Enter_LargerThanAllThereIs_RunsAlone()
    {
        var admission = new LocalAdmission(1000, 2, 10);
        using var huge = await admission.EnterAsync("engine", 1e18, 8, 1, default);
        var next = admission.EnterAsync("engine", 1, 1, 1, default);
        next.IsCompleted.Should().BeFalse();
        huge.Dispose();
        huge.Dispose();
        (await next).Dispose();
        admission.Running.Should().Be(0);
    }

    [Fact]
    public async Task Enter_QueueFull_IsRefusedWithTheExpectedWait()
    {
        var admission = new LocalAdmission(1000, 1, 2);
        using var running = await admission.EnterAsync("engine", 10, 1, 5, default);
        var waiting = new[] { admission.EnterAsync("engine", 10, 1, 5, default), admission.EnterAsync("engine", 10, 1, 7, default) };
        var act = () => admission.EnterAsync("engine", 10, 1, 1, default);
        var exception = (await act.Should().ThrowAsync<QueueFullException>()).Which;
        exception.Length.Should().Be(2);
        exception.ExpectedWait.Should().Be(TimeSpan.FromSeconds(12));
        running.Dispose();
        (await waiting[0]).Dispose();
        (await waiting[1]).Dispose();
    }

    [Fact]
    public async Task Enter_Cancelled_LeavesTheQueueAndLetsOthersIn()
    {
        var admission = new LocalAdmission(1000, 1, 10);
        using var running = await admission.EnterAsync("engine", 900, 1, 1, default);
        using var source = new CancellationTokenSource();
        var cancelled = admission.EnterAsync("engine", 900, 1, 1, source.Token);
        var next = admission.EnterAsync("engine", 50, 1, 1, default);
        await source.CancelAsync();
        var act = () => cancelled;
        await act.Should().ThrowAsync<OperationCanceledException>();
        running.Dispose();
        (await next).Dispose();
        (admission.Running, admission.QueueLength).Should().Be((0, 0));
    }

    private static void InterlockedMax(ref long target, long value)
    {
        var seen = Interlocked.Read(ref target);
        while (value > seen)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}

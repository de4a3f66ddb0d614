using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>Owners are served in turn by the time that they use.</summary>
public sealed class FairQueueTests
{
    [Fact]
    public async Task Take_OneOwnerFlooding_DoesNotKeepAnotherWaiting()
    {
        var queue = new FairQueue<ActiveJob>(10_000);
        for (var i = 0; i < 1000; i++)
        {
            queue.Add(Job("flood", $"f{i}", 1));
        }

        for (var i = 0; i < 100; i++)
        {
            await queue.TakeAsync(default);
        }

        queue.Add(Job("late", "l0", 1));
        queue.Add(Job("late", "l1", 1));
        queue.Add(Job("late", "l2", 1));
        var order = await TakeAsync(queue, 6);
        order.Count(o => o[0] == 'l').Should().Be(3, string.Join(' ', order));
        order.Where(o => o[0] == 'f').Should().Equal("f100", "f101", "f102");
    }

    [Fact]
    public async Task TakeLatest_SomeOfTheLine_TakesFromTheEndOfWhoHasMostAndLeavesTheRest()
    {
        var queue = new FairQueue<ActiveJob>(100);
        foreach (var i in Enumerable.Range(0, 6))
        {
            queue.Add(Job("much", $"m{i}", 2));
        }

        queue.Add(Job("little", "l0", 1));
        var asked = new List<string>();
        var taken = queue.TakeLatest(job =>
        {
            asked.Add(job.Record.Id);
            return asked.Count == 5 ? null : job.Record.Id != "m4";
        });
        asked.Should().Equal("m5", "m4", "m3", "m2", "m1");
        taken.Select(j => j.Record.Id).Should().Equal("m5", "m3", "m2");
        (queue.Count, queue.Seconds).Should().Be((4, 7));
        var rest = await TakeAsync(queue, 4);
        rest.Should().BeEquivalentTo("m0", "m1", "m4", "l0");
        rest.Where(r => r[0] == 'm').Should().BeInAscendingOrder();
    }

    [Fact]
    public async Task Take_JobsOfDifferentLength_SharesTimeNotNumbers()
    {
        var queue = new FairQueue<ActiveJob>(10_000);
        for (var i = 0; i < 300; i++)
        {
            queue.Add(Job("long", $"a{i}", 10));
            queue.Add(Job("short", $"b{i}", 1));
        }

        var order = await TakeAsync(queue, 110);
        var (longs, shorts) = (order.Count(o => o[0] == 'a'), order.Count(o => o[0] == 'b'));
        ((double)shorts / longs).Should().BeApproximately(10, 1);
    }

    [Fact]
    public async Task Take_OwnersOfDifferentWeight_GetTimeInProportion()
    {
        var queue = new FairQueue<ActiveJob>(10_000, owner => owner == "heavy" ? 3 : 1);
        for (var i = 0; i < 300; i++)
        {
            queue.Add(Job("heavy", $"a{i}", 1));
            queue.Add(Job("light", $"b{i}", 1));
        }

        (await TakeAsync(queue, 200)).Count(o => o[0] == 'a').Should().BeInRange(149, 151);
    }

    [Fact]
    public async Task Settle_JobLongerThanPredicted_CostsItsOwnerTurns()
    {
        var queue = new FairQueue<ActiveJob>(100);
        for (var i = 0; i < 20; i++)
        {
            queue.Add(Job("liar", $"a{i}", 1));
            queue.Add(Job("honest", $"b{i}", 1));
        }

        var first = await queue.TakeAsync(default);
        first.Record.Owner.Should().Be("liar");
        queue.Settle(first, 9);
        (await TakeAsync(queue, 8)).Should().OnlyContain(o => o[0] == 'b');
    }

    [Fact]
    public async Task Take_IdleOwner_DoesNotSaveTimeUp()
    {
        var queue = new FairQueue<ActiveJob>(100);
        queue.Add(Job("early", "e", 1));
        await queue.TakeAsync(default);
        for (var i = 0; i < 30; i++)
        {
            queue.Add(Job("busy", $"b{i}", 1));
        }

        await TakeAsync(queue, 20);
        for (var i = 0; i < 10; i++)
        {
            queue.Add(Job("early", $"e{i}", 1));
        }

        (await TakeAsync(queue, 10)).Count(o => o[0] == 'e').Should().BeInRange(4, 6);
    }

    [Fact]
    public async Task Remove_JobThatWaits_IsNotTaken()
    {
        var queue = new FairQueue<ActiveJob>(100);
        var (first, second) = (Job("a", "1", 1), Job("a", "2", 1));
        queue.Add(first);
        queue.Add(second);
        queue.Before(second).Should().Be((1, 1.0));
        queue.Remove(first);
        queue.Count.Should().Be(1);
        (await queue.TakeAsync(default)).Should().BeSameAs(second);
        using var soon = new CancellationTokenSource(50);
        await FluentActions.Awaiting(() => queue.TakeAsync(soon.Token)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public void Refusal_FullForAllOrForOne_SaysWhich()
    {
        var queue = new FairQueue<ActiveJob>(3);
        queue.Add(Job("a", "1", 1));
        queue.Add(Job("a", "2", 1));
        queue.Refusal("b", 1, 2).Should().BeNull();
        queue.Refusal("a", 1, 2).Should().Contain("2 of your jobs");
        queue.Refusal("b", 2, 2).Should().Contain("2 jobs wait and 3 may");
    }

    private static async Task<List<string>> TakeAsync(FairQueue<ActiveJob> queue, int count)
    {
        var taken = new List<string>();
        for (var i = 0; i < count; i++)
        {
            taken.Add((await queue.TakeAsync(default)).Record.Id);
        }

        return taken;
    }

    private static ActiveJob Job(string owner, string id, double seconds) => new(
        new JobRecord { Id = id, Owner = owner, State = JobState.Queued, Device = "auto", Shots = 1, SubmittedAt = default, PredictedSeconds = seconds, Currency = "USD" }, null, null, 0);
}

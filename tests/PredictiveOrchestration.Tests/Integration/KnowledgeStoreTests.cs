using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Integration;

/// <summary>What every knowledge store does, whatever its database.</summary>
public abstract class KnowledgeStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(1);

    /// <summary>Why these tests cannot run here, or null.</summary>
    protected abstract string? SkipReason { get; }

    public async Task InitializeAsync()
    {
        if (SkipReason is null)
        {
            await PrepareAsync();
        }
    }

    public abstract Task DisposeAsync();

    [SkippableFact]
    public async Task Entries_OutliveTheStoreAndAreReplacedByLaterOnesOnly()
    {
        var one = Open();
        await using (one as IAsyncDisposable)
        {
            await one.PutAsync([new("lesson", "b", "one", At, new byte[] { 1 }), new("lesson", "a", "two", At, new byte[] { 2 }), new("lesson", "a", "one", At, new byte[] { 3 }), new("other", "a", "one", At, new byte[] { 4 })]);
            await one.PutAsync([new("lesson", "b", "one", At.AddSeconds(1), new byte[] { 5 })]);
            await one.PutAsync([new("lesson", "b", "one", At.AddSeconds(-1), new byte[] { 6 })]);
        }

        var (again, beside) = (Open(), Open());
        await using (again as IAsyncDisposable)
        await using (beside as IAsyncDisposable)
        {
            foreach (var store in new[] { again, beside })
            {
                (await store.FindAsync("lesson")).Select(e => (e.Key, e.Instance, e.Content.Span[0])).Should().Equal(("a", "one", 3), ("a", "two", 2), ("b", "one", 5));
                (await store.FindAsync("lesson", "b")).Should().ContainSingle().Which.At.Should().Be(At.AddSeconds(1), "to the tick");
                (await store.FindAsync("nothing")).Should().BeEmpty();
            }
        }
    }

    [SkippableFact]
    public async Task Entries_InTheOrderOfBytes_WhateverTheLanguage()
    {
        var store = Open();
        await using (store as IAsyncDisposable)
        {
            string[] keys = ["a", "B", "_", "\u00e9", "a b", "ab", "z", "'; DROP TABLE knowledge; --"];
            await store.PutAsync([.. keys.Select(k => new KnowledgeEntry("k", k, "x", At, ReadOnlyMemory<byte>.Empty))]);
            (await store.FindAsync("k")).Select(e => e.Key).Should().Equal(keys.Order(StringComparer.Ordinal));
        }
    }

    [SkippableFact]
    public async Task ConcurrentWriters_OfTheSameEntries_LoseNothing()
    {
        var (one, two) = (Open(), Open());
        await using (one as IAsyncDisposable)
        await using (two as IAsyncDisposable)
        {
            // Each writes all entries, in orders of its own.
            await Task.WhenAll(Enumerable.Range(0, 16).Select(w => (w % 2 == 0 ? one : two).PutAsync(
                [.. Enumerable.Range(0, 20).Select(i => (i * (w % 2 == 0 ? 7 : 11)) % 20).Select(i => new KnowledgeEntry("k", $"key{i:D2}", $"writer{w:D2}", At, new byte[] { (byte)i }))])));
            await Task.WhenAll(Enumerable.Range(0, 16).Select(w => (w % 2 == 0 ? one : two).PutAsync(
                [.. Enumerable.Range(0, 20).Select(i => (i * (w % 2 == 0 ? 7 : 11)) % 20).Select(i => new KnowledgeEntry("shared", $"key{i:D2}", "all", At.AddSeconds(w), new byte[] { (byte)w }))])));
            (await two.FindAsync("k")).Should().HaveCount(320).And.OnlyContain(e => e.Key == $"key{e.Content.ToArray()[0]:D2}");
            (await one.FindAsync("shared")).Should().HaveCount(20).And.OnlyContain(e => e.Content.ToArray()[0] == 15, "the latest counts, whoever came last");
        }
    }

    [SkippableFact]
    public async Task Put_OneEntryTooLong_WritesNone()
    {
        var store = Open();
        await using (store as IAsyncDisposable)
        {
            var put = () => store.PutAsync([new("k", "good", "x", At, ReadOnlyMemory<byte>.Empty), new("k", new string('a', 201), "x", At, ReadOnlyMemory<byte>.Empty)]);
            await put.Should().ThrowAsync<ArgumentException>();
            (await store.FindAsync("k")).Should().BeEmpty();
        }
    }

    [SkippableFact]
    public async Task Orchestrators_ShareWhatTheyLearned()
    {
        var store = Open();
        await using (store as IAsyncDisposable)
        {
            var circuit = States.Ghz(4);
            foreach (var (name, seconds) in new[] { ("one", 0.01), ("two", 0.04) })
            {
                var backend = new FakeBackend("device", (request, _) => Task.FromResult(FakeBackend.Result("device", request, seconds)));
                await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(backend).Configure(o => (o.StateDirectory, o.CalibrationBudget, o.PerformanceThreshold) = (string.Empty, TimeSpan.Zero, 0)).Build();
                await orchestrator.StartAsync();
                await orchestrator.ExecuteAsync(circuit);
                await orchestrator.ShareKnowledgeAsync(store, name);
                if (name == "two")
                {
                    var pattern = (await orchestrator.FindPatternsAsync(store, circuit)).Should().ContainSingle().Subject;
                    pattern.Instances.Should().Equal("one", "two");
                    pattern.TypicalSeconds.Should().BeApproximately(0.02, 1e-6, "the geometric mean");
                }
            }
        }
    }

    protected abstract Task PrepareAsync();

    /// <summary>Opens one, or skips.</summary>
    protected IKnowledgeStore Open()
    {
        Skip.If(SkipReason is not null, SkipReason);
        return Create();
    }

    protected abstract IKnowledgeStore Create();
}

using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Telemetry.Storage;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Telemetry;

/// <summary>The store in an SQLite file, and what the orchestrator does with it.</summary>
public sealed class SqliteTelemetryStoreTests : TelemetryStoreTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telemetry").FullName;

    protected override string? SkipReason => null;

    private string FilePath => Path.Combine(_folder, "sub", "telemetry.db");

    [Fact]
    public async Task Orchestrator_WithAStore_KeepsEveryAttemptOverARestart()
    {
        for (var life = 0; life < 2; life++)
        {
            await using var orchestrator = await StartedAsync();
            await orchestrator.ExecuteAsync(States.Ghz(3), new OrchestrationRequest { Shots = 10 + life, Tag = "kept" });
        }

        await using var store = new TelemetryStore(FilePath);
        var records = await ReadAsync(store);
        records.Select(r => (r.Shots, r.BackendId, r.Outcome, r.Attempt, r.Swaps)).Should().Equal(
            (10, "broken", ExecutionOutcome.Failed, 0, 0), (10, "good", ExecutionOutcome.Completed, 1, 1),
            (11, "broken", ExecutionOutcome.Failed, 0, 0), (11, "good", ExecutionOutcome.Completed, 1, 1));
        records.Select(r => r.RunId).Distinct().Should().HaveCount(2).And.NotContain(Guid.Empty);
        records.Should().OnlyContain(r => r.Tag == "kept" && r.Profile.NumQubits == 3 && r.Strategy == "in-order");
    }

    [Fact]
    public async Task Orchestrator_WithABrokenStore_RunsAllTheSameWithOneWarningAndIsDegraded()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        await File.WriteAllTextAsync(FilePath, "this is no database, and longer than the header of one: " + new string('x', 4096));
        var log = new Warnings();
        var time = new FakeTimeProvider();
        await using var store = new TelemetryStore(FilePath, new TelemetryStoreOptions { QueueCapacity = 4 }, time, log);
        await using var orchestrator = await StartedAsync(b => b.UseTelemetryStore(store));
        var attempts = 0;
        for (var i = 0; i < 5; i++)
        {
            var result = await orchestrator.ExecuteAsync(States.Ghz(2));
            result.ActualBackend.Should().Be("good");
            attempts += result.Attempts.Count;
            await FluentActions.Awaiting(() => store.FlushAsync()).Should().ThrowAsync<SqliteException>();
        }

        // The writer's own rounds fail as well, ever later; only the first is told of.
        await AdvanceUntilAsync(time, () => store.Status.Failure is not null);
        for (var round = 0; round < 10; round++)
        {
            time.Advance(TimeSpan.FromMinutes(2));
            await Task.Delay(5);
        }

        log.Count.Should().Be(1);
        await WaitAsync(() => store.Status is var status && status.Dropped + status.Waiting == attempts);
        store.Status.Written.Should().Be(0);
        var health = await new OrchestratorHealthCheck(orchestrator).CheckHealthAsync(new HealthCheckContext());
        health.Status.Should().Be(HealthStatus.Degraded);
        health.Description.Should().Contain("telemetry store").And.Contain(FilePath);
        (await File.ReadAllTextAsync(FilePath)).Should().StartWith("this is no database", "what is not ours is not touched");
    }

    [Fact]
    public async Task Writer_InTheBackground_WritesAfterTheIntervalAndAgainAfterAFailure()
    {
        var time = new FakeTimeProvider();
        Directory.CreateDirectory(FilePath);
        await using var store = new TelemetryStore(FilePath, new TelemetryStoreOptions { FlushInterval = TimeSpan.FromSeconds(5), MaxAge = null }, time);
        store.TryWrite(Full(0));
        await AdvanceUntilAsync(time, () => store.Status.Failure is not null);
        Directory.Delete(FilePath);
        store.TryWrite(Full(1));
        await AdvanceUntilAsync(time, () => store.Status.Written == 2);
        store.Status.Failure.Should().BeNull();
        (await ShotsAsync(store)).Should().Equal(0, 1);
    }

    [Fact]
    public async Task Queue_HalfFull_IsWrittenBeforeTheInterval()
    {
        var time = new FakeTimeProvider();
        await using var store = new TelemetryStore(FilePath, new TelemetryStoreOptions { FlushInterval = TimeSpan.FromHours(1), QueueCapacity = 8, MaxAge = null }, time);
        for (var i = 0; i < 6; i++)
        {
            store.TryWrite(Full(i)).Should().BeTrue();
        }

        await WaitAsync(() => store.Status.Written == 6);
    }

    [Fact]
    public async Task Retention_BySize_GivesTheFileBack()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 8000; i++)
            {
                store.TryWrite(Full(i));
            }
        }

        var before = new FileInfo(FilePath).Length;
        before.Should().BeGreaterThan(3 << 20);
        await using (var store = Open(new TelemetryStoreOptions { MaxBytes = 1 << 20, MaxAge = null }))
        {
            await store.FlushAsync();
        }

        new FileInfo(FilePath).Length.Should().BeLessThanOrEqualTo(1 << 20);
    }

    [Fact]
    public async Task Database_OfSomethingElse_IsNotTouched()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        await ExecuteAsync("CREATE TABLE customers (name TEXT)");
        await using var store = Open();
        store.TryWrite(Full(0));
        await FluentActions.Awaiting(() => store.FlushAsync()).Should().ThrowAsync<InvalidDataException>().WithMessage("*not one of telemetry*");
        await using var database = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        await database.OpenAsync();
        using var command = new SqliteCommand("SELECT COUNT(*) FROM sqlite_master", database);
        (await command.ExecuteScalarAsync()).Should().Be(1L);
    }

    [Fact]
    public async Task Store_Closed_DropsAndCounts()
    {
        var store = Open();
        await store.DisposeAsync();
        await store.DisposeAsync();
        store.TryWrite(Full(0)).Should().BeFalse();
        store.Status.Dropped.Should().Be(1);
        await FluentActions.Awaiting(() => store.FlushAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Theory]
    [InlineData(0, 1, 1 << 20, 1, 1)]
    [InlineData(1, 0, 1 << 20, 1, 1)]
    [InlineData(1, 1, 1000, 1, 1)]
    [InlineData(1, 1, 1 << 20, 0, 1)]
    [InlineData(1, 1, 1 << 20, 1, 0)]
    public void Options_OutOfRange_AreRefused(long records, int days, long bytes, int milliseconds, int queue) => FluentActions.Invoking(() => new TelemetryStore(FilePath, new TelemetryStoreOptions
    {
        MaxRecords = records, MaxAge = TimeSpan.FromDays(days), MaxBytes = bytes, FlushInterval = TimeSpan.FromMilliseconds(milliseconds), QueueCapacity = queue,
    })).Should().Throw<ArgumentException>();

    public override Task DisposeAsync()
    {
        Directory.Delete(_folder, true);
        return Task.CompletedTask;
    }

    internal override TelemetryDatabase Database() => new SqliteTelemetryDatabase(FilePath);

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override async Task ExecuteAsync(string statement)
    {
        await using var database = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        await database.OpenAsync();
        using var command = new SqliteCommand(statement, database);
        await command.ExecuteNonQueryAsync();
    }

    protected override Task<long> StoredBytesAsync() => Task.FromResult(new FileInfo(FilePath).Length);

    private async Task<PredictiveOrchestrator> StartedAsync(Action<PredictiveOrchestratorBuilder>? configure = null)
    {
        var builder = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(FakeBackend.Failing("broken")).AddBackend(new FakeBackend("good")).AddRouter(new InOrder()).Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.PerformanceThreshold, o.TelemetryStorePath) = (string.Empty, false, 0, FilePath);
            o.TelemetryStore = new TelemetryStoreOptions { MaxAge = null };
        });
        configure?.Invoke(builder);
        var orchestrator = builder.Build();
        orchestrator.SetRoutingStrategy("in-order");
        await orchestrator.StartAsync();
        return orchestrator;
    }

    // The writer runs on its own thread: what it waits for on the clock is brought about again until it has looked.
    private static async Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition) => await WaitAsync(() =>
    {
        time.Advance(TimeSpan.FromMinutes(2));
        return condition();
    });

    private static async Task WaitAsync(Func<bool> condition)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(TimeSpan.FromMinutes(1));
            await Task.Delay(5);
        }
    }

    private sealed class Warnings : ILogger
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                Interlocked.Increment(ref _count);
            }
        }
    }
}

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Parquet;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Telemetry.Storage;

namespace PredictiveOrchestration.Tests.Telemetry;

/// <summary>What every telemetry store does, whatever its database.</summary>
public abstract class TelemetryStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Why these tests cannot run here, or null.</summary>
    protected abstract string? SkipReason { get; }

    [SkippableFact]
    public async Task Records_WrittenAndReadByAnother_AreTheSame()
    {
        var awkward = Full(1) with
        {
            Tag = "a \"quoted\", tag;\r\n'; DROP TABLE orchestration_executions; -- é 🙂", PredictedUpperSeconds = double.PositiveInfinity, PredictedSeconds = double.NaN, PeakNonZeros = null, CpuTime = null,
            MeasuredFidelity = null, Cost = 123456789.0123456789m, PeakMemoryBytes = long.MaxValue,
        };
        ExecutionRecord[] records = [Full(0), awkward, Full(2) with { Tag = null, Outcome = ExecutionOutcome.TimedOut }];
        await using (var store = Open())
        {
            records.Should().OnlyContain(r => store.TryWrite(r));
        }

        await using var other = Open();
        (await ReadAsync(other)).Should().Equal(records);
        (await other.CountAsync()).Should().Be(3);
    }

    [SkippableFact]
    public async Task Records_WithWhatNoDatabaseTakes_AreCleanedAndTakeNoOtherAlong()
    {
        await using var store = Open();
        store.TryWrite(Full(0) with { Tag = "zero\0and half \ud83d" });
        store.TryWrite(Full(1) with { Tag = new string('x', 100_000) });
        store.TryWrite(Full(2));
        await store.FlushAsync();
        var read = await ReadAsync(store);
        read.Select(r => r.Shots).Should().Equal(0, 1, 2);
        read[0].Tag.Should().Be("zero\uFFFDand half \uFFFD");
        read[1].Tag.Should().HaveLength(1024);
        store.Status.Should().Be(new TelemetryStoreStatus(3, 0, 0, null));
    }

    [SkippableFact]
    public async Task Queries_FilterByEachCriterion()
    {
        await using var store = Open();
        for (var i = 0; i < 60; i++)
        {
            store.TryWrite(Full(i) with
            {
                BackendId = i % 2 == 0 ? "even" : "odd", Strategy = i % 3 == 0 ? "cost" : "adaptive", Tag = i % 5 == 0 ? "five" : null, Outcome = i % 7 == 0 ? ExecutionOutcome.Failed : ExecutionOutcome.Completed,
            });
        }

        await store.FlushAsync();
        (await ShotsAsync(store, new TelemetryQuery { BackendId = "odd" })).Should().Equal(Enumerable.Range(0, 60).Where(i => i % 2 == 1));
        (await ShotsAsync(store, new TelemetryQuery { Strategy = "cost" })).Should().Equal(Enumerable.Range(0, 60).Where(i => i % 3 == 0));
        (await ShotsAsync(store, new TelemetryQuery { Tag = "five" })).Should().Equal(Enumerable.Range(0, 60).Where(i => i % 5 == 0));
        (await ShotsAsync(store, new TelemetryQuery { Outcome = ExecutionOutcome.Failed })).Should().Equal(Enumerable.Range(0, 60).Where(i => i % 7 == 0));
        (await ShotsAsync(store, new TelemetryQuery { RunId = Full(17).RunId })).Should().Equal(17);
        (await ShotsAsync(store, new TelemetryQuery { From = Noon.AddSeconds(10), To = Noon.AddSeconds(13) })).Should().Equal(10, 11, 12);
        (await ShotsAsync(store, new TelemetryQuery { BackendId = "even", NewestFirst = true, Limit = 3 })).Should().Equal(58, 56, 54);
        (await ShotsAsync(store, new TelemetryQuery { BackendId = "' OR 1 = 1 --" })).Should().BeEmpty();
        (await store.CountAsync(new TelemetryQuery { BackendId = "even", Tag = "five" })).Should().Be(6);
    }

    [SkippableFact]
    public async Task Read_ManyPages_IsNotDisturbedByWritersAndNeedsNoConnectionBetweenPages()
    {
        await using var store = Open();
        for (var i = 0; i < 2500; i++)
        {
            store.TryWrite(Full(i));
        }

        await store.FlushAsync();
        var read = new List<int>();
        await foreach (var record in store.ReadAsync())
        {
            read.Add(record.Shots);
            if (read.Count % 1000 == 0)
            {
                store.TryWrite(Full(-1));
                await store.FlushAsync();
            }
        }

        read.Should().Equal(Enumerable.Range(0, 2500));
        (await store.CountAsync()).Should().Be(2502);
    }

    [SkippableFact]
    public async Task Retention_ByCount_KeepsTheLatest()
    {
        await using var store = Open(new TelemetryStoreOptions { MaxRecords = 100, MaxAge = null });
        for (var i = 0; i < 350; i++)
        {
            store.TryWrite(Full(i));
        }

        await store.FlushAsync();
        (await ShotsAsync(store)).Should().Equal(Enumerable.Range(250, 100));
    }

    [SkippableFact]
    public async Task Retention_ByAge_DeletesWhatIsOlder()
    {
        var time = new FakeTimeProvider(Noon);
        await using var store = Open(new TelemetryStoreOptions { MaxAge = TimeSpan.FromHours(1) }, time);
        store.TryWrite(Full(0));
        store.TryWrite(Full(1) with { Timestamp = Noon.AddMinutes(59) });
        time.SetUtcNow(Noon.AddMinutes(59));
        await store.FlushAsync();
        (await ShotsAsync(store)).Should().Equal(0, 1);
        time.SetUtcNow(Noon.AddMinutes(61));
        await store.FlushAsync();
        (await ShotsAsync(store)).Should().Equal(1);
    }

    [SkippableFact]
    public async Task Retention_BySize_KeepsTheLatestThatFit()
    {
        await using var store = Open(new TelemetryStoreOptions { MaxBytes = 1 << 20, MaxAge = null, QueueCapacity = 8192 });
        for (var i = 0; i < 4000; i++)
        {
            store.TryWrite(Full(i) with { Tag = new string('t', 200) });
        }

        await store.FlushAsync();
        var kept = await ShotsAsync(store);
        kept.Should().Equal(Enumerable.Range(4000 - kept.Count, kept.Count));

        // What a record takes: 41 columns, of them 21 of eight bytes, and some 400 characters; twice or thrice that with indexes and headers.
        kept.Count.Should().BeInRange(800, 2600);
        var bytes = await StoredBytesAsync();
        bytes.Should().BeInRange(1 << 19, (long)(1.3 * (1 << 20)));
    }

    [SkippableFact]
    public async Task Export_Csv_IsReadBackByItsRules()
    {
        await using var store = Open();
        ExecutionRecord[] records = [Full(0) with { Tag = "a,\"b\"\r\nc" }, Full(1) with { Tag = null, IsExploration = true }];
        Array.ForEach(records, r => store.TryWrite(r));
        await store.FlushAsync();
        using var stream = new MemoryStream();
        (await store.ExportCsvAsync(stream)).Should().Be(2);
        var lines = ParseCsv(System.Text.Encoding.UTF8.GetString(stream.ToArray()));
        lines.Should().HaveCount(3).And.OnlyContain(l => l.Count == TelemetryColumns.All.Count);
        Dictionary<string, string> At(int row) => lines[0].Zip(lines[row]).ToDictionary(p => p.First, p => p.Second);
        At(1)["tag"].Should().Be("a,\"b\"\r\nc");
        At(2)["tag"].Should().BeEmpty();
        At(1)["at"].Should().Be("2026-05-01T12:00:00.000000Z");
        At(2)["is_exploration"].Should().Be("true");
        decimal.Parse(At(1)["cost"], System.Globalization.CultureInfo.InvariantCulture).Should().Be(records[0].Cost);
        double.Parse(At(1)["service_seconds"], System.Globalization.CultureInfo.InvariantCulture).Should().Be(records[0].ServiceTime.TotalSeconds);
    }

    [SkippableFact]
    public async Task Export_Parquet_IsReadBackByAnIndependentReader()
    {
        await using var store = Open();
        ExecutionRecord[] records = [Full(0) with { Tag = "täg" }, Full(1) with { Tag = null, PeakNonZeros = null, MeasuredFidelity = null }];
        Array.ForEach(records, r => store.TryWrite(r));
        await store.FlushAsync();
        using var stream = new MemoryStream();
        (await store.ExportParquetAsync(stream)).Should().Be(2);
        stream.Position = 0;
        (await ParquetFiles.ColumnsAsync(stream)).Should().Equal(TelemetryColumns.All.Select(c => c.Name));
        stream.Position = 0;
        var rows = (await ParquetFiles.ReadAsync(stream)).ToList();
        rows.Should().HaveCount(2);
        rows[0]["tag"].Should().Be("täg");
        (rows[1].ContainsKey("tag"), rows[1].ContainsKey("peak_nonzeros"), rows[0].ContainsKey("peak_nonzeros")).Should().Be((false, false, true));
        rows[0]["cost"].Should().Be(records[0].Cost);
        rows[0]["service_seconds"].Should().Be(records[0].ServiceTime.TotalSeconds);
        rows[0]["shots"].Should().Be(0L);
        rows[0]["is_exploration"].Should().Be(false);
        ((DateTime)rows[0]["at"]!).Should().Be(Noon.UtcDateTime);
    }

    [SkippableFact]
    public async Task Write_SameBatchTwice_IsThereOnce()
    {
        await using var store = Open();
        await store.FlushAsync();
        await using var database = Database();
        StoredRecord[] batch = [new(Guid.NewGuid(), Full(0)), new(Guid.NewGuid(), Full(1))];
        await database.WriteAsync(batch, default);
        await database.WriteAsync(batch, default);
        (await ShotsAsync(store)).Should().Equal(0, 1);
    }

    [SkippableFact]
    public async Task Writers_OnOneDatabaseAtOnce_LoseNothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 2).Select(w => Task.Run(async () =>
        {
            await using var store = Open();
            for (var i = 0; i < 300; i++)
            {
                store.TryWrite(Full(1000 * w + i));
                if (i % 100 == 99)
                {
                    await store.FlushAsync();
                }
            }
        })));
        await using var reader = Open();
        (await ShotsAsync(reader)).Should().BeEquivalentTo(Enumerable.Range(0, 2).SelectMany(w => Enumerable.Range(1000 * w, 300)));
    }

    [SkippableFact]
    public async Task Schema_OfAnotherVersion_IsLeftAloneAndSaysSo()
    {
        await using (var store = Open())
        {
            store.TryWrite(Full(0));
        }

        await ExecuteAsync($"UPDATE {TelemetryDatabase.VersionTable} SET version = 77");
        await using var newer = Open();
        newer.TryWrite(Full(1));
        await FluentActions.Awaiting(() => newer.FlushAsync()).Should().ThrowAsync<InvalidDataException>().WithMessage("*version 77*version 1*");
        await FluentActions.Awaiting(() => ReadAsync(newer)).Should().ThrowAsync<InvalidDataException>();
        await ExecuteAsync($"UPDATE {TelemetryDatabase.VersionTable} SET version = 1");
        await newer.FlushAsync();
        (await ShotsAsync(newer)).Should().Equal(0, 1);
    }

    public async Task InitializeAsync()
    {
        if (SkipReason is null)
        {
            await PrepareAsync();
        }
    }

    public abstract Task DisposeAsync();

    /// <summary>A record with every value set, and those whose numbers are stored exactly.</summary>
    internal static ExecutionRecord Full(int shots) => new()
    {
        Timestamp = Noon.AddSeconds(shots), RunId = new Guid(shots, 1, 2, [3, 4, 5, 6, 7, 8, 9, 10]), Attempt = 1, Swaps = 2, BackendId = "device", CostModel = "dense", Strategy = "predictive",
        Outcome = ExecutionOutcome.Completed, Tag = "tag", Shots = shots, Threads = 3, Observables = 4, TopProbabilities = 5, QueueTime = new TimeSpan(12_345_678_901), ServiceTime = new TimeSpan(1_234_567),
        RunTime = new TimeSpan(1_000_001), SampleTime = new TimeSpan(77_777), CpuTime = new TimeSpan(2_345_678), PeakMemoryBytes = 123_456_789_012, PeakNonZeros = 987_654, Cost = 0.0123456789m,
        ListCost = 1.25m, Currency = "EUR", Fidelity = 0.987654321, MeasuredFidelity = 0.91, ExpectedLogLoss = 0.0123, PredictedSeconds = 0.1, PredictedLowerSeconds = 0.05, PredictedUpperSeconds = 0.3,
        PredictedQueueSeconds = 0.7, PredictedPeakBytes = 1e11, PredictedCost = 0.01m, Propensity = 0.25, IsExploration = false, ModelVersion = 9,
        Profile = new CircuitProfile { NumQubits = 12, CircuitDepth = 34, GateCount = 56, EntanglementComplexity = 0.625, MemoryRequirement = 1 << 20 },
    };

    internal abstract TelemetryDatabase Database();

    protected abstract Task PrepareAsync();

    protected abstract Task ExecuteAsync(string statement);

    /// <summary>What the database says that the records take.</summary>
    protected abstract Task<long> StoredBytesAsync();

    protected TelemetryStore Open(TelemetryStoreOptions? options = null, TimeProvider? time = null, ILogger? logger = null)
    {
        Skip.If(SkipReason is not null, SkipReason);
        return new TelemetryStore(Database(), options ?? new TelemetryStoreOptions { MaxAge = null }, time, logger);
    }

    protected static async Task<List<ExecutionRecord>> ReadAsync(TelemetryStore store, TelemetryQuery? query = null)
    {
        var records = new List<ExecutionRecord>();
        await foreach (var record in store.ReadAsync(query))
        {
            records.Add(record);
        }

        return records;
    }

    protected static async Task<List<int>> ShotsAsync(TelemetryStore store, TelemetryQuery? query = null) => [.. (await ReadAsync(store, query)).Select(r => r.Shots)];

    // RFC 4180, read character by character.
    private static List<List<string>> ParseCsv(string text)
    {
        var rows = new List<List<string>> { new() };
        var field = new System.Text.StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"')
                {
                    field.Append(c);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    field.Append('"');
                    i++;
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c is ',' or '\r')
            {
                rows[^1].Add(field.ToString());
                field.Clear();
            }
            else if (c == '\n')
            {
                rows.Add([]);
            }
            else
            {
                field.Append(c);
            }
        }

        rows.RemoveAt(rows.Count - 1);
        return rows;
    }
}

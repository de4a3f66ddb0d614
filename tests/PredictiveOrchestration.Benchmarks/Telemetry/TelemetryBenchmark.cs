using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Benchmarks.Telemetry;

/// <summary>
/// What telemetry takes: the ring buffer alone and on two cores, all that is recorded of a job with nobody listening, and the store. Everything is measured in rounds that take turns; the
/// least of each counts, as neighbours on the machine only ever add.
/// </summary>
internal static class TelemetryBenchmark
{
    private const int Capacity = 1 << 14, Block = 1 << 13;

    /// <summary>Prints the table.</summary>
    /// <param name="args">[--rounds N=40].</param>
    /// <returns>0 if every target was met.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var at = Array.IndexOf(args, "--rounds");
        var rounds = at < 0 ? 40 : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
        var record = Record();
        var folder = Directory.CreateTempSubdirectory("telemetry-benchmark").FullName;
        try
        {
            await using var store = new TelemetryStore(Path.Combine(folder, "telemetry.db"), new TelemetryStoreOptions { QueueCapacity = 1 << 16 });
            using var metrics = new OrchestrationMetrics(null, () => (0, 0, 0, 0));
            var ring = new TelemetryRingBuffer(Capacity);
            var monitor = new PerformanceMonitor(new PerformanceMonitorOptions(), TimeProvider.System, NullLogger.Instance);
            var journal = new RunJournal(10_000, TimeSpan.FromSeconds(1), new BackendLoadTracker(TimeProvider.System), TimeProvider.System);
            double write = double.MaxValue, job = double.MaxValue, kept = double.MaxValue, seconds = double.MaxValue;
            long bytes = 0;
            for (var round = 0; round < rounds; round++)
            {
                write = Math.Min(write, Write(ring, record, ref bytes));
                job = Math.Min(job, Job(record, ring, metrics, monitor, journal, null));
                kept = Math.Min(kept, Job(record, ring, metrics, monitor, journal, store));
                await store.FlushAsync();
                for (var i = 0; i < 5; i++)
                {
                    seconds = Math.Min(seconds, await TransferAsync(record));
                }
            }

            var stored = await StoreAsync(folder, record);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
                least of {rounds} rounds
                | what | figure | target |
                |---|---|---|
                | a record into the ring buffer | {write:F1} ns | 50 ns |
                | allocated by {rounds * Block} of them | {bytes} bytes | 0 |
                | records a second from one core to another | {1e-6 / seconds:F1} million | 10 million |
                | all that is recorded of a job, nobody listening | {job / 1000:F2} µs, {job / 1e4:F3} % of 1 ms | 1 % |
                | the same with a store | {kept / 1000:F2} µs, {kept / 1e4:F3} % of 1 ms | 1 % |
                | the store in SQLite, batches of 1,000 | {stored.Rate:F0} records a second, {stored.Bytes:F0} bytes each | |
                """));
            return write <= 50 && bytes == 0 && 1 / seconds >= 1e7 && job <= 1e4 && kept <= 1e4 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    // Nanoseconds a record; the ring is emptied between blocks, outside the clock.
    private static double Write(TelemetryRingBuffer ring, ExecutionRecord record, ref long bytes)
    {
        while (ring.TryRead(out _))
        {
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Block; i++)
        {
            ring.TryWrite(record);
        }

        var took = Stopwatch.GetTimestamp() - start;
        while (ring.TryRead(out _))
        {
        }

        bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
        return took * 1e9 / Stopwatch.Frequency / Block;
    }

    // Seconds a record, from a writer on one core to a reader on another; where the ring is full the writer tries again.
    private static async Task<double> TransferAsync(ExecutionRecord record)
    {
        const int count = 100_000;
        var ring = new TelemetryRingBuffer(Capacity);
        using var ready = new Barrier(2);
        var start = 0L;
        var reader = Task.Factory.StartNew(() =>
        {
            ready.SignalAndWait();
            for (var read = 0; read < count;)
            {
                read += ring.TryRead(out _) ? 1 : 0;
            }

            return Stopwatch.GetTimestamp();
        }, TaskCreationOptions.LongRunning);
        var writer = Task.Factory.StartNew(() =>
        {
            ready.SignalAndWait();
            start = Stopwatch.GetTimestamp();
            for (var written = 0; written < count;)
            {
                written += ring.TryWrite(record) ? 1 : 0;
            }
        }, TaskCreationOptions.LongRunning);
        await writer;
        return Stopwatch.GetElapsedTime(start, await reader).TotalSeconds / count;
    }

    // Nanoseconds a job: what the orchestrator does for telemetry around one, besides making the record.
    private static double Job(ExecutionRecord record, TelemetryRingBuffer ring, OrchestrationMetrics metrics, PerformanceMonitor monitor, RunJournal journal, TelemetryStore? store)
    {
        const int jobs = 2000;
        while (ring.TryRead(out _))
        {
        }

        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < jobs; i++)
        {
            using var activity = OrchestrationMetrics.Activities.StartActivity(TelemetryNames.ExecuteActivity);
            metrics.Decided(record.Strategy, record.BackendId, record.ServiceTime);
            var made = record with { Shots = i };
            journal.Recorded(made);
            metrics.Recorded(made);
            store?.TryWrite(made);
            monitor.Observe(made, new MonitoredState(null, 1L << 30, 0));
            ring.TryWrite(made);
            journal.Finished(true, 0);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / jobs;
    }

    private static async Task<(double Rate, double Bytes)> StoreAsync(string folder, ExecutionRecord record)
    {
        const int count = 50_000;
        var path = Path.Combine(folder, "rate.db");
        await using var store = new TelemetryStore(path, new TelemetryStoreOptions { QueueCapacity = 1 << 16, FlushInterval = TimeSpan.FromHours(1), MaxAge = null });
        for (var i = 0; i < count; i++)
        {
            store.TryWrite(record with { Shots = i });
        }

        var start = Stopwatch.GetTimestamp();
        await store.FlushAsync();
        var took = Stopwatch.GetElapsedTime(start);
        return (count / took.TotalSeconds, (double)new FileInfo(path).Length / count);
    }

    private static ExecutionRecord Record() => new()
    {
        Timestamp = DateTimeOffset.UnixEpoch, BackendId = "state-vector", CostModel = "dense", Strategy = "predictive", Outcome = ExecutionOutcome.Completed,
        Profile = CircuitProfiler.FromValues(10, 20, 100, 0.5, 1 << 14), Shots = 1000, Threads = 2, ServiceTime = TimeSpan.FromMilliseconds(1), PeakMemoryBytes = 1 << 14,
        PredictedSeconds = 0.001, PredictedLowerSeconds = 0.0005, PredictedUpperSeconds = 0.002, ModelVersion = 1,
    };
}

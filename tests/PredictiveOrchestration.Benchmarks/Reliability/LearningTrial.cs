using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>Learning from very many records: time, memory and files; and several processes that learn in one folder, some of them killed.</summary>
internal static class LearningTrial
{
    private static readonly BackendDescriptor Dense = new StateVectorSimulator().Descriptor;

    /// <summary>Runs the trial.</summary>
    /// <param name="args">[--records N=1000000] [--frequency F=100000] [--processes P=4] [--kill].</param>
    /// <returns>0 if every rule held.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var folder = Directory.CreateTempSubdirectory("learning-trial").FullName;
        try
        {
            var records = Number(args, "--records", 1_000_000);
            var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var learned = await LearnAsync(folder, records, 1, Number(args, "--frequency", 100_000));
            GC.Collect();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{learned} records learned in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s ({(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:F1} s of processor time), {GC.GetTotalMemory(true) / 1e6:F0} MB held after, {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:F0} MB at most"));
            foreach (var file in new DirectoryInfo(folder).GetFiles())
            {
                Console.WriteLine($"  {file.Name}: {file.Length} bytes");
            }

            start = Stopwatch.GetTimestamp();
            Kept(folder, out var rows);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"started again in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s with {rows} rows"));
            Directory.Delete(folder, true);

            var processes = Number(args, "--processes", 4);
            var killed = args.Contains("--kill") ? processes / 2 : 0;
            const int each = 1000;
            var children = Enumerable.Range(0, processes).Select(i => Process.Start(ChildProcess.With("learning-child", folder, $"{each}", $"{i}"))!).ToList();
            await Task.Delay(TimeSpan.FromSeconds(3));
            children.Take(killed).ToList().ForEach(c => c.Kill());
            await Task.WhenAll(children.Select(c => c.WaitForExitAsync()));
            Kept(folder, out rows);
            Console.WriteLine($"{processes} processes of {each} runs in one folder, {killed} killed: {rows} runs kept");
            return learned == records && rows >= (processes - killed) * each && rows <= processes * each ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>One of the processes.</summary>
    public static async Task<int> ChildAsync(string[] args)
    {
        var count = int.Parse(args[1], CultureInfo.InvariantCulture);
        return await LearnAsync(args[0], count, int.Parse(args[2], CultureInfo.InvariantCulture), 1_000_000) == count ? 0 : 1;
    }

    private static async Task<long> LearnAsync(string folder, int count, int seed, int frequency)
    {
        var ring = new TelemetryRingBuffer(1 << 14);
        await using var loop = new LearningLoop(ring, new ModelPublisher(new PerformancePredictor(0, [])), [], new LearningOptions { ModelUpdateFrequency = frequency, KeptRows = 100_000 }, folder, NullLogger.Instance);
        loop.Start();
        var random = new SeededRandom((ulong)seed);
        var profiles = Enumerable.Range(0, 60).Select(i => CircuitProfiler.Profile(i % 2 == 0 ? Fourier.Qft(2 + (i / 4)) : RandomFamilies.Random(2 + (i / 4), 1 + (i % 7), (ulong)i))).ToArray();
        for (var i = 0; i < count; i++)
        {
            var profile = profiles[random.Next(profiles.Length)];
            var seconds = 1e-6 * profile.GateCount * Math.Exp(0.2 * random.NextGaussian());
            ring.TryWrite(new ExecutionRecord
            {
                Timestamp = DateTimeOffset.UnixEpoch, BackendId = Dense.Id, CostModel = Dense.CostModel, Strategy = "trial", Outcome = ExecutionOutcome.Completed, Profile = profile,
                Shots = 1 + random.Next(5000), Threads = 1, ServiceTime = TimeSpan.FromSeconds(seconds), PredictedSeconds = seconds, PredictedLowerSeconds = seconds, PredictedUpperSeconds = seconds, ModelVersion = 1,
            });
            if (i % 100 == 99)
            {
                await loop.FlushAsync();
            }
        }

        await loop.FlushAsync();
        return loop.RecordsLearned;
    }

    private static void Kept(string folder, out int rows)
    {
        using var slot = StateSlot.Take(folder, NullLogger.Instance)!;
        new ModelStore(slot, NullLogger.Instance).Load();
        rows = new RowLog(slot, 1, NullLogger.Instance).Load().Count();
    }

    private static int Number(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}

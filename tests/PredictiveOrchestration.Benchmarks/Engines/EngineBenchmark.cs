using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>
/// The table of engine times: best of five runs after one to warm up, CPU time beside wall time, and for state vectors the time of the
/// plain, unblocked path in the same run.
/// </summary>
internal static class EngineBenchmark
{
    /// <summary>Runs the table.</summary>
    /// <param name="args">[--filter TEXT] [--threads N] [--precision double|single] [--repeat N] [--no-plain].</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var filter = Option(args, "--filter") ?? string.Empty;
        var threads = int.Parse(Option(args, "--threads") ?? Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var precision = Enum.Parse<StateVectorPrecision>(Option(args, "--precision") ?? "double", ignoreCase: true);
        var repeat = int.Parse(Option(args, "--repeat") ?? "5", CultureInfo.InvariantCulture);
        var plain = !args.Contains("--no-plain");
        Console.WriteLine($"{threads} thread(s), {precision} precision, best of {repeat}; times in ms");
        Console.WriteLine("| engine | circuit | wall | cpu | target | met | plain path | plain ÷ engine |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var row in EngineTable.Rows.Where(r => $"{r.Engine} {r.Name}".Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            var request = row.Request();
            var backend = Create(row.Engine, threads, precision);
            var (wall, cpu) = await MeasureAsync(repeat, () => backend.ExecuteAsync(request));
            var reference = plain && row is { Engine: "dense", Shots: 0 } && request.Circuit.NumQubits <= 22 ? PlainStateVector.BestMilliseconds(request.Circuit, threads) : double.NaN;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Engine} | {row.Name} | {wall:G4} | {cpu:G4} | {row.TargetMilliseconds} | {(wall <= row.TargetMilliseconds ? "yes" : "no")} | {(double.IsNaN(reference) ? "" : $"{reference:G4}")} | {(double.IsNaN(reference) ? "" : $"{reference / wall:G3}")} |"));
        }

        return 0;
    }

    private static IQuantumBackend Create(string engine, int threads, StateVectorPrecision precision) => engine switch
    {
        "dense" => new StateVectorSimulator(new StateVectorOptions { MaxThreads = threads, Precision = precision }),
        _ => throw new ArgumentException($"There is no engine '{engine}'.", nameof(engine)),
    };

    private static async Task<(double Wall, double Cpu)> MeasureAsync(int repeat, Func<Task<ExecutionResult>> run)
    {
        // Short runs are measured in batches, so that the clocks' resolution does not matter.
        await run();
        var start = Stopwatch.GetTimestamp();
        await run();
        var once = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var batch = once < 20 ? (int)Math.Clamp(100 / once, 1, 20_000) : 1;
        double wall = double.PositiveInfinity, cpu = double.PositiveInfinity;
        using var process = Process.GetCurrentProcess();
        for (var i = 0; i < repeat; i++)
        {
            var cpuStart = process.TotalProcessorTime;
            start = Stopwatch.GetTimestamp();
            for (var k = 0; k < batch; k++)
            {
                await run();
            }

            wall = Math.Min(wall, Stopwatch.GetElapsedTime(start).TotalMilliseconds / batch);
            process.Refresh();
            cpu = Math.Min(cpu, (process.TotalProcessorTime - cpuStart).TotalMilliseconds / batch);
        }

        return (wall, cpu);
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}

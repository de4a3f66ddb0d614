using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>
/// The table of engine times: best of five runs after one to warm up, CPU time beside wall time, and for state vectors the time of the
/// plain, unblocked path in the same run. Rows of the GPU run on the processor through OpenCL where there is no GPU, beside the dense engine;
/// then come batches. With <c>--scaling</c> each row is also run with one thread, and the ratio given.
/// </summary>
internal static class EngineBenchmark
{
    /// <summary>Runs the table.</summary>
    /// <param name="args">[--filter TEXT] [--threads N] [--precision double|single] [--repeat N] [--no-plain] [--scaling].</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var filter = Option(args, "--filter") ?? string.Empty;
        var threads = int.Parse(Option(args, "--threads") ?? Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var precision = Enum.Parse<StateVectorPrecision>(Option(args, "--precision") ?? "double", ignoreCase: true);
        var repeat = int.Parse(Option(args, "--repeat") ?? "5", CultureInfo.InvariantCulture);
        var plain = !args.Contains("--no-plain");
        Console.WriteLine($"{threads} thread(s), {precision} precision, best of {repeat}; times in ms");
        var scaling = args.Contains("--scaling");
        Console.WriteLine("| engine | circuit | wall | cpu | target | met | plain path, or dense engine | it ÷ engine | one thread ÷ all |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var row in EngineTable.Rows.Where(r => $"{r.Engine} {r.Name}".Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            if (row.Engine == "gpu" && Gpu(precision).UnavailableReason is { } reason)
            {
                Console.WriteLine($"| gpu | {row.Name} | not run: {reason} | | | | | | |");
                continue;
            }

            var (wall, cpu) = await MeasureAsync(repeat, row, Create(row.Engine, threads, precision));
            var single = scaling ? (await MeasureAsync(repeat, row, Create(row.Engine, 1, precision))).Wall : double.NaN;
            var target = row.Engine == "dense" && precision == StateVectorPrecision.Single ? row.SingleTargetMilliseconds : row.TargetMilliseconds;
            var reference = plain && row is { Engine: "dense", Shots: 0 } && row.Circuit() is { NumQubits: <= 22 } circuit ? PlainStateVector.BestMilliseconds(circuit, threads)
                : row.Engine == "gpu" ? (await MeasureAsync(repeat, row, Create("dense", threads, precision))).Wall : double.NaN;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Engine} | {row.Name} | {wall:G4} | {cpu:G4} | {Cell(target, "G4")} | {(double.IsNaN(target) ? "" : wall <= target ? "yes" : "no")} | {Cell(reference, "G4")} | {Cell(reference / wall, "G3")} | {Cell(single / wall, "G3")} |"));
        }

        if ("gpu batch".Contains(filter, StringComparison.OrdinalIgnoreCase) && Gpu(precision) is { UnavailableReason: null } gpu)
        {
            await MeasureBatchAsync(repeat, gpu);
        }

        if (scaling)
        {
            MemoryPass.Print(threads);
        }

        return 0;
    }

    // What a circuit takes in a batch, and alone.
    private static async Task MeasureBatchAsync(int repeat, GpuStateVectorSimulator gpu)
    {
        const int circuits = 512;
        Console.WriteLine($"device: {gpu.DeviceName}");
        foreach (var n in new[] { 4, 8 })
        {
            ExecutionRequest[] requests = [.. Enumerable.Range(0, circuits).Select(i => new ExecutionRequest { Circuit = RandomFamilies.Random(n, 10, (ulong)i), Shots = 100 })];
            double together = double.PositiveInfinity, alone = double.PositiveInfinity;
            for (var i = 0; i <= repeat; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await gpu.ExecuteBatchAsync(requests);
                together = Math.Min(together, Stopwatch.GetElapsedTime(start).TotalMicroseconds / circuits);
                start = Stopwatch.GetTimestamp();
                foreach (var request in requests)
                {
                    await gpu.ExecuteAsync(request);
                }

                alone = Math.Min(alone, Stopwatch.GetElapsedTime(start).TotalMicroseconds / circuits);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{circuits} circuits of {n} qubits, depth 10, 100 shots: {together:G3} µs each in a batch, {alone:G3} µs alone, ratio {alone / together:G3}"));
        }
    }

    private static GpuStateVectorSimulator Gpu(StateVectorPrecision precision) =>
        new(new GpuStateVectorOptions { AllowCpuOpenCl = true, Precision = precision == StateVectorPrecision.Double ? GpuPrecision.Double : GpuPrecision.Single });

    private static IQuantumBackend Create(string engine, int threads, StateVectorPrecision precision) => engine switch
    {
        "dense" => new StateVectorSimulator(new StateVectorOptions { MaxThreads = threads, Precision = precision }),
        "gpu" => Gpu(precision),
        "sparse" => new SparseStateSimulator(),
        "mps" => new MatrixProductStateSimulator(new MatrixProductStateOptions { Truncation = new TruncationPolicy { MaxBondDimension = 64, RequireExact = false } }),
        "stabilizer" => new StabilizerSimulator(),
        _ => throw new ArgumentException($"There is no engine '{engine}'.", nameof(engine)),
    };

    private static string Cell(double value, string format) => double.IsNaN(value) ? string.Empty : value.ToString(format, CultureInfo.InvariantCulture);

    private static async Task<(double Wall, double Cpu)> MeasureAsync(int repeat, EngineRow row, IQuantumBackend backend)
    {
        // Short runs are measured in batches, so that the clocks' resolution does not matter.
        // The first runs are slow until the code is compiled anew with what they showed.
        var request = row.Request();
        await backend.ExecuteAsync(request);
        var start = Stopwatch.GetTimestamp();
        do
        {
            await backend.ExecuteAsync(row.Measure == EngineMeasure.FreshCircuit ? row.Request() : request);
        }
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < 1000);

        start = Stopwatch.GetTimestamp();
        await backend.ExecuteAsync(request);
        var once = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var batch = row.Measure == EngineMeasure.Sampling || once >= 20 ? 1 : (int)Math.Clamp(100 / once, 1, row.Measure == EngineMeasure.FreshCircuit ? 1000 : 20_000);
        var requests = new ExecutionRequest[batch];
        double wall = double.PositiveInfinity, cpu = double.PositiveInfinity;
        using var process = Process.GetCurrentProcess();
        for (var i = 0; i < repeat; i++)
        {
            for (var k = 0; k < batch; k++)
            {
                requests[k] = row.Measure == EngineMeasure.FreshCircuit ? row.Request() : request;
            }

            process.Refresh();
            var cpuStart = process.TotalProcessorTime;
            start = Stopwatch.GetTimestamp();
            ExecutionResult? result = null;
            foreach (var each in requests)
            {
                result = await backend.ExecuteAsync(each);
            }

            var elapsed = row.Measure == EngineMeasure.Sampling ? result!.Timings.Sample.TotalMilliseconds : Stopwatch.GetElapsedTime(start).TotalMilliseconds / batch;
            wall = Math.Min(wall, elapsed);
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

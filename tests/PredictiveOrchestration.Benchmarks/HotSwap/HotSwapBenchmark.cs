using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>
/// What hot swaps give: for each circuit all engines alone, the best single swap found by trying (hindsight), the orchestrator with swaps and without, interleaved in one
/// run, best of N each.
/// </summary>
internal static class HotSwapBenchmark
{
    private const int Places = 10;
    private const double GiveUp = 8;

    /// <summary>Runs the table.</summary>
    /// <param name="args">[--filter TEXT] [--corpus FOLDER] [--repeat N] [--explain].</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var filter = Option(args, "--filter") ?? string.Empty;
        var repeat = int.Parse(Option(args, "--repeat") ?? "3", CultureInfo.InvariantCulture);
        ISegmentedBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator(), new StabilizerSimulator()];
        await using var swapping = await StartAsync(new SwapPolicy());
        await using var plain = await StartAsync(new SwapPolicy { Enabled = false });
        var rows = new List<Row>();
        Console.WriteLine("| circuit | best alone | ms | best single swap | ms | without swap, ms | ours, ms | swaps |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var (name, circuit) in HotSwapCircuits.All(Option(args, "--corpus")).Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            var request = new ExecutionRequest { Circuit = circuit, Shots = 100 };
            var row = await MeasureAsync(name, request, engines, swapping, plain, repeat);
            rows.Add(row);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {row.AloneName} | {1e3 * row.Alone:G4} | {row.OracleName} | {1e3 * row.Oracle:G4} | {1e3 * row.Plain:G4} | {1e3 * row.Ours:G4} | {row.Swaps} |"));
            if (args.Contains("--explain"))
            {
                Console.WriteLine(row.Detail);
            }
        }

        Summarise(rows);
        return 0;
    }

    private static async Task<Row> MeasureAsync(
        string name, ExecutionRequest request, ISegmentedBackend[] engines, PredictiveOrchestrator swapping, PredictiveOrchestrator plain, int repeat)
    {
        double alone = double.PositiveInfinity, oracle = double.PositiveInfinity;
        string aloneName = "", oracleName = "";
        foreach (var engine in engines)
        {
            var seconds = await BestAsync(repeat, () => SingleAsync(engine, request, GiveUp * alone));
            if (seconds < alone)
            {
                (alone, aloneName) = (seconds, engine.Descriptor.Id);
            }
        }

        (oracle, oracleName) = (alone, "none");
        var last = request.Circuit.UnitaryEnd(0);
        foreach (var from in engines)
        {
            foreach (var to in engines.Where(e => e != from && !e.Descriptor.Capabilities.CliffordOnly))
            {
                foreach (var at in PlacesOf(request.Circuit, last))
                {
                    var seconds = await BestAsync(2, () => SwapAsync(from, to, at, request, 1.5 * alone));
                    if (seconds < oracle)
                    {
                        (oracle, oracleName) = (seconds, $"{from.Descriptor.Id} → {to.Descriptor.Id} at {at}");
                    }
                }
            }
        }

        double ours = double.PositiveInfinity, without = double.PositiveInfinity;
        string swaps = string.Empty, detail = string.Empty;
        for (var i = 0; i <= repeat; i++)
        {
            var orchestration = new OrchestrationRequest { Shots = request.Shots };
            var start = Stopwatch.GetTimestamp();
            var result = await swapping.ExecuteAsync(request.Circuit, orchestration);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds - result.DecisionTime.TotalSeconds;
            if (seconds < ours)
            {
                detail = string.Join("\n", result.Attempts.Select(a => string.Create(CultureInfo.InvariantCulture, $"  {a.BackendId} {1e3 * a.Elapsed.TotalSeconds:G4} ms {(a.IsPartial ? "part" : "whole")} {a.Error?.Message}")))
                    + "\n" + string.Join("\n", result.SwapEvents.Select(e => $"  {e}")) + "\n" + result.Decision.Explain();
                ours = seconds;
                swaps = string.Join(", ", result.SwapEvents.Select(s => $"{s.From} → {s.To} at {s.OperationIndex}"));
            }

            start = Stopwatch.GetTimestamp();
            result = await plain.ExecuteAsync(request.Circuit, orchestration);
            without = Math.Min(without, Stopwatch.GetElapsedTime(start).TotalSeconds - result.DecisionTime.TotalSeconds);
        }

        return new Row(name, alone, aloneName, oracle, oracleName, without, ours, swaps, detail);
    }

    // Where the support bound or the kind of gate changes is where swaps are worth trying; evenly spread places besides.
    private static IEnumerable<int> PlacesOf(Circuit circuit, int last)
    {
        var trajectory = Profiling.CircuitProfiler.Profile(circuit).Features!;
        var support = trajectory.SupportTrajectory.ToArray();
        var changes = Enumerable.Range(1, Math.Max(0, last - 1)).Where(i => support[i] != support[i - 1]).ToArray();
        var spread = Enumerable.Range(1, Places - 1).Select(k => (int)((long)last * k / Places));
        var some = changes.Length <= 8 ? changes : [.. Enumerable.Range(0, 8).Select(k => changes[(changes.Length - 1) * k / 7])];
        return some.Concat(spread).Append(trajectory.CliffordPrefixLength).Where(i => i > 0 && i < last).Distinct().Order();
    }

    private static async Task<double> SingleAsync(ISegmentedBackend engine, ExecutionRequest request, double limit)
    {
        var start = Stopwatch.GetTimestamp();
        await engine.ExecuteAsync(Limited(request, limit));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> SwapAsync(ISegmentedBackend from, ISegmentedBackend to, int at, ExecutionRequest request, double limit)
    {
        var start = Stopwatch.GetTimestamp();
        StateSnapshot snapshot;
        using (var first = await from.OpenAsync(Limited(request, limit), null))
        {
            first.Advance(at);
            snapshot = first.TakeSnapshot(compact: true);
        }

        using var second = await to.OpenAsync(Limited(request, limit), snapshot);
        second.Finish();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static ExecutionRequest Limited(ExecutionRequest request, double seconds) =>
        double.IsFinite(seconds) ? request with { Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(Math.Max(0.01, seconds)) } } : request;

    private static async Task<double> BestAsync(int repeat, Func<Task<double>> run)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < repeat; i++)
        {
            try
            {
                best = Math.Min(best, await run());
            }
            catch (BackendException)
            {
                return best;
            }
        }

        return best;
    }

    private static async Task<PredictiveOrchestrator> StartAsync(SwapPolicy policy)
    {
        var orchestrator = new PredictiveOrchestratorBuilder().Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.Swap, o.RoutingStrategy) = (string.Empty, false, policy, RoutingStrategy.PerformanceOptimized);
        }).Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }

    private static void Summarise(List<Row> rows)
    {
        var gainful = rows.Where(r => r.Alone > 2e-3 && r.Alone / r.Oracle > 1.1).ToList();
        var possible = gainful.Sum(r => r.Alone - r.Oracle);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{rows.Count} circuits; of {gainful.Count} above 2 ms on which a swap gains more than 10 %: realised {gainful.Sum(r => r.Alone - r.Ours) / possible:P0} of the hindsight gain over the best engine alone; geometric mean {Geometric(gainful.Select(r => r.Alone / r.Ours)):F2}x, hindsight {Geometric(gainful.Select(r => r.Alone / r.Oracle)):F2}x"));
        var slower = rows.Count(r => r.Ours > 1.05 * r.Plain);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"more than 5 % slower than without swaps: {slower} of {rows.Count}; of those above 2 ms {rows.Count(r => r.Plain > 2e-3 && r.Ours > 1.05 * r.Plain)} of {rows.Count(r => r.Plain > 2e-3)}; geometric mean over all without swap ÷ ours {Geometric(rows.Select(r => r.Plain / r.Ours)):F2}x"));
    }

    private static double Geometric(IEnumerable<double> values) => Math.Exp(values.Select(v => Math.Log(v)).DefaultIfEmpty(0).Average());

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }

    private sealed record Row(string Name, double Alone, string AloneName, double Oracle, string OracleName, double Plain, double Ours, string Swaps, string Detail);
}

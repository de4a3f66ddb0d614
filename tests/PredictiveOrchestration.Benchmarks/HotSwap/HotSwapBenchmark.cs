using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>
/// What hot swaps give: for each circuit all engines alone, the best single swap found by trying (hindsight), and in turn the orchestrator with swaps, twice without, and the best
/// engine alone. Both orchestrators have the same calibration, so "without" is what the router itself would choose; "again" against "without" says what chance does.
/// </summary>
internal static class HotSwapBenchmark
{
    private const int Places = 10;
    private const double GiveUp = 8;

    // Longer circuits are not measured; the search for the best single swap ends after this.
    private const double MostSeconds = 2, MostSearchSeconds = 6;

    // Turns go on until no two of the three differ by more than Settled, or as long as asked, and so many times as long while a difference would count, whichever of the three it is.
    private const double Settled = 0.02, Slower = 1.05, Patience = 6;
    private const int MostRounds = 4000;

    // Below this the best single swap is not searched for: it is not asked about.
    private const double LeastSearched = 1e-3;
    private const long MostBytes = 2L << 30;

    /// <summary>Runs the table.</summary>
    /// <param name="args">[--filter TEXT] [--corpus FOLDER] [--repeat N] [--turns S: the most seconds for a circuit's turns] [--explain] [--rows FILE: rows in it are not measured again] [--seconds S: stop after it]
    /// [--calibration FOLDER: one to go by, or to leave there for another run].</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var filter = Option(args, "--filter") ?? string.Empty;
        var repeat = int.Parse(Option(args, "--repeat") ?? "3", CultureInfo.InvariantCulture);
        var most = double.Parse(Option(args, "--turns") ?? "1.5", CultureInfo.InvariantCulture);
        var seconds = double.Parse(Option(args, "--seconds") ?? "1e9", CultureInfo.InvariantCulture);
        var begin = Stopwatch.GetTimestamp();
        var file = Option(args, "--rows");
        var rows = file is not null && File.Exists(file) ? (await File.ReadAllLinesAsync(file)).Select(l => JsonSerializer.Deserialize<Row>(l)!).ToList() : [];
        ISegmentedBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator(), new StabilizerSimulator()];
        var kept = Option(args, "--calibration");
        var calibration = kept is null ? Directory.CreateTempSubdirectory("hotswap-") : Directory.CreateDirectory(kept);
        await using var plain = await StartAsync(new SwapPolicy { Enabled = false }, calibration.FullName);
        await using var swapping = await StartAsync(new SwapPolicy(), calibration.FullName);
        Console.WriteLine("| circuit | best alone | ms | best single swap | ms | without swap | ms | again | ours, ms | swaps |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        var known = rows.Select(r => r.Name).ToHashSet();
        foreach (var (name, circuit) in HotSwapCircuits.All(Option(args, "--corpus")).Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase) && !known.Contains(c.Name)))
        {
            if (Stopwatch.GetElapsedTime(begin).TotalSeconds > seconds)
            {
                Console.WriteLine("Time is up; more circuits are left.");
                break;
            }

            var request = new ExecutionRequest { Circuit = circuit, Shots = 100, Limits = new ExecutionLimits { MemoryBytes = MostBytes } };
            var row = await MeasureAsync(name, request, engines, swapping, plain, repeat, most);
            rows.Add(row);
            if (file is not null)
            {
                await File.AppendAllTextAsync(file, JsonSerializer.Serialize(row) + "\n");
            }

            if (row.Why.Length == 0)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {row.AloneName} | {1e3 * row.Alone:G4} | {row.OracleName} | {1e3 * row.Oracle:G4} | {row.PlainName} | {1e3 * row.Plain:G4} | {1e3 * row.PlainAgain:G4} | {1e3 * row.Ours:G4} | {row.Swaps} |"));
            }

            if (args.Contains("--explain"))
            {
                Console.WriteLine(row.Detail);
            }
        }

        if (kept is null)
        {
            calibration.Delete(true);
        }

        Summarise(rows);
        return 0;
    }

    private static async Task<Row> MeasureAsync(
        string name, ExecutionRequest request, ISegmentedBackend[] engines, PredictiveOrchestrator swapping, PredictiveOrchestrator plain, int repeat, double mostSeconds)
    {
        double alone = double.PositiveInfinity, oracle = double.PositiveInfinity;
        string aloneName = "", oracleName = "";
        foreach (var engine in engines)
        {
            var seconds = await BestAsync(repeat, () => SingleAsync(engine, request, Math.Min(MostSeconds, GiveUp * alone)));
            if (seconds < alone)
            {
                (alone, aloneName) = (seconds, engine.Descriptor.Id);
            }
        }

        if (!double.IsFinite(alone))
        {
            return new Row(name, 0, "", 0, "", 0, 0, 0, "", "", $"no engine alone took less than {MostSeconds} s");
        }

        (oracle, oracleName) = (alone, "none");
        var last = request.Circuit.UnitaryEnd(0);
        var begin = Stopwatch.GetTimestamp();
        foreach (var (from, to) in alone < LeastSearched ? [] : engines.SelectMany(f => engines.Where(t => t != f && !t.Descriptor.Capabilities.CliffordOnly).Select(t => (f, t))))
        {
            foreach (var at in PlacesOf(request.Circuit, last).TakeWhile(_ => Stopwatch.GetElapsedTime(begin).TotalSeconds < MostSearchSeconds))
            {
                var seconds = await BestAsync(2, () => SwapAsync(from, to, at, request, 1.5 * alone));
                if (seconds < oracle)
                {
                    (oracle, oracleName) = (seconds, $"{from.Descriptor.Id} → {to.Descriptor.Id} at {at}");
                }
            }
        }

        // In turn, each time in another order: with swaps, twice without, and the best engine by itself.
        var best = new[] { double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity, alone };
        string swaps = string.Empty, detail = string.Empty, plainName = string.Empty;
        var single = Array.Find(engines, e => e.Descriptor.Id == aloneName)!;
        begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < 4 * repeat || (Stopwatch.GetElapsedTime(begin).TotalSeconds < mostSeconds * (IsWithin(best, Slower) ? 1 : Patience) && i < 4 * MostRounds && !IsSettled(best)); i++)
        {
            var which = (i + i / 4) % 4;
            if (which == 3)
            {
                best[3] = Math.Min(best[3], await SingleAsync(single, request, 5 * MostSeconds));
                continue;
            }

            try
            {
                var start = Stopwatch.GetTimestamp();
                var result = await (which == 0 ? swapping : plain).ExecuteAsync(request.Circuit, new OrchestrationRequest { Shots = request.Shots, Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(5 * MostSeconds), MemoryBytes = MostBytes } });
                var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds - result.DecisionTime.TotalSeconds;
                if (which == 0 && seconds < best[0])
                {
                    detail = string.Join("\n", result.Attempts.Select(a => string.Create(CultureInfo.InvariantCulture, $"  {a.BackendId} {1e3 * a.Elapsed.TotalSeconds:G4} ms {(a.IsPartial ? "part" : "whole")} {a.Error?.Message}")))
                        + "\n" + string.Join("\n", result.SwapEvents.Select(e => $"  {e}")) + "\n" + result.Decision.Explain();
                    swaps = string.Join(", ", result.SwapEvents.Select(s => $"{s.From} → {s.To} at {s.OperationIndex}"));
                }

                plainName = which == 0 ? plainName : result.ActualBackend;
                best[which] = Math.Min(best[which], seconds);
            }
            catch (Exception exception) when (exception is BackendException or PredictiveOrchestration.Routing.NoFeasibleBackendException)
            {
                return new Row(name, alone, aloneName, oracle, oracleName, 0, 0, 0, "", "", exception.Message);
            }
        }

        return new Row(name, best[3], aloneName, Math.Min(oracle, best[3]), oracleName, best[1], best[2], best[0], swaps, detail, "") { PlainName = plainName };
    }

    private static bool IsSettled(double[] best) =>
        IsWithin(best, 1 + Settled) || (double.IsFinite(best[1]) && Math.Abs(Math.Log(best[1] / best[2])) < Settled && best[0] < best[1] / Slower);

    // Whether no two of the three differ by more than a factor.
    private static bool IsWithin(double[] best, double factor) =>
        Math.Max(best[0], Math.Max(best[1], best[2])) is var most && double.IsFinite(most) && most <= factor * Math.Min(best[0], Math.Min(best[1], best[2]));

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
        request with { Limits = request.Limits with { Time = TimeSpan.FromSeconds(Math.Clamp(seconds, 0.01, 1e6)) } };

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

    private static async Task<PredictiveOrchestrator> StartAsync(SwapPolicy policy, string directory)
    {
        var orchestrator = new PredictiveOrchestratorBuilder().Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.Swap, o.RoutingStrategy) = (directory, false, policy, RoutingStrategy.PerformanceOptimized);
        }).Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }

    private static void Summarise(List<Row> all)
    {
        var rows = all.Where(r => r.Why.Length == 0).ToList();
        foreach (var row in all.Where(r => r.Why.Length > 0))
        {
            Console.WriteLine($"not measured: {row.Name}: {row.Why}");
        }

        var gainful = rows.Where(r => r.Alone > 2e-3 && r.Alone / r.Oracle > 1.1).ToList();
        var possible = gainful.Sum(r => r.Alone - r.Oracle);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{rows.Count} circuits; of {gainful.Count} above 2 ms on which a single swap gains more than 10 %: realised {gainful.Sum(r => r.Alone - r.Ours) / possible:P0} of the hindsight gain over the best engine alone; geometric mean {Geometric(gainful.Select(r => r.Alone / r.Ours)):F2}x, hindsight {Geometric(gainful.Select(r => r.Alone / r.Oracle)):F2}x; against the engine chosen, without swaps, {Geometric(gainful.Select(r => r.Plain / r.Ours)):F2}x"));
        foreach (var (what, some) in new[] { ("all", rows), ("above 2 ms", rows.Where(r => Math.Min(r.Plain, r.PlainAgain) > 2e-3).ToList()), ("swapped", rows.Where(r => r.Swaps.Length > 0).ToList()) })
        {
            // Chance has two ways to be slower, ours one: half of them is the floor.
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: more than 5 % slower than both runs without swaps: {some.Count(r => r.Ours > Slower * Math.Max(r.Plain, r.PlainAgain))} of {some.Count}, than their mean: {some.Count(IsSlower)}; floor (without against without): {some.Count(r => Math.Abs(Math.Log(r.Plain / r.PlainAgain)) > Math.Log(Slower)) / 2.0:F1}; geometric mean without ÷ ours {Geometric(some.Select(r => r.Plain / r.Ours)):F2}x; best engine alone ÷ ours {Geometric(some.Select(r => r.Alone / r.Ours)):F2}x, more than 5 % slower than it: {some.Count(r => r.Ours > Slower * r.Alone)}, without swaps: {some.Count(r => r.Plain > Slower * r.Alone)}"));
        }

        foreach (var row in rows.Where(IsSlower))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  slower: {row.Name}: {1e3 * row.Ours:G4} ms, without ({row.PlainName}) {1e3 * row.Plain:G4} and {1e3 * row.PlainAgain:G4}; {row.Swaps}"));
        }
    }

    private static bool IsSlower(Row row) => row.Ours > Slower * Math.Sqrt(row.Plain * row.PlainAgain);

    private static double Geometric(IEnumerable<double> values) => Math.Exp(values.Select(v => Math.Log(v)).DefaultIfEmpty(0).Average());

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }

    private sealed record Row(string Name, double Alone, string AloneName, double Oracle, string OracleName, double Plain, double PlainAgain, double Ours, string Swaps, string Detail, string Why)
    {
        public string PlainName { get; init; } = string.Empty;
    }
}

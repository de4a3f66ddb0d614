using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>What parts of circuits take on each engine against what hot-swap plans reckon with: the same parts, run in a session, the least of several times.</summary>
internal static class PartsBenchmark
{
    private const int Parts = 4;
    private const double MostSeconds = 1, LeastSeconds = 1e-4;

    /// <summary>Runs the table.</summary>
    /// <param name="args">[--filter TEXT] [--corpus FOLDER] [--rounds N] [--all: each part].</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var filter = Option(args, "--filter") ?? string.Empty;
        var rounds = int.Parse(Option(args, "--rounds") ?? "7", CultureInfo.InvariantCulture);
        ISegmentedBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator(), new StabilizerSimulator()];
        var rows = await new CalibrationRunner(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).RunAsync(engines, TimeSpan.FromSeconds(3), CancellationToken.None);
        var model = new PerformancePredictor(1, ModelBuilder.Calibrated(rows));
        var shape = new JobShape(100, Environment.ProcessorCount, 0, 0);
        var errors = new Dictionary<(string Engine, string What), List<double>>();
        foreach (var (name, circuit) in HotSwapCircuits.All(Option(args, "--corpus")).Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            var profile = CircuitProfiler.Profile(circuit);
            BackendPrediction?[] predictions = [.. engines.Select(e => e.Descriptor.Capabilities.CliffordOnly || circuit.NumQubits > e.Descriptor.Capabilities.MaxQubits ? null : model.Predict(e.Descriptor, profile, shape))];
            profile = WorkForecasts.Add(circuit, profile, engines, predictions);
            var trajectory = new WorkTrajectory(circuit);
            var costs = new SegmentCostModel(model, profile, shape, trajectory.Fused);
            var planner = new HotSwapPlanner(trajectory, circuit.NumQubits, costs, new ConversionCosts(TimeProvider.System), engines, 4e9, 1);
            if (trajectory.UnitaryEnd < Parts)
            {
                continue;
            }

            int[] at = [.. Enumerable.Range(0, Parts + 1).Select(k => (int)((long)k * trajectory.UnitaryEnd / Parts)).Append(profile.Features!.CliffordPrefixLength).Where(p => p <= trajectory.UnitaryEnd).Distinct().Order()];
            for (var e = 0; e < engines.Length; e++)
            {
                if (predictions[e] is not { } prediction || prediction.Seconds.Median > 20 * MostSeconds)
                {
                    continue;
                }

                var seconds = await TimesAsync(engines[e], circuit, at, rounds);
                if (seconds is null)
                {
                    continue;
                }

                var planned = profile.PlannedFor(engines[e].Descriptor.CostModel) is null ? "not planned" : "planned";
                var whole = planner.Seconds(e, 0, at[^1], StateOutlook.AtStart);
                Note(engines[e].Descriptor.Id, $"whole, {planned}", Math.Log(seconds.Sum() / whole));
                var line = string.Create(CultureInfo.InvariantCulture, $"{name}, {engines[e].Descriptor.Id} ({planned}): {1e3 * whole:G3} → {1e3 * seconds.Sum():G3} ms;");
                for (var p = 0; p < at.Length - 1; p++)
                {
                    var outlook = new StateOutlook(at[p], trajectory.Support[at[p]], 1);
                    var predicted = planner.Seconds(e, at[p], at[p + 1], outlook);
                    line += string.Create(CultureInfo.InvariantCulture, $" {at[p + 1]}: {1e3 * predicted:G3} → {1e3 * seconds[p]:G3}");
                    if (seconds[p] > LeastSeconds || predicted > LeastSeconds)
                    {
                        Note(engines[e].Descriptor.Id, $"part, {planned}", Math.Log(Math.Max(1e-6, seconds[p]) / Math.Max(1e-6, predicted)));
                    }
                }

                if (args.Contains("--all"))
                {
                    Console.WriteLine(line);
                }
            }
        }

        Console.WriteLine("\n| engine | what | number | measured ÷ predicted, median | 5 % | 25 % | 75 % | 95 % |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var ((engine, what), list) in errors.OrderBy(e => e.Key))
        {
            list.Sort();
            string At(double level) => Math.Exp(list[(int)Math.Clamp(Math.Round(level * (list.Count - 1)), 0, list.Count - 1)]).ToString("G3", CultureInfo.InvariantCulture);
            Console.WriteLine($"| {engine} | {what} | {list.Count} | {At(0.5)} | {At(0.05)} | {At(0.25)} | {At(0.75)} | {At(0.95)} |");
        }

        return 0;

        void Note(string engine, string what, double error)
        {
            if (!errors.TryGetValue((engine, what), out var list))
            {
                errors.Add((engine, what), list = []);
            }

            list.Add(error);
        }
    }

    private static async Task<double[]?> TimesAsync(ISegmentedBackend engine, Circuits.Circuit circuit, int[] at, int rounds)
    {
        var best = Enumerable.Repeat(double.PositiveInfinity, at.Length - 1).ToArray();
        var request = new ExecutionRequest { Circuit = circuit, Shots = 100, Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(MostSeconds), MemoryBytes = 2L << 30 } };
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                using var session = await engine.OpenAsync(request, null);
                for (var p = 0; p < best.Length; p++)
                {
                    var start = Stopwatch.GetTimestamp();
                    session.Advance(at[p + 1]);
                    session.Observe();
                    best[p] = Math.Min(best[p], Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
            }
        }
        catch (BackendException)
        {
            return null;
        }

        return best;
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}

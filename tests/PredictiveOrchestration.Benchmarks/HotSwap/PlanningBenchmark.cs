using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>What planning takes: the trajectory of a circuit, the first plan, and a plan anew in the middle, against the predicted time of the run.</summary>
internal static class PlanningBenchmark
{
    private const int Rounds = 200;

    /// <summary>Runs the table.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        ISegmentedBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator(), new StabilizerSimulator()];
        var rows = await new CalibrationRunner(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).RunAsync(engines, TimeSpan.FromSeconds(3), CancellationToken.None);
        var model = new PerformancePredictor(1, ModelBuilder.Calibrated(rows));
        var conversions = new ConversionCosts(TimeProvider.System);
        Console.WriteLine("| circuit | gates | trajectory, µs | first plan, µs | both | plan anew, µs | predicted run, ms | share |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        var worst = 0.0;
        var all = Circuits().ToList();

        // Twice: the first time is the compiler's.
        for (var i = 0; i < 2 * all.Count; i++)
        {
            var (name, circuit) = all[i % all.Count];
            var profile = CircuitProfiler.Profile(circuit);
            var shape = new JobShape(1000, 2, 0, 0);
            var alone = engines.Min(e => e.Descriptor.Capabilities.CliffordOnly ? double.PositiveInfinity : model.Predict(e.Descriptor, profile, shape).Seconds.Median);
            double trajectory = double.PositiveInfinity, first = double.PositiveInfinity, again = double.PositiveInfinity;
            for (var round = 0; round < Rounds; round++)
            {
                var start = Stopwatch.GetTimestamp();
                var work = new WorkTrajectory(circuit, profile.Features);
                trajectory = Math.Min(trajectory, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                start = Stopwatch.GetTimestamp();
                var planner = new HotSwapPlanner(work, profile.NumQubits, new SegmentCostModel(model, profile, shape, work.Fused), conversions, engines, 8e9, 1);
                planner.Plan(StateOutlook.AtStart, stay: 0);
                first = Math.Min(first, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                start = Stopwatch.GetTimestamp();
                planner.Plan(planner.Walk.Outlook(work.UnitaryEnd / 2, 4), 0);
                again = Math.Min(again, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }

            if (i < all.Count)
            {
                continue;
            }

            var share = (trajectory + first) * 1e-6 / alone;
            worst = circuit.Operations.Length is > 900 and < 1100 ? Math.Max(worst, trajectory + first) : worst;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {circuit.Operations.Length} | {trajectory:F0} | {first:F0} | {trajectory + first:F0} | {again:F0} | {1e3 * alone:G3} | {share:P2} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nbest of {Rounds}; the worst of about 1,000 gates: {worst:F0} µs (target 1,000)"));
        return 0;
    }

    private static IEnumerable<(string Name, Circuit Circuit)> Circuits()
    {
        yield return ("random 20", RandomFamilies.Random(20, 33));
        yield return ("clifford 20", RandomFamilies.RandomClifford(20, 1000));
        yield return ("qft 20", Fourier.Qft(20));
        yield return ("adder 40", Adders.Cuccaro(19));
        var swaps = HotSwapCircuits.All(null).ToDictionary(c => c.Name, c => c.Circuit);
        foreach (var name in new[] { "sparse arithmetic, then random layers, 16", "ghz, phases, then random layers, 16", "clifford prefix and t layers, 18", "sparse arithmetic, then random layers, 20" })
        {
            yield return (name, swaps[name]);
        }

        yield return ("random 20, long", RandomFamilies.Random(20, 660));
    }
}

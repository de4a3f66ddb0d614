using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>What the optimizer gains: gates, gates on several qubits, predicted and actual time, on circuits of the library or of a folder.</summary>
internal static class OptimizerBenchmark
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Contains("--passes"))
        {
            PassBenchmark.Run();
            return 0;
        }

        string? Value(string name) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;
        var budget = TimeSpan.FromSeconds(double.Parse(Value("--seconds") ?? "50", CultureInfo.InvariantCulture));
        var start = TimeProvider.System.GetTimestamp();
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => { o.StateDirectory = string.Empty; o.Learning = false; }).Build();
        await orchestrator.StartAsync();
        Console.WriteLine("| circuit | gates | on several qubits | predicted ms | actual ms | looked ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var gains = new List<(double Gates, double Several, double Predicted, double Actual)>();
        foreach (var (name, circuit) in Value("--corpus") is { } folder ? Corpus(folder) : Library())
        {
            if (TimeProvider.System.GetElapsedTime(start) > budget)
            {
                Console.WriteLine("(stopped: the time is up)");
                break;
            }

            double Predict(Circuit c)
            {
                try
                {
                    return orchestrator.GetRoutingRecommendation(c, new OrchestrationRequest { Shots = 1000 }).ExpectedPerformance.Seconds.Median;
                }
                catch (NoFeasibleBackendException)
                {
                    return double.PositiveInfinity;
                }
            }

            if (!(Predict(circuit) < 1))
            {
                continue;
            }

            var result = new CircuitOptimizer().Optimize(new OptimizationRequest { Circuit = circuit, PredictSeconds = Predict, ConfirmSeconds = orchestrator.PlannedSecondsOf(new OrchestrationRequest { Shots = 1000 }), TimeLimit = TimeSpan.FromSeconds(2) });
            var (before, after) = await TimesAsync(orchestrator, circuit, result.Circuit);
            gains.Add((Ratio(result.GatesAfter, result.GatesBefore), Ratio(result.MultiQubitGatesAfter, result.MultiQubitGatesBefore), result.PredictedSecondsAfter / result.PredictedSecondsBefore, after / before));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {result.GatesBefore} → {result.GatesAfter} | {result.MultiQubitGatesBefore} → {result.MultiQubitGatesAfter} | {result.PredictedSecondsBefore * 1e3:F2} → {result.PredictedSecondsAfter * 1e3:F2} | {before * 1e3:F2} → {after * 1e3:F2} | {result.Elapsed.TotalMilliseconds:F0} |"));
        }

        if (gains.Count > 0)
        {
            static double Mean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(r => Math.Log(Math.Max(r, 0.01))));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"geometric means over {gains.Count} circuits, after over before: gates {Mean(gains.Select(g => g.Gates)):F3}, on several qubits {Mean(gains.Select(g => g.Several)):F3}, predicted {Mean(gains.Select(g => g.Predicted)):F3}, actual {Mean(gains.Select(g => g.Actual)):F3}"));
        }

        return 0;
    }

    // Alternating, so that what the machine does beside it meets both; the least of five.
    private static async Task<(double Before, double After)> TimesAsync(PredictiveOrchestrator orchestrator, Circuit circuit, Circuit found)
    {
        var (before, after) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var k = 0; k < 6; k++)
        {
            var one = (await orchestrator.ExecuteAsync(circuit)).Timings.Service.TotalSeconds;
            var other = ReferenceEquals(circuit, found) ? one : (await orchestrator.ExecuteAsync(found)).Timings.Service.TotalSeconds;
            (before, after) = k == 0 ? (before, after) : (Math.Min(before, one), Math.Min(after, other));
        }

        return (before, after);
    }

    private static double Ratio(int after, int before) => before == 0 ? 1 : after / (double)before;

    private static IEnumerable<(string, Circuit)> Library()
    {
        yield return ("qft 16", Fourier.Qft(16));
        yield return ("qft 12 and back", Fourier.Qft(12).Compose(Fourier.Qft(12).Inverse()));
        yield return ("random 18, depth 30, and back", RandomFamilies.Random(18, 30).Compose(RandomFamilies.Random(18, 30).Inverse()));
        yield return ("phase estimation 10", Fourier.PhaseEstimation(10, 0.3));
        yield return ("cuccaro adder 8", Adders.Cuccaro(8));
        yield return ("draper adder 7", Adders.Draper(7));
        yield return ("grover 10", Oracles.Grover(10, [5]));
        yield return ("ising 14, 20 steps", Dynamics.Ising(14, 20));
        yield return ("heisenberg 14, 10 steps", Dynamics.Heisenberg(14, 10));
        yield return ("quantum walk 6, 10 steps", Dynamics.QuantumWalk(6, 10));
        yield return ("random 16, depth 40", RandomFamilies.Random(16, 40, 1));
        yield return ("brickwork 16, depth 30", RandomFamilies.Brickwork(16, 30, 1));
        yield return ("clifford 14, 600 gates", RandomFamilies.RandomClifford(14, 600, 1));
        yield return ("quantum volume 12, depth 12", RandomFamilies.QuantumVolume(12, 12, 1));
        yield return ("qaoa 14, ring", Variational.Qaoa(14, Variational.Ring(14), [0.4, 0.7], [0.6, 0.3]));
    }

    private static IEnumerable<(string, Circuit)> Corpus(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.qasm", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (new FileInfo(file).Length <= 200_000 && OpenQasmReader.Read(File.ReadAllText(file)).Circuit is { } circuit)
            {
                yield return (Path.GetRelativePath(folder, file), circuit);
            }
        }
    }
}

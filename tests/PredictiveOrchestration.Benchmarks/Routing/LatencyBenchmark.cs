using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>The time from a circuit to a decision: profile, predict for every backend, choose.</summary>
internal static class LatencyBenchmark
{
    private const int Rounds = 4000, Warm = 2000;

    /// <summary>Prints quantiles and allocation.</summary>
    public static async Task RunAsync()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.FromMilliseconds(200))).Build();
        await orchestrator.StartAsync();
        Console.WriteLine($"{orchestrator.GetAvailableBackends().Count} backends\n| circuit | gates | p50 µs | p99 µs | bytes a decision |\n|---|---|---|---|---|");
        foreach (var circuit in new[] { States.Ghz(20), Fourier.Qft(20), RandomFamilies.Random(20, 33), RandomFamilies.RandomClifford(40, 1000) })
        {
            Print(orchestrator, "new", circuit);
            Print(orchestrator, "again", circuit);
        }
    }

    private static void Print(PredictiveOrchestrator orchestrator, string kind, Circuit circuit)
    {
        var micros = new double[Rounds];
        long bytes = 0;
        for (var i = -Warm; i < Rounds; i++)
        {
            var seen = kind == "again" ? circuit : circuit.Compose(Nothing(circuit));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            orchestrator.GetRoutingRecommendation(seen);
            var took = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (i >= 0)
            {
                micros[i] = took;
                bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }

        Array.Sort(micros);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {circuit.Name}, {kind} | {circuit.Operations.Length} | {micros[Rounds / 2]:F1} | {micros[Rounds * 99 / 100]:F1} | {bytes} |"));
    }

    private static Circuit Nothing(Circuit circuit) => new CircuitBuilder(circuit.NumQubits).Build();
}

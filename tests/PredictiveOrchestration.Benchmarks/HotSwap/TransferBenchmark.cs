using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>How fast states are handed over: copy out and copy in, best of 25, bytes of the copy per second of both.</summary>
internal static class TransferBenchmark
{
    /// <summary>Runs the table.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        ISegmentedBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator()];
        Console.WriteLine("| from | to | amplitudes | MB | out, ms | in, ms | GB/s |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var mixed in new[] { 18, 20, 22 })
        {
            var builder = new CircuitBuilder(22);
            for (var q = 0; q < mixed; q++)
            {
                builder.H(q);
            }

            var request = new ExecutionRequest { Circuit = builder.Build(), Shots = 0 };
            foreach (var from in engines)
            {
                foreach (var to in engines)
                {
                    double least = double.PositiveInfinity, write = 0, read = 0;
                    long bytes = 0;
                    for (var i = 0; i < 25; i++)
                    {
                        using var first = await from.OpenAsync(request, null);
                        first.Advance(request.Circuit.Operations.Length);
                        var start = Stopwatch.GetTimestamp();
                        var snapshot = first.TakeSnapshot(compact: true);
                        var half = Stopwatch.GetElapsedTime(start).TotalSeconds;
                        using var second = await to.OpenAsync(request, snapshot);
                        var all = Stopwatch.GetElapsedTime(start).TotalSeconds;
                        if (all < least)
                        {
                            (least, write, read, bytes) = (all, half, all - half, snapshot.SizeBytes);
                        }
                    }

                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {from.Descriptor.Id} | {to.Descriptor.Id} | 2^{mixed} | {bytes / 1e6:F1} | {1e3 * write:F1} | {1e3 * read:F1} | {bytes / least / 1e9:F2} |"));
                }
            }
        }

        return 0;
    }
}

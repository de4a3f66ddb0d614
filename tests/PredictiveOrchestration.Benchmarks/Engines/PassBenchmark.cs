using System.Globalization;
using PredictiveOrchestration.Benchmarks.Routing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Integration.Optimization;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>Processor time of the optimizer's parts in nanoseconds a gate, for circuits of more and more gates: what is linear keeps its figure.</summary>
internal static class PassBenchmark
{
    private const int Qubits = 40, FewestRounds = 5, GatesOfAll = 50_000;

    public static void Run()
    {
        int[] depths = [9, 90, 900];
        var circuits = depths.Select(d => RandomFamilies.Random(Qubits, d / 2).Compose(RandomFamilies.Random(Qubits, d / 2).Inverse())).ToList();
        Console.WriteLine($"| ns a gate | {string.Join(" | ", circuits.Select(c => c.Operations.Length.ToString("N0", CultureInfo.InvariantCulture) + " gates"))} |");
        Console.WriteLine($"|---|{string.Concat(circuits.Select(_ => "---|"))}");
        var blocks = circuits.ConvertAll(c => StepReader.Blocks(c)[0].Steps);
        Row("read", i => StepReader.Blocks(circuits[i]));
        Row("cut into regions", i => StepGroups.Of(blocks[i], 9, keepsFixed: true));
        for (byte pass = 0; pass < PassOrder.Count; pass++)
        {
            var one = pass;
            Row(PassOrder.Name(pass), i => PassOrder.Run(one, blocks[i]));
        }

        var met = blocks.ConvertAll(b => new List<Meeting>());
        var made = blocks.ConvertAll(b => Cancellation.Run(b, adds: true, commutes: true, met[blocks.IndexOf(b)]));
        Row("commute on a circuit and its inverse: check", i => Meetings.Hold(blocks[i], made[i], met[i], 1) ? 1 : throw new InvalidOperationException("The check failed."));
        Row("write", i => StepReader.Write(circuits[i], [blocks[i]]));

        void Row(string name, Func<int, object> work)
        {
            var cells = new List<string>();
            for (var i = 0; i < circuits.Count; i++)
            {
                var least = double.PositiveInfinity;
                for (var round = 0; round < Math.Max(FewestRounds, GatesOfAll / circuits[i].Operations.Length); round++)
                {
                    var start = ThreadTime.Microseconds;
                    GC.KeepAlive(work(i));
                    least = Math.Min(least, (ThreadTime.Microseconds - start) * 1e3);
                }

                cells.Add((least / circuits[i].Operations.Length).ToString("F0", CultureInfo.InvariantCulture));
            }

            Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
        }
    }
}

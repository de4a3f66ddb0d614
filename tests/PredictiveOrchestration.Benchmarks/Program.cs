using BenchmarkDotNet.Running;
using PredictiveOrchestration.Benchmarks.Cluster;
using PredictiveOrchestration.Benchmarks.Engines;
using PredictiveOrchestration.Benchmarks.HotSwap;
using PredictiveOrchestration.Benchmarks.Reliability;
using PredictiveOrchestration.Benchmarks.Routing;
using PredictiveOrchestration.Benchmarks.Telemetry;
using PredictiveOrchestration.Benchmarks.Views;

namespace PredictiveOrchestration.Benchmarks;

internal static class Program
{
    // The first argument chooses; anything else goes to BenchmarkDotNet.
    private static readonly Dictionary<string, Func<string[], Task<int>>> Commands = new(StringComparer.Ordinal)
    {
        ["engines"] = EngineBenchmark.RunAsync,
        ["planning"] = PlanningBenchmark.RunAsync,
        ["parts"] = PartsBenchmark.RunAsync,
        ["transfer"] = TransferBenchmark.RunAsync,
        ["overhead"] = OverheadBenchmark.RunAsync,
        ["hotswap"] = HotSwapBenchmark.RunAsync,
        ["optimizer"] = OptimizerBenchmark.RunAsync,
        ["fuzz"] = EngineFuzz.RunAsync,
        ["ledger"] = LedgerTrial.RunAsync,
        ["ledger-child"] = LedgerTrial.ChildAsync,
        ["worker"] = WorkerTrial.RunAsync,
        ["worker-child"] = WorkerTrial.ChildAsync,
        ["cluster"] = ClusterBenchmark.RunAsync,
        ["cluster-plain"] = ClusterBenchmark.PlainAsync,
        ["cluster-silo"] = ClusterBenchmark.SiloAsync,
        ["cluster-simulation"] = args => Task.FromResult(ClusterSimulation.Run(args)),
        ["learning"] = LearningTrial.RunAsync,
        ["learning-child"] = LearningTrial.ChildAsync,
        ["memory"] = MemoryFuzz.RunAsync,
        ["remote"] = RemoteTrial.RunAsync,
        ["routing"] = RoutingCommand.RunAsync,
        ["telemetry"] = TelemetryBenchmark.RunAsync,
        ["noise"] = NoiseBenchmark.RunAsync,
        ["screenshots"] = ScreenshotCommand.RunAsync,
        ["sparse"] = args => Task.FromResult(SparseBenchmark.Run(args)),
    };

    private static async Task<int> Main(string[] args)
    {
        if (args.Length > 0 && Commands.TryGetValue(args[0], out var command))
        {
            return await command(args[1..]);
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}

using BenchmarkDotNet.Running;
using PredictiveOrchestration.Benchmarks.Engines;
using PredictiveOrchestration.Benchmarks.Routing;

namespace PredictiveOrchestration.Benchmarks;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["engines", .. var rest])
        {
            return await EngineBenchmark.RunAsync(rest);
        }

        if (args is ["routing", .. var routing])
        {
            return await RoutingCommand.RunAsync(routing);
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}

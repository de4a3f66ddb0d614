using BenchmarkDotNet.Running;
using PredictiveOrchestration.Benchmarks.Engines;

namespace PredictiveOrchestration.Benchmarks;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["engines", .. var rest])
        {
            return await EngineBenchmark.RunAsync(rest);
        }

        if (args is ["sparse", .. var options])
        {
            return SparseBenchmark.Run(options);
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}

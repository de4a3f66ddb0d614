using BenchmarkDotNet.Running;
using PredictiveOrchestration.Benchmarks.Engines;
using PredictiveOrchestration.Benchmarks.Reliability;

namespace PredictiveOrchestration.Benchmarks;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["engines", .. var rest])
        {
            return await EngineBenchmark.RunAsync(rest);
        }

        switch (args)
        {
            case ["reliability", "ledger", ..]:
                return await LedgerTrial.RunAsync(args[2..]);
            case ["reliability", "ledger-child", ..]:
                return await LedgerTrial.ChildAsync(args[2..]);
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}

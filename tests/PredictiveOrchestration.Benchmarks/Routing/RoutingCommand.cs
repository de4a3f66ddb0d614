using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>
/// The routing-quality harness: <c>build</c> measures the all-arms table, <c>replay</c> runs routers and baselines over it, <c>profile</c> brings its
/// features up to date.
/// </summary>
internal static class RoutingCommand
{
    /// <summary>Runs the command.</summary>
    /// <param name="args">build [--table FOLDER] [--corpus FOLDER] [--seconds N] [--cutoff S] | profile [--table FOLDER] [--corpus FOLDER] | replay [--table FOLDER] [--ablations] [--verbose] [--split NAME] [--parts Forest,Groups…] | cold [--table FOLDER] (the chronological split alone, with the jobs it lost most on) | sample --jobs N --to FOLDER.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var folder = Option(args, "--table") ?? Path.Combine(".artifacts", "routing-table");
        switch (args.FirstOrDefault())
        {
            case "build":
                var limit = TimeSpan.FromSeconds(Number(args, "--seconds", 1800));
                await new TableBuilder(Backends(args), folder, Number(args, "--cutoff", 1)).BuildAsync(JobCatalog.All(Option(args, "--corpus")), limit);
                return 0;
            case "profile":
                TableBuilder.Reprofile(folder, JobCatalog.All(Option(args, "--corpus")), Backends(args));
                return 0;
            case "sample":
                RoutingTable.Read(folder).Sample((int)Number(args, "--jobs", 400)).Write(Option(args, "--to") ?? "sample");
                return 0;
            case "latency":
                await LatencyBenchmark.RunAsync(args.Contains("--learned"));
                return 0;
            case "rough":
                RoughChainFit.Run(RoutingTable.Read(folder));
                return 0;
            case "complexity":
                ComplexityTable.Run(RoutingTable.Read(folder));
                return 0;
            case "cold":
                await ReplayReport.ColdAsync(RoutingTable.Read(folder));
                return 0;
            case "replay":
                return await ReplayReport.RunAsync(RoutingTable.Read(folder), args.Contains("--ablations"), args.Contains("--verbose"), Option(args, "--split"), Option(args, "--parts") is { } parts ? Enum.Parse<ModelParts>(parts) : ModelParts.Default);
            default:
                Console.Error.WriteLine("routing build | profile | rough | replay | complexity | cold | sample | latency");
                return 2;
        }
    }

    private static List<IQuantumBackend> Backends(string[] args)
    {
        var only = Option(args, "--backends")?.Split(',');
        var registered = new PredictiveOrchestratorBuilder().Configure(o => o.StateDirectory = string.Empty).Build().Backends.Current.Backends;
        return [.. registered.Where(b => only is null || only.Contains(b.Descriptor.Id))];
    }

    private static double Number(string[] args, string name, double fallback) => Option(args, name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : fallback;

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}

using System.Text.RegularExpressions;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Architecture;

/// <summary>Reads the sources against the import table of docs/architecture.md.</summary>
public sealed partial class ImportTableTests
{
    private static readonly string Source = Path.Combine(SharedFiles.RepositoryRoot, "src", "PredictiveOrchestration");

    // Folder → folders it may use besides Common and itself. The root and DependencyInjection may use everything.
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Common"] = [],
        ["Circuits"] = [],
        ["Backends"] = ["Circuits"],
        ["Profiling"] = ["Circuits", "Backends", "Simulation/Fusion"],
        ["Simulation/Kernels"] = [],
        ["Simulation"] = ["Circuits", "Backends", "Noise", "Simulation/Kernels"],
        ["Simulation/Fusion"] = ["Circuits"],
        ["Simulation/StateVector"] = ["Circuits", "Backends", "Profiling", "Simulation", "Simulation/Fusion", "Simulation/Kernels"],
        ["Simulation/Gpu"] = ["Circuits", "Backends", "Simulation", "Simulation/Fusion"],
        ["Simulation/Sparse"] = ["Circuits", "Backends", "Simulation", "Simulation/Kernels"],
        ["Simulation/MatrixProductState"] = ["Circuits", "Backends", "Profiling", "Simulation", "Simulation/Fusion", "Simulation/Kernels"],
        ["Simulation/Stabilizer"] = ["Circuits", "Backends", "Noise", "Simulation", "Simulation/Kernels"],
        ["Simulation/Noisy"] = ["Circuits", "Backends", "Noise", "Transpilation", "Simulation"],
        ["Noise"] = ["Circuits", "Backends"],
        ["Transpilation"] = ["Circuits", "Backends", "Noise"],
        ["Remote"] = ["Circuits", "Backends", "Transpilation", "Noise"],
        ["Telemetry"] = ["Backends", "Profiling"],
        ["Prediction"] = ["Profiling", "Backends", "Circuits", "Telemetry"],
        ["Costs"] = ["Prediction", "Profiling", "Telemetry", "Backends", "Circuits"],
        ["Routing"] = ["Costs", "Prediction", "Profiling", "Backends", "Circuits"],
        ["Execution"] = ["Routing", "Prediction", "Profiling", "Backends", "Circuits"],
        ["Learning"] = ["Telemetry", "Prediction"],
        ["Integration/Optimization"] = ["Transpilation", "Circuits"],
        ["Integration/Advice"] = ["Backends", "Circuits"],
        ["Integration/Analytics"] = ["Telemetry", "Prediction"],
        ["Integration/Knowledge"] = ["Telemetry"],
    };

    // Packages that only some folders may name.
    private static readonly Dictionary<string, string[]> OnlyIn = new()
    {
        ["ILGPU"] = ["Simulation/Gpu"],
        ["System.Net.Http"] = ["Remote"],
        ["Microsoft.ML"] = ["Prediction", "Learning"],
        ["Microsoft.Data.Sqlite"] = ["Common", "Costs", "Remote", "Telemetry/Storage"],
        ["Npgsql"] = [],
        ["Orleans"] = [],
        ["Parquet"] = [],
    };

    [Fact]
    public void Sources_UsingDirectives_FollowTheTable()
    {
        var wrong = new List<string>();
        var seen = 0;
        foreach (var file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories))
        {
            var folder = Path.GetRelativePath(Source, Path.GetDirectoryName(file)!).Replace('\\', '/');
            var lines = File.ReadAllLines(file);
            for (var i = 0; i < lines.Length; i++)
            {
                foreach (Match match in Reference().Matches(lines[i]))
                {
                    var target = Owner(match.Groups[1].Value.Replace('.', '/'));
                    seen++;
                    if (!Allowed(Floor(folder), target))
                    {
                        wrong.Add($"{Path.GetRelativePath(Source, file)}({i + 1}): {folder} must not use {target}");
                    }
                }

                foreach (var (package, folders) in OnlyIn)
                {
                    if (lines[i].StartsWith($"using {package}", StringComparison.Ordinal) && !folders.Any(f => folder == f || folder.StartsWith(f + "/", StringComparison.Ordinal)))
                    {
                        wrong.Add($"{Path.GetRelativePath(Source, file)}({i + 1}): only {string.Join(", ", folders)} may use {package}");
                    }
                }
            }
        }

        wrong.Should().BeEmpty();
        seen.Should().BeGreaterThan(50, "the pattern must find references");
    }

    // Packages of adapters see what a third party could: the public surface, and of that these namespaces.
    [Theory]
    [InlineData("PredictiveOrchestration.Aws", "Amazon")]
    [InlineData("PredictiveOrchestration.Azure", "Azure")]
    public void Adapters_UsingDirectives_FollowTheTable(string package, string vendor)
    {
        var folder = Path.Combine(SharedFiles.RepositoryRoot, "src", package);
        string[] allowed = ["Backends", "Circuits", "Common", "Costs", "Noise", "Remote", "Transpilation"];
        var used = Directory.EnumerateFiles(folder, "*.cs").SelectMany(File.ReadAllLines).Where(l => l.StartsWith("using ", StringComparison.Ordinal)).Select(l => l["using ".Length..].TrimEnd(';')).ToHashSet();

        used.Where(u => u.StartsWith("PredictiveOrchestration.", StringComparison.Ordinal)).Should().OnlyContain(u => allowed.Contains(u.Split('.', StringSplitOptions.None)[1]));
        used.Where(u => !u.StartsWith("PredictiveOrchestration.", StringComparison.Ordinal) && !u.StartsWith("System", StringComparison.Ordinal)).Should().OnlyContain(u => u.StartsWith(vendor, StringComparison.Ordinal)).And.NotBeEmpty();
        File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "src", "PredictiveOrchestration", "PredictiveOrchestration.csproj")).Should().NotContain($"InternalsVisibleTo Include=\"{package}\"").And.NotContain("AWSSDK").And.NotContain("Azure.");
    }

    // Package → what of ours it may build on. Only the tests may know them all.
    [Theory]
    [InlineData("PredictiveOrchestration", new string[0])]
    [InlineData("PredictiveOrchestration.AspNetCore", new[] { "PredictiveOrchestration" })]
    [InlineData("PredictiveOrchestration.Aws", new[] { "PredictiveOrchestration" })]
    [InlineData("PredictiveOrchestration.Azure", new[] { "PredictiveOrchestration" })]
    [InlineData("PredictiveOrchestration.Orleans", new[] { "PredictiveOrchestration" })]
    [InlineData("PredictiveOrchestration.Parquet", new[] { "PredictiveOrchestration" })]
    [InlineData("PredictiveOrchestration.PostgreSql", new[] { "PredictiveOrchestration" })]
    public void Packages_ProjectReferences_FollowTheGuide(string package, string[] expected)
    {
        var project = File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "src", package, package + ".csproj"));
        ProjectReference().Matches(project).Select(m => m.Groups[1].Value).Should().Equal(expected);
        Directory.EnumerateDirectories(Path.Combine(SharedFiles.RepositoryRoot, "src")).Select(Path.GetFileName)
            .Should().BeEquivalentTo("PredictiveOrchestration", "PredictiveOrchestration.AspNetCore", "PredictiveOrchestration.Aws", "PredictiveOrchestration.Azure", "PredictiveOrchestration.Orleans", "PredictiveOrchestration.Parquet", "PredictiveOrchestration.PostgreSql");
    }

    private static bool Allowed(string folder, string target) =>
        folder is "." or "DependencyInjection" || target == "Common" || target == folder || target.StartsWith(folder + "/", StringComparison.Ordinal) && !folder.StartsWith("Simulation", StringComparison.Ordinal)
        || (MayUse.TryGetValue(folder, out var allowed) && allowed.Contains(target));

    // Sub-folders that are not in the table belong to the nearest folder above that is.
    private static string Floor(string folder)
    {
        while (folder != "." && !MayUse.ContainsKey(folder) && folder != "DependencyInjection")
        {
            folder = folder.Contains('/', StringComparison.Ordinal) ? folder[..folder.LastIndexOf('/')] : throw new InvalidOperationException($"The folder '{folder}' is not in the import table.");
        }

        return folder;
    }

    private static string Owner(string path)
    {
        while (!MayUse.ContainsKey(path) && path.Contains('/', StringComparison.Ordinal))
        {
            path = path[..path.LastIndexOf('/')];
        }

        return path;
    }

    [GeneratedRegex(@"<ProjectReference Include=""\.\./([\w.]+)/")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"(?:using (?:static )?|[^.\w])PredictiveOrchestration\.((?:Common|Circuits|Backends|Profiling|Simulation|Telemetry|Prediction|Costs|Routing|Execution|Learning|Noise|Transpilation|Remote|Integration)(?:\.[A-Z]\w*)*)")]
    private static partial Regex Reference();
}

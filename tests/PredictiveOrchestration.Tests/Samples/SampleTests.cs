using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Samples;

/// <summary>The samples show everything, and do what they say.</summary>
public sealed class SampleTests
{
    private static readonly string Folder = Path.Combine(SharedFiles.RepositoryRoot, "samples");

    [Fact]
    public void Facade_EveryPublicMember_IsShownInASample()
    {
        var sources = string.Join('\n', Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        List<string> Missing(Type type, Func<string, string> pattern) =>
            [.. Members(type).Where(m => m == nameof(IAsyncDisposable.DisposeAsync) ? !sources.Contains("await using", StringComparison.Ordinal) : !Regex.IsMatch(sources, pattern(m)))];
        Members(typeof(PredictiveOrchestrator)).Should().Contain(["ExecuteAsync", "GetDebugInfo", "Monitor"], "reflection finds the members");
        Missing(typeof(PredictiveOrchestrator), m => $@"orchestrator\.{m}\b").Should().BeEmpty("samples/Tour shows every member");
        Missing(typeof(PredictiveOrchestratorBuilder), m => $@"\.{m}\(").Should().BeEmpty("samples/Tour shows every call of the builder");
        Missing(typeof(PredictiveOrchestratorOptions), m => $@"\bo\.{m}\b").Should().BeEmpty("samples/Tour shows every option");
    }

    [Fact]
    public async Task Embedding_InAnEmptyFolder_WritesNoFile()
    {
        Directory.EnumerateFiles(Path.Combine(Folder, "Embedding"), "*.cs").Sum(f => File.ReadAllLines(f).Length).Should().BeLessThan(100);
        using var place = new TemporaryFolder();
        var (status, output) = await RunAsync("Embedding", place.Path);
        status.Should().Be(0, output);
        output.Should().Contain("profile: 3 gates").And.Contain("predict: ").And.Contain("route: host").And.Contain("run: 111 on host");
        Directory.EnumerateFileSystemEntries(place.Path).Should().BeEmpty();
    }

    [Fact]
    public async Task Tour_RunsToItsEnd()
    {
        using var place = new TemporaryFolder();
        var (status, output) = await RunAsync("Tour", place.Path);
        status.Should().Be(0, output);
        output.Should().Contain("running: True").And.Contain("advice on blocks").And.Contain("as advised: 2 runs").And.Contain("pattern: ").And.Contain("learned from 0 others");
        output.Should().Contain("log: Started with").And.Contain("backends: lab, visitor").And.Contain("paid 0.02 EUR, 0.02 in all, 1 record kept");
    }

    private static List<string> Members(Type type) =>
    [
        .. type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(m => m is PropertyInfo { Name: not "EqualityContract" } || (m is MethodInfo method && !method.IsSpecialName && !method.Name.StartsWith('<') && method.GetBaseDefinition().DeclaringType == type && method.Name is not ("Equals" or "PrintMembers")))
            .Select(m => m.Name).Distinct(),
    ];

    private static async Task<(int Status, string Output)> RunAsync(string sample, string folder)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var start = new ProcessStartInfo("dotnet", [Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", sample, configuration, sample + ".dll")])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        foreach (var variable in new[] { "HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME", "TMPDIR", "TEMP", "TMP" })
        {
            start.Environment[variable] = folder;
        }

        // The run-time's own socket for debuggers is a file too.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("sample-").FullName;

        public void Dispose() => Directory.Delete(Path, true);
    }
}

using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Common;

namespace PredictiveOrchestration.Tests.Documentation;

/// <summary>Every C# block of the README and the guides compiles as a program, and runs.</summary>
public sealed partial class CodeBlockTests
{
    private const string Usings = """
        using System; using System.Collections.Generic; using System.IO; using System.Linq; using System.Threading; using System.Threading.Tasks;
        using Microsoft.Extensions.DependencyInjection; using Microsoft.Extensions.Hosting;
        using PredictiveOrchestration; using PredictiveOrchestration.Backends; using PredictiveOrchestration.Circuits; using PredictiveOrchestration.Circuits.Library;
        using PredictiveOrchestration.Circuits.OpenQasm; using PredictiveOrchestration.Costs; using PredictiveOrchestration.Profiling; using PredictiveOrchestration.Routing;
        using PredictiveOrchestration.Simulation.MatrixProductState; using PredictiveOrchestration.Simulation.Sparse; using PredictiveOrchestration.Simulation.StateVector;

        """;

    // What a block uses without declaring it is there already.
    private static readonly (string Name, string Declaration)[] Given =
    [
        ("orchestrator", "await using var orchestrator = new PredictiveOrchestratorBuilder().Build(); await orchestrator.StartAsync();"),
        ("openQasmText", "var openQasmText = \"include \\\"stdgates.inc\\\"; qubit q; h q;\";"),
        ("text", "var text = \"qubit q; foo q;\";"),
        ("circuit", "var circuit = new CircuitBuilder(3).H(0).CX(0, 1).CX(1, 2).Build();"),
        ("builder", "var builder = Host.CreateApplicationBuilder();"),
    ];

    public static TheoryData<string, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int>();
            foreach (var file in Files())
            {
                for (var i = 0; i < BlocksOf(file).Count; i++)
                {
                    blocks.Add(Path.GetRelativePath(SharedFiles.RepositoryRoot, file), i);
                }
            }

            return blocks;
        }
    }

    [Fact]
    public void Guides_HaveCode() => BlocksOf(Files().First()).Should().NotBeEmpty("the README shows how to begin");

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task Block_CompilesAndRuns(string file, int index)
    {
        var block = BlocksOf(Path.Combine(SharedFiles.RepositoryRoot, file))[index];
        var code = block
            .Replace("\"phase-estimation.qasm\"", SymbolDisplay.FormatLiteral(Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits", "phase-estimation.qasm"), true), StringComparison.Ordinal);
        var lines = code.Split('\n');
        var usings = string.Join('\n', lines.Where(l => UsingDirective().IsMatch(l)));
        var body = string.Join('\n', lines.Where(l => !UsingDirective().IsMatch(l)));
        var given = Given.Where(g => Uses(body, g.Name) && !body.Contains($"var {g.Name} ", StringComparison.Ordinal)).Select(g => g.Declaration);

        // Nothing is calibrated, and nothing kept on this machine's disk.
        var program = (Usings + usings + "\n" + string.Join('\n', given) + "\n" + body)
            .Replace("new PredictiveOrchestratorBuilder()", "new PredictiveOrchestratorBuilder().Configure(o => { o.StateDirectory = string.Empty; o.CalibrationBudget = TimeSpan.Zero; })", StringComparison.Ordinal);
        var assembly = Compile(program, $"{file} block {index}");
        await RunAsync(assembly);
    }

    [Fact]
    public void PriceFile_OfTheGuide_IsRead()
    {
        var text = Regex.Match(File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "docs", "costs.md")), @"^```json\r?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value;
        var prices = PredictiveOrchestration.Costs.PriceList.Default.With(PredictiveOrchestration.Costs.PriceList.Parse(System.Text.Encoding.UTF8.GetBytes(text)));
        var day = new DateOnly(2026, 11, 1);
        prices.Convert(prices.Find("lab/device", day)!.Price!.Price(new PredictiveOrchestration.Costs.BillableUsage { Shots = 100 }), "EUR", "USD", day).Should().Be(0.33m, "(0.2 + 100 · 0.001) · 1.1");
    }

    private static Assembly Compile(string program, string name)
    {
        var tree = CSharpSyntaxTree.ParseText(program.Replace("using System;", "#pragma warning disable CS0105\nusing System;", StringComparison.Ordinal));
        var compilation = CSharpCompilation.Create(name.Replace('/', '-'), [tree], HostReferences.All, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var emitted = compilation.Emit(image);
        emitted.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).Should().BeEmpty("{0} compiles:\n{1}", name, program);
        image.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(image);
    }

    private static async Task RunAsync(Assembly assembly)
    {
        // The entry point waits for the asynchronous Main; what a block prints goes to the test host's output.
        var entry = assembly.EntryPoint!;
        object?[] arguments = entry.GetParameters().Length == 0 ? [] : [Array.Empty<string>()];
        await Task.Run(() => entry.Invoke(null, arguments));
    }

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Path.Combine(SharedFiles.RepositoryRoot, "docs"), "*.md").Order(StringComparer.Ordinal).Prepend(Path.Combine(SharedFiles.RepositoryRoot, "README.md"));

    private static List<string> BlocksOf(string file) => [.. CSharpBlock().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)];

    private static bool Uses(string code, string name) => Regex.IsMatch(code, $@"(?<![.\w]){name}\b(?!\s*:)");

    [GeneratedRegex(@"^```csharp\r?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"^using [\w.]+;\s*$")]
    private static partial Regex UsingDirective();
}

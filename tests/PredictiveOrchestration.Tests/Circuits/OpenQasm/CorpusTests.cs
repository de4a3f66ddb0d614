using System.Text.Json;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Circuits.OpenQasm;

/// <summary>Files that stress readers, with the verdict of their index.</summary>
public sealed class CorpusTests(ITestOutputHelper output)
{
    // Where docs/openqasm.md decides otherwise than the index, which marks this file as not verified.
    private static readonly HashSet<string> DecidedOtherwise = ["real_okm_test_gates.qasm"];

    [SkippableFact]
    public void Read_ParserCorpus_BehavesAsItsIndexSays()
    {
        Skip.If(SharedFiles.CircuitsFolder is null, SharedFiles.SkipReason);
        var folder = Path.Combine(SharedFiles.CircuitsFolder, "dev-parser");
        var wrong = new List<string>();
        using var index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "index.json")));
        foreach (var entry in index.RootElement.EnumerateArray())
        {
            var file = entry.GetProperty("file").GetString()!;
            var accept = entry.GetProperty("expect").GetString()!.StartsWith("accept", StringComparison.Ordinal) && !DecidedOtherwise.Contains(file);
            var options = new OpenQasmReaderOptions { Inputs = new Dictionary<string, double> { ["theta"] = 0.5, ["phi"] = 0.25 } };
            var result = OpenQasmReader.Read(File.ReadAllText(Path.Combine(folder, file)), options, file);
            if (result.Success != accept)
            {
                wrong.Add($"{file}: expected {(accept ? "accept" : "reject")}; {result.Diagnostics.FirstOrDefault(d => d.Severity == DiagnosticSeverity.Error)?.ToString() ?? "accepted"}");
            }
        }

        wrong.ForEach(output.WriteLine);
        wrong.Should().BeEmpty();
    }

    [SkippableFact]
    public void Read_Circuits_GivesTheQubitsAndBitsOfTheIndex()
    {
        Skip.If(SharedFiles.CircuitsFolder is null, SharedFiles.SkipReason);
        var folder = Path.Combine(SharedFiles.CircuitsFolder, "dev");
        var wrong = new List<string>();
        using var index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "index.json")));
        foreach (var entry in index.RootElement.EnumerateArray())
        {
            var file = entry.GetProperty("file").GetString()!;
            var result = OpenQasmReader.Read(File.ReadAllText(Path.Combine(folder, file)), null, file);
            if (!result.Success)
            {
                wrong.Add(result.Diagnostics.First(d => d.Severity == DiagnosticSeverity.Error).ToString());
            }
            else if (result.Circuit!.NumQubits != entry.GetProperty("qubits").GetInt32() || result.Circuit.NumClbits != entry.GetProperty("clbits").GetInt32())
            {
                wrong.Add($"{file}: {result.Circuit} expected {entry.GetProperty("qubits")} qubits, {entry.GetProperty("clbits")} bits");
            }
        }

        wrong.ForEach(output.WriteLine);
        wrong.Should().BeEmpty();
    }
}

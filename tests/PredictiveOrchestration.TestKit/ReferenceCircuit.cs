using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.TestKit;

/// <summary>A circuit written by others, with what its exact simulation gives.</summary>
public sealed record ReferenceCircuit(string Name, Circuit Circuit, int? MaxSparseSupport, JsonElement Reference)
{
    /// <summary>Gets the probabilities over the classical bits that are listed, or null.</summary>
    public IReadOnlyDictionary<string, double>? ClassicalProbabilities => Probabilities("classical_probs_top");

    /// <summary>Gets the probabilities over all qubits before terminal measurements that are listed, or null.</summary>
    public IReadOnlyDictionary<string, double>? QubitProbabilities => Probabilities("qubit_probs_top");

    /// <summary>Gets the probability of 1 of each qubit before terminal measurements, or null.</summary>
    public IReadOnlyList<double>? Marginals =>
        Reference.TryGetProperty("marginals_p1", out var list) ? [.. list.EnumerateArray().Select(e => e.GetDouble())] : null;

    /// <summary>Reads all circuits of a ../shared/circuits folder that have a reference.</summary>
    public static IEnumerable<ReferenceCircuit> All(string folder)
    {
        using var index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "dev", "index.json")));
        foreach (var entry in index.RootElement.EnumerateArray())
        {
            if (entry.GetProperty("reference").GetString() is not { } reference)
            {
                continue;
            }

            var file = entry.GetProperty("file").GetString()!;
            var circuit = OpenQasmReader.Read(File.ReadAllText(Path.Combine(folder, "dev", file)), null, file).GetCircuitOrThrow();
            var support = entry.GetProperty("max_sparse_support");
            using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, reference)));
            yield return new ReferenceCircuit(file, circuit, support.ValueKind == JsonValueKind.Null ? null : support.GetInt32(), document.RootElement.Clone());
        }
    }

    private Dictionary<string, double>? Probabilities(string property) =>
        Reference.TryGetProperty(property, out var list) ? list.EnumerateArray().ToDictionary(e => e[1].GetString()!, e => e[2].GetDouble()) : null;
}

using System.Globalization;
using System.Numerics;
using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.TestKit;

/// <summary>A circuit written by others, with what its exact simulation gives.</summary>
public sealed record ReferenceCircuit(string Name, Circuit Circuit, int? MaxSparseSupport, int? MaxBond, JsonElement Reference)
{
    /// <summary>Gets the probabilities over the classical bits that are listed, or null.</summary>
    public IReadOnlyDictionary<string, double>? ClassicalProbabilities => Probabilities("classical_probs_top");

    /// <summary>Gets the probabilities over all qubits before terminal measurements that are listed, or null.</summary>
    public IReadOnlyDictionary<string, double>? QubitProbabilities => Probabilities("qubit_probs_top");

    /// <summary>Gets the probability of 1 of each qubit before terminal measurements, or null.</summary>
    public IReadOnlyList<double>? Marginals =>
        Reference.TryGetProperty("marginals_p1", out var list) ? [.. list.EnumerateArray().Select(e => e.GetDouble())] : null;

    /// <summary>Gets a value indicating whether there is one state before terminal measurements, of which basis states or amplitudes are listed.</summary>
    public bool HasPureState => Reference.TryGetProperty("qubit_probs_top", out _);

    /// <summary>Gets the probabilities of basis states before terminal measurements.</summary>
    public IReadOnlyList<(UInt128 Index, double Probability)> QubitProbabilitiesByIndex =>
        [.. Reference.GetProperty("qubit_probs_top").EnumerateArray().Select(e => (UInt128.Parse(e[0].ToString(), CultureInfo.InvariantCulture), e[2].GetDouble()))];

    /// <summary>Gets the basis state whose amplitude is real and positive, and amplitudes before terminal measurements; none if none is listed.</summary>
    public (UInt128 Real, IReadOnlyList<(UInt128 Index, Complex Value)> All) Amplitudes =>
        !Reference.TryGetProperty("amplitudes", out var list) ? (0, [])
        : (Reference.GetProperty("amplitudes_phase_ref").GetUInt64(),
            [.. list.EnumerateArray().Select(e => ((UInt128)e.GetProperty("index").GetUInt64(), new Complex(e.GetProperty("re").GetDouble(), e.GetProperty("im").GetDouble())))]);

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
            using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, reference)));
            yield return new ReferenceCircuit(file, circuit, Number(entry, "max_sparse_support"), Number(entry, "max_mps_bond") ?? Number(document.RootElement, "max_chi"), document.RootElement.Clone());
        }
    }

    private static int? Number(JsonElement entry, string property) =>
        entry.TryGetProperty(property, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetInt32() : null;

    private Dictionary<string, double>? Probabilities(string property) =>
        Reference.TryGetProperty(property, out var list) ? list.EnumerateArray().ToDictionary(e => e[1].GetString()!, e => e[2].GetDouble()) : null;
}

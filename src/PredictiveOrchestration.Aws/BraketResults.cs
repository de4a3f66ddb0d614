using System.Text.Json;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>
/// Reads results: measurements shot by shot or, where these are missing, probabilities of bit strings. In both the k-th bit is that of the k-th of
/// <c>measuredQubits</c>, so a string's first character is the first measured qubit.
/// </summary>
internal static class BraketResults
{
    public static RemoteOutcome Read(RemoteJob job, string text)
    {
        var json = JsonReading.Parse(text);
        var places = Places(json, job);
        var time = Seconds(json) is { } seconds ? TimeSpan.FromSeconds((double)seconds) : (TimeSpan?)null;
        var counts = new Dictionary<BitString, long>();
        foreach (var shot in json.Get("measurements").Items())
        {
            if (shot.ValueKind != JsonValueKind.Array || shot.GetArrayLength() != places.Count)
            {
                throw new FormatException($"A measurement does not have {places.Count} bits.");
            }

            Readout.Add(counts, Readout.Select(job.Readout, q => Bit(shot[places[q]].GetRawText())), 1L);
        }

        if (counts.Count > 0)
        {
            return new RemoteOutcome(counts) { Shots = (int)counts.Values.Sum(), RunTime = time };
        }

        var merged = new Dictionary<BitString, double>();
        foreach (var state in json.Get("measurementProbabilities").Members())
        {
            if (state.Name.Length != places.Count)
            {
                throw new FormatException($"'{state.Name}' does not have {places.Count} bits.");
            }

            var value = ((JsonElement?)state.Value).Number() ?? throw new FormatException($"'{state.Name}' has no number.");
            Readout.Add(merged, Readout.Select(job.Readout, q => Bit(state.Name.AsSpan(places[q], 1))), value);
        }

        return merged.Count == 0 ? throw new FormatException("The result holds neither measurements nor probabilities.") : new RemoteOutcome(Readout.ToCounts(merged, job.Shots)) { RunTime = time };
    }

    /// <summary>How long a simulator ran, in seconds; null for devices.</summary>
    public static decimal? Seconds(JsonElement json) => json.Get("additionalMetadata", "simulatorMetadata", "executionDuration").Amount() is { } ms and >= 0 and < 1e12m ? ms / 1000 : null;

    // For each qubit, where its bit is. All qubits of the program are measured, so anything else than a permutation of them cannot be understood.
    private static Dictionary<int, int> Places(JsonElement json, RemoteJob job)
    {
        var least = job.Readout.Count == 0 ? 0 : job.Readout.Max() + 1;
        var listed = json.Get("measuredQubits").Items().Select(q => q.ValueKind == JsonValueKind.Number && q.TryGetInt32(out var n) ? n : -1).ToList();
        if (listed.Count == 0)
        {
            var first = json.Get("measurements").Items().FirstOrDefault();
            var width = first.ValueKind == JsonValueKind.Array ? first.GetArrayLength() : json.Get("measurementProbabilities").Members().Select(m => m.Name.Length).FirstOrDefault();
            listed = [.. Enumerable.Range(0, width)];
        }

        if (listed.Count < least || !listed.Order().SequenceEqual(Enumerable.Range(0, listed.Count)))
        {
            throw new FormatException($"The measured qubits are {string.Join(", ", listed.Take(20))}; a permutation of all of the program's was expected.");
        }

        return listed.Select((q, k) => (q, k)).ToDictionary(p => p.q, p => p.k);
    }

    private static bool Bit(ReadOnlySpan<char> text) => text switch
    {
        "0" => false,
        "1" => true,
        _ => throw new FormatException($"'{text}' is no bit."),
    };
}

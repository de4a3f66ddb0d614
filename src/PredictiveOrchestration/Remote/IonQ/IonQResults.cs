using System.Globalization;
using System.Numerics;
using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Remote.IonQ;

/// <summary>
/// Reads IonQ's probabilities. Version 1 has decimal keys with qubit 0 the least significant bit; version 2 has bit strings by register, read here with
/// qubit 0 rightmost. Values are numbers, or texts of numbers.
/// </summary>
public static class IonQResults
{
    internal static RemoteOutcome Read(RemoteJob job, string text)
    {
        var json = JsonReading.Parse(text);
        var registers = json.Get("probabilities", "registers");
        var isBinary = registers is not null;
        JsonElement? states = isBinary
            ? registers!.Value.Get("output_all") ?? throw new FormatException("The registers of the result do not hold 'output_all'.")
            : json.Get("probabilities") is { ValueKind: JsonValueKind.Object } inner ? inner : json;
        return new RemoteOutcome(ToCounts(job, states, isBinary ? Binary : Decimal));
    }

    /// <summary>Counts of probabilities whose keys are decimal numbers with qubit 0 the least significant bit.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public static Dictionary<BitString, long> OfDecimalStates(RemoteJob job, JsonElement? states) => ToCounts(job, states, Decimal);

    private static Dictionary<BitString, long> ToCounts(RemoteJob job, JsonElement? states, Func<IReadOnlyList<int>, string, BitString> outcome)
    {
        ArgumentNullException.ThrowIfNull(job);
        var merged = new Dictionary<BitString, double>();
        foreach (var member in states.Members())
        {
            var value = ((JsonElement?)member.Value).Number() ?? throw new FormatException($"'{member.Name}' has no number.");
            Readout.Add(merged, outcome(job.Readout, member.Name), value);
        }

        return merged.Count == 0 ? throw new FormatException("The result holds no outcome.") : Readout.ToCounts(merged, job.Shots);
    }

    private static BitString Decimal(IReadOnlyList<int> readout, string key) => BigInteger.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        ? Readout.Select(readout, q => !((value >> q) & 1).IsZero)
        : throw new FormatException($"'{key}' is no state: a decimal number is expected.");

    private static BitString Binary(IReadOnlyList<int> readout, string key)
    {
        var bits = BitString.Parse(key);
        return Readout.Select(readout, q => q < bits.Length ? bits[q] : throw new FormatException($"'{key}' has no bit for qubit {q}."));
    }
}

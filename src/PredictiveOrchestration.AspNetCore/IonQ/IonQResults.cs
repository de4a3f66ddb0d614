using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>Results in IonQ's forms: decimal integers, qubit 0 the least significant bit.</summary>
internal static class IonQResults
{
    private const double Complete = 1e-6;

    /// <summary>Probabilities: exact ones where the result lists them all, else frequencies.</summary>
    public static IEnumerable<(string Bits, double Probability)> Probabilities(WireResult result)
    {
        var exact = result.Probabilities ?? [];
        return exact.Count > 0 && Math.Abs(exact.Sum(p => p.Probability) - 1) < Complete
            ? exact.Where(p => p.Probability > 0).Select(p => (p.Outcome, p.Probability))
            : result.Counts.Select(c => (c.Key, (double)c.Value / result.Shots));
    }

    /// <summary>Writes <c>{"0":0.5,"3":0.5}</c>.</summary>
    public static void WriteProbabilities(Utf8JsonWriter writer, WireResult result)
    {
        writer.WriteStartObject();
        foreach (var (bits, probability) in Probabilities(result))
        {
            writer.WriteNumber(Decimal(bits), probability);
        }

        writer.WriteEndObject();
    }

    public static void WriteHistogram(Utf8JsonWriter writer, WireResult result)
    {
        writer.WriteStartObject();
        foreach (var (bits, count) in result.Counts)
        {
            writer.WriteNumber(Decimal(bits), count);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the shots one by one, in a random order that follows from the seed: what was drawn in which order is not kept.</summary>
    public static void WriteShots(Utf8JsonWriter writer, WireResult result)
    {
        var shots = new string[result.Shots];
        var next = 0;
        foreach (var (bits, count) in result.Counts)
        {
            Array.Fill(shots, Decimal(bits), next, (int)count);
            next += (int)count;
        }

        new SeededRandom(result.Seed).Shuffle<string>(shots);
        writer.WriteStartArray();
        foreach (var shot in shots)
        {
            writer.WriteStringValue(shot);
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes version 2, whose keys are strings of bits.</summary>
    public static void WriteVersion2(Utf8JsonWriter writer, string name, IEnumerable<(string Bits, double Value)> values)
    {
        writer.WriteStartObject();
        writer.WriteStartObject(name);
        writer.WriteStartObject("registers");
        writer.WriteStartObject("output_all");
        foreach (var (bits, value) in values)
        {
            writer.WriteNumber(bits, value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string Decimal(string bits) => BitString.Parse(bits).ToBigInteger().ToString(CultureInfo.InvariantCulture);
}

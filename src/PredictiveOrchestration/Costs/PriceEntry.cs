using System.Text.Json.Serialization;

namespace PredictiveOrchestration.Costs;

/// <summary>One dated price.</summary>
public sealed record PriceEntry
{
    /// <summary>Gets the id, such as <c>braket/ionq-forte</c>.</summary>
    public string Id { get; init => field = value ?? string.Empty; } = string.Empty;

    /// <summary>Gets who charges, and through which channel.</summary>
    public string Provider { get; init => field = value ?? string.Empty; } = string.Empty;

    /// <summary>Gets for what.</summary>
    public string Target { get; init => field = value ?? string.Empty; } = string.Empty;

    /// <summary>Gets the first day on which it holds.</summary>
    public DateOnly EffectiveFrom { get; init; }

    /// <summary>Gets the first day on which it no longer holds, or null.</summary>
    public DateOnly? EffectiveUntil { get; init; }

    /// <summary>Gets who says so, and when.</summary>
    public string Source { get; init => field = value ?? string.Empty; } = string.Empty;

    /// <summary>Gets a value indicating whether no source was found for the amount: check it before trusting money to it.</summary>
    public bool IsUnverified { get; init; }

    /// <summary>Gets the price.</summary>
    public PriceModel? Price { get; init; }
}

/// <summary>What one unit of a currency is worth in another on a day.</summary>
/// <param name="From">The currency of the unit.</param>
/// <param name="To">The other currency.</param>
/// <param name="Rate">The worth of one unit.</param>
/// <param name="Date">The day.</param>
/// <param name="Source">Who says so.</param>
public sealed record ExchangeRate(string From, string To, decimal Rate, DateOnly Date, string Source = "");

/// <summary>The content of a price file.</summary>
internal sealed record PriceFile(int Version, List<PriceEntry>? Entries, List<ExchangeRate>? ExchangeRates);

/// <summary>How price files are read; a misspelt property is an error, not a price of zero.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, UseStringEnumConverter = true,
    ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip, MaxDepth = 16)]
[JsonSerializable(typeof(PriceFile))]
internal sealed partial class PriceFileJson : JsonSerializerContext;

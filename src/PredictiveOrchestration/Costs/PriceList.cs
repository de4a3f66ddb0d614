using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// Dated public prices and exchange rates, read from data files: what was charged when, and who says so. Not authoritative: a provider's
/// own estimate wins. Immutable.
/// </summary>
public sealed class PriceList
{
    /// <summary>The greatest size of a price file in bytes.</summary>
    public const int MaxFileBytes = 1 << 20;

    private const int FormatVersion = 1;
    private static readonly Lazy<PriceList> Shipped = new(ReadShipped);

    private PriceList(ImmutableArray<PriceEntry> entries, ImmutableArray<ExchangeRate> rates)
    {
        Entries = entries;
        ExchangeRates = rates;
    }

    /// <summary>Gets the list that comes with the library; its entries name their sources and dates.</summary>
    public static PriceList Default => Shipped.Value;

    /// <summary>Gets a list with nothing in it.</summary>
    public static PriceList Empty { get; } = new([], []);

    /// <summary>Gets all entries, in the order of the files.</summary>
    public ImmutableArray<PriceEntry> Entries { get; }

    /// <summary>Gets all exchange rates.</summary>
    public ImmutableArray<ExchangeRate> ExchangeRates { get; }

    /// <summary>Reads a price file.</summary>
    /// <param name="utf8Json">The JSON text; the form is in docs/costs.md.</param>
    /// <exception cref="FormatException">The text is too large, not JSON, of another version, or has wrong entries (all are named).</exception>
    public static PriceList Parse(ReadOnlySpan<byte> utf8Json)
    {
        if (utf8Json.Length > MaxFileBytes)
        {
            throw new FormatException($"The price list has {utf8Json.Length} bytes; at most {MaxFileBytes} are read.");
        }

        PriceFile? file;
        try
        {
            file = JsonSerializer.Deserialize(utf8Json, PriceFileJson.Default.PriceFile);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The price list is not valid: {exception.Message}", exception);
        }

        if (file is not { Version: FormatVersion })
        {
            throw new FormatException($"The price list is of version {file?.Version.ToString(CultureInfo.InvariantCulture) ?? "none"}; version {FormatVersion} is read.");
        }

        var entries = file.Entries ?? [];
        var rates = file.ExchangeRates ?? [];
        var failures = entries.SelectMany(Failures).Concat(rates.SelectMany(Failures)).ToList();
        return failures.Count > 0
            ? throw new FormatException($"{failures.Count} value(s) of the price list are wrong: {string.Join("; ", failures)}.")
            : new PriceList([.. entries], [.. rates]);
    }

    /// <summary>Reads a price file.</summary>
    /// <exception cref="FormatException">As <see cref="Parse"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PriceList Load(string path)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length > MaxFileBytes)
        {
            throw new FormatException($"The price list '{path}' has {stream.Length} bytes; at most {MaxFileBytes} are read.");
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse(bytes);
    }

    /// <summary>Adds another list; where both have an entry of the same id and date, the other one counts.</summary>
    public PriceList With(PriceList other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var replaced = other.Entries.Select(e => (e.Id, e.EffectiveFrom)).ToHashSet();
        var rates = other.ExchangeRates.Select(r => (r.From, r.To, r.Date)).ToHashSet();
        return new PriceList(
            [.. Entries.Where(e => !replaced.Contains((e.Id, e.EffectiveFrom))), .. other.Entries],
            [.. ExchangeRates.Where(r => !rates.Contains((r.From, r.To, r.Date))), .. other.ExchangeRates]);
    }

    /// <summary>Finds the entry of an id, such as <c>braket/ionq-forte</c>, in force on a day: the latest not after it; null if there is none.</summary>
    public PriceEntry? Find(string id, DateOnly day) =>
        Entries.Where(e => e.Id == id && e.EffectiveFrom <= day && (e.EffectiveUntil is null || day < e.EffectiveUntil)).MaxBy(e => e.EffectiveFrom);

    /// <summary>Converts an amount by the latest rate not after a day, in either direction; null if there is none: then the amounts must not be added up.</summary>
    public decimal? Convert(decimal amount, string from, string to, DateOnly day)
    {
        if (from == to)
        {
            return amount;
        }

        var rate = ExchangeRates
            .Where(r => r.Date <= day && ((r.From == from && r.To == to) || (r.From == to && r.To == from)))
            .MaxBy(r => r.Date);
        return rate is null ? null : rate.From == from ? amount * rate.Rate : amount / rate.Rate;
    }

    private static PriceList ReadShipped()
    {
        using var stream = typeof(PriceList).Assembly.GetManifestResourceStream("PredictiveOrchestration.Costs.prices.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse(bytes);
    }

    private static IEnumerable<string> Failures(PriceEntry entry)
    {
        if (string.IsNullOrWhiteSpace(entry.Id))
        {
            yield return "an entry has no id";
        }

        if (string.IsNullOrWhiteSpace(entry.Source))
        {
            yield return $"'{entry.Id}' names no source";
        }

        if (entry.EffectiveFrom == default)
        {
            yield return $"'{entry.Id}' has no 'effectiveFrom' date";
        }

        if (entry.Price is null)
        {
            yield return $"'{entry.Id}' has no price";
        }
        else if (entry.Price.Failure() is { } failure)
        {
            yield return $"'{entry.Id}': {failure}";
        }
    }

    private static IEnumerable<string> Failures(ExchangeRate rate)
    {
        if (string.IsNullOrWhiteSpace(rate.From) || string.IsNullOrWhiteSpace(rate.To) || rate.From == rate.To || rate.Rate <= 0 || rate.Date == default)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"the rate from '{rate.From}' to '{rate.To}' is {rate.Rate}, dated {rate.Date:O}; two currencies, a rate above 0 and a date are needed");
        }
    }
}

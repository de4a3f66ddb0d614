using System.Globalization;
using System.Text.Json;

namespace PredictiveOrchestration.Common;

/// <summary>Reads the JSON of others: missing fields are null, numbers may be in quotes, the depth is bounded.</summary>
public static class JsonReading
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>Reads a text in UTF-8.</summary>
    /// <exception cref="JsonException">It is no JSON, or nested more than 64 deep.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8, Options);
        return document.RootElement.Clone();
    }

    /// <summary>Reads a text.</summary>
    /// <exception cref="JsonException">It is no JSON, or nested more than 64 deep.</exception>
    public static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text, Options);
        return document.RootElement.Clone();
    }

    /// <summary>A property, or null if it is missing, null, or the element is no object.</summary>
    public static JsonElement? Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A property along a path.</summary>
    public static JsonElement? Get(this JsonElement element, params ReadOnlySpan<string> path)
    {
        JsonElement? at = element;
        foreach (var name in path)
        {
            at = at?.Get(name);
        }

        return at;
    }

    /// <summary>A text, also of a number.</summary>
    public static string? Text(this JsonElement? element) => element is not { } e ? null : e.ValueKind switch
    {
        JsonValueKind.String => e.GetString(),
        JsonValueKind.Number => e.GetRawText(),
        _ => null,
    };

    /// <summary>A finite number, also in quotes.</summary>
    public static double? Number(this JsonElement? element) =>
        double.TryParse(element.Text(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    /// <summary>An amount, also in quotes; never through a floating-point number.</summary>
    public static decimal? Amount(this JsonElement? element) =>
        decimal.TryParse(element.Text(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The elements of an array; none if it is missing or no array.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element) => element is { ValueKind: JsonValueKind.Array } e ? e.EnumerateArray() : [];

    /// <summary>The properties of an object; none if it is missing or no object.</summary>
    public static IEnumerable<JsonProperty> Members(this JsonElement? element) => element is { ValueKind: JsonValueKind.Object } e ? e.EnumerateObject() : [];

    /// <summary>A moment, written as ISO 8601 text or as seconds or milliseconds since 1970.</summary>
    public static DateTimeOffset? Moment(this JsonElement? element)
    {
        if (element.Number() is { } number)
        {
            return Math.Abs(number) > 8e15 ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)(number > 1e11 ? number : number * 1000));
        }

        return DateTimeOffset.TryParse(element.Text(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
    }
}

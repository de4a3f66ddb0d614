using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PredictiveOrchestration.Aws;

/// <summary>What a signature of AWS's version 4 is made for.</summary>
/// <param name="Region">The region.</param>
/// <param name="Service">The service's signing name.</param>
/// <param name="Time">The moment, which is in the header <c>x-amz-date</c> too.</param>
internal sealed record SigV4Scope(string Region, string Service, DateTimeOffset Time)
{
    public string Date => Time.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    public string Stamp => Time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    public string Text => $"{Date}/{Region}/{Service}/aws4_request";
}

/// <summary>AWS's Signature Version 4, for services other than S3: the path is encoded once more than it is on the wire.</summary>
internal static class SigV4Signer
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The value of the header <c>Authorization</c>.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path as it is sent.</param>
    /// <param name="query">The query as it is sent, without its question mark.</param>
    /// <param name="headers">The headers to sign, the host and the date among them.</param>
    /// <param name="body">The body; empty for none.</param>
    /// <param name="accessKey">The id of the key.</param>
    /// <param name="secretKey">The key.</param>
    /// <param name="scope">What it is made for.</param>
    public static string Authorize(
        string method, string path, string query, IEnumerable<(string Name, string Value)> headers, ReadOnlySpan<byte> body, string accessKey, string secretKey, SigV4Scope scope)
    {
        var sorted = headers.Select(h => (Name: h.Name.ToLowerInvariant(), Value: Trim(h.Value))).OrderBy(h => h.Name, StringComparer.Ordinal).ToList();
        var names = string.Join(';', sorted.Select(h => h.Name));
        var canonical = $"{method}\n{Path(path)}\n{Query(query)}\n{string.Concat(sorted.Select(h => $"{h.Name}:{h.Value}\n"))}\n{names}\n{Hex(SHA256.HashData(body))}";
        var toSign = $"{Algorithm}\n{scope.Stamp}\n{scope.Text}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (var part in (ReadOnlySpan<string>)[scope.Date, scope.Region, scope.Service, "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return $"{Algorithm} Credential={accessKey}/{scope.Text}, SignedHeaders={names}, Signature={Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)))}";
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private static string Path(string path) => path.Length == 0 ? "/" : string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static string Query(string query) => string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(p => p.Split('=', 2))
        .Select(p => (Name: Encode(p[0]), Value: p.Length > 1 ? Encode(p[1]) : string.Empty))
        .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Value, StringComparer.Ordinal)
        .Select(p => $"{p.Name}={p.Value}"));

    private static string Encode(string sent) => Uri.EscapeDataString(Uri.UnescapeDataString(sent));

    // Runs of spaces count as one.
    private static string Trim(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

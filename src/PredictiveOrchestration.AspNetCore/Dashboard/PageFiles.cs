using System.Collections.Frozen;
using System.Security.Cryptography;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>A file of the page.</summary>
internal sealed record PageFile(byte[] Bytes, string MediaType, string Tag);

/// <summary>The files of the page, which are part of this assembly.</summary>
internal static class PageFiles
{
    private const string Prefix = "PredictiveOrchestration.AspNetCore.Dashboard/";
    private static readonly FrozenDictionary<string, PageFile> All = Load();

    /// <summary>Finds a file by its name; null if there is none.</summary>
    public static PageFile? Find(string name) => All.GetValueOrDefault(name);

    private static FrozenDictionary<string, PageFile> Load()
    {
        var assembly = typeof(PageFiles).Assembly;
        return assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(n => n[Prefix.Length..], n =>
        {
            using var stream = assembly.GetManifestResourceStream(n)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var type = Path.GetExtension(n) switch
            {
                ".html" => "text/html; charset=utf-8",
                ".css" => "text/css; charset=utf-8",
                _ => "text/javascript; charset=utf-8",
            };
            return new PageFile(bytes, type, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes)[..8])}\"");
        });
    }
}

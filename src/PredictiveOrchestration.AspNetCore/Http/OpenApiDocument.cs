namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>The description of the protocol for tools; written by hand, and compared with the mapped endpoints by a test.</summary>
internal static class OpenApiDocument
{
    public static byte[] Bytes { get; } = Load();

    private static byte[] Load()
    {
        using var stream = typeof(OpenApiDocument).Assembly.GetManifestResourceStream("PredictiveOrchestration.AspNetCore.openapi.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

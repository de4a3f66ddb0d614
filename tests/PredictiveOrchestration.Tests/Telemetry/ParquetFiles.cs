using Parquet;
using Parquet.Serialization;

namespace PredictiveOrchestration.Tests.Telemetry;

internal static class ParquetFiles
{
    /// <summary>The columns of a file, in order.</summary>
    public static async Task<IReadOnlyList<string>> ColumnsAsync(Stream stream) => [.. (await ParquetReader.ReadSchemaAsync(stream)).DataFields.Select(f => f.Name)];

    /// <summary>The rows of a file, by column; what is null is left out.</summary>
    public static async Task<IEnumerable<IDictionary<string, object?>>> ReadAsync(Stream stream)
    {
        var read = await ParquetSerializer.DeserializeUntypedAsync(stream);
        return read.Data!;
    }
}

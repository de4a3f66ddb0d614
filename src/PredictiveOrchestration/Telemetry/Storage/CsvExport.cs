using System.Buffers;
using System.Globalization;
using System.Text;

namespace PredictiveOrchestration.Telemetry.Storage;

/// <summary>Telemetry as comma-separated values after RFC 4180: UTF-8, a line of names first, numbers with a decimal point, times in ISO 8601.</summary>
internal static class CsvExport
{
    private const int ReportEvery = 1000;
    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    public static async Task<long> WriteAsync(IAsyncEnumerable<ExecutionRecord> records, Stream destination, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var writer = new StreamWriter(destination, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\r\n" };
        await using (writer.ConfigureAwait(false))
        {
            await writer.WriteLineAsync(string.Join(',', TelemetryColumns.All.Select(c => c.Name))).ConfigureAwait(false);
            var line = new StringBuilder();
            long written = 0;
            await foreach (var record in records.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                line.Clear();
                foreach (var column in TelemetryColumns.All)
                {
                    line.Append(line.Length == 0 ? string.Empty : ",").Append(Field(column.Get(record)));
                }

                await writer.WriteLineAsync(line, cancellationToken).ConfigureAwait(false);
                if (++written % ReportEvery == 0)
                {
                    progress?.Report(written);
                }
            }

            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            progress?.Report(written);
            return written;
        }
    }

    private static string Field(object? value) => value switch
    {
        null => string.Empty,
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        string text => text.AsSpan().ContainsAny(Special) ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}

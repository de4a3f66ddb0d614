using Parquet;
using Parquet.Schema;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Telemetry.Storage;

namespace PredictiveOrchestration.Parquet;

/// <summary>Exports stored telemetry as Apache Parquet.</summary>
public static class TelemetryStoreParquetExtensions
{
    private const int RowGroup = 50_000, MoneyDigits = 38, MoneyScale = 18;

    /// <summary>
    /// Writes stored records as a Parquet file with the columns of the database: times as UTC timestamps in microseconds, money as decimals with 18 places, everything nullable, in
    /// row groups of 50,000 records compressed with Snappy.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="destination">Where to; it must be able to seek, and stays open.</param>
    /// <param name="query">Which records; null for all.</param>
    /// <param name="progress">Told the number of records written after each row group; or null.</param>
    /// <param name="cancellationToken">Gives up; what was written so far is no whole file.</param>
    /// <returns>The number of records.</returns>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static async Task<long> ExportParquetAsync(
        this TelemetryStore store, Stream destination, TelemetryQuery? query = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(destination);
        if (!destination.CanSeek)
        {
            throw new ArgumentException("A Parquet file needs a stream that can seek, such as a file.", nameof(destination));
        }

        var columns = TelemetryColumns.All;
        DataField[] fields = [.. columns.Select(FieldOf)];
        long written = 0;
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), destination, new ParquetOptions { CompressionMethod = CompressionMethod.Snappy }, cancellationToken: cancellationToken).ConfigureAwait(false);
        var group = new List<ExecutionRecord>();
        async Task WriteGroupAsync()
        {
            using var rows = writer.CreateRowGroup();
            for (var i = 0; i < fields.Length; i++)
            {
                await WriteAsync(rows, fields[i], columns[i], group, cancellationToken).ConfigureAwait(false);
            }

            rows.CompleteValidate();
            written += group.Count;
            group.Clear();
            progress?.Report(written);
        }

        await foreach (var record in store.ReadAsync(query, cancellationToken).ConfigureAwait(false))
        {
            group.Add(record);
            if (group.Count == RowGroup)
            {
                await WriteGroupAsync().ConfigureAwait(false);
            }
        }

        if (group.Count > 0)
        {
            await WriteGroupAsync().ConfigureAwait(false);
        }

        return written;
    }

    private static DataField FieldOf(TelemetryColumn column) => column.Kind switch
    {
        ColumnKind.Integer => new DataField(column.Name, typeof(long), isNullable: true),
        ColumnKind.Real => new DataField(column.Name, typeof(double), isNullable: true),
        ColumnKind.Flag => new DataField(column.Name, typeof(bool), isNullable: true),
        ColumnKind.Money => new DecimalDataField(column.Name, MoneyDigits, MoneyScale, isNullable: true),
        ColumnKind.Time => new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: true),
        _ => new DataField(column.Name, typeof(string), isNullable: true),
    };

    private static Task WriteAsync(ParquetRowGroupWriter rows, DataField field, TelemetryColumn column, List<ExecutionRecord> records, CancellationToken cancellationToken)
    {
        Task Values<T>(Func<object, T> convert)
            where T : struct => rows.WriteAsync<T>(field, records.Select(r => column.Get(r) is { } value ? convert(value) : (T?)null).ToArray().AsMemory(), null, null, cancellationToken);
        return column.Kind switch
        {
            ColumnKind.Integer => Values(v => (long)v),
            ColumnKind.Real => Values(v => (double)v),
            ColumnKind.Flag => Values(v => (bool)v),
            ColumnKind.Money => Values(v => Math.Round((decimal)v, MoneyScale)),
            ColumnKind.Time => Values(v => ((DateTimeOffset)v).UtcDateTime),
            _ => rows.WriteAsync(field, records.Select(r => (string)column.Get(r)!).ToArray()),
        };
    }
}

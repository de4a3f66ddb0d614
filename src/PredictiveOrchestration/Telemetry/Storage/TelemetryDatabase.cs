using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Telemetry.Storage;

/// <summary>A record with the name under which it is written once, however often that is tried.</summary>
internal readonly record struct StoredRecord(Guid Id, ExecutionRecord Record);

/// <summary>
/// Telemetry in a database: one table, in the order of writing, and its schema's version. Each call has a connection of its own. What databases do differently is left to
/// those that derive. Thread-safe.
/// </summary>
internal abstract class TelemetryDatabase : IAsyncDisposable
{
    public const string Table = "orchestration_executions";
    public const string VersionTable = "orchestration_schema";

    /// <summary>The version of the table's form. Other versions are refused: they are not changed by guessing.</summary>
    public const int SchemaVersion = 1;

    private const int Page = 1000;
    private static readonly string Columns = string.Join(", ", TelemetryColumns.All.Select(c => c.Name));
    private volatile bool _isPrepared;

    /// <summary>Where it is, in words and without secrets.</summary>
    public abstract string Description { get; }

    /// <summary>Adds records, all or none; those whose identifier is there already are left as they are.</summary>
    public async Task WriteAsync(IReadOnlyList<StoredRecord> records, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await InsertAsync(connection, records, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes what is beyond the limits, the oldest first.</summary>
    /// <returns>How many records went.</returns>
    public async Task<long> TrimAsync(TelemetryStoreOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        long deleted = 0;
        if (options.MaxAge is { } age && now - DateTimeOffset.UnixEpoch > age)
        {
            using var command = Command(connection, $"DELETE FROM {Table} WHERE at < @oldest");
            Bind(command, "oldest", ColumnKind.Time, now - age);
            deleted += await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        var count = await ScalarAsync(connection, $"SELECT COUNT(*) FROM {Table}", cancellationToken).ConfigureAwait(false);
        if (options.MaxRecords is { } most && count > most)
        {
            var gone = await DeleteOldestAsync(connection, count - most, cancellationToken).ConfigureAwait(false);
            (deleted, count) = (deleted + gone, count - gone);
        }

        // What a record takes is known on average only: a few rounds come below the limit, by a twentieth, so that it is not reached again at once.
        for (var round = 0; round < 8 && count > 0 && options.MaxBytes is { } bytes && await SizeAsync(connection, cancellationToken).ConfigureAwait(false) is var size && size > bytes; round++)
        {
            var gone = await DeleteOldestAsync(connection, Math.Max(1, (long)Math.Ceiling(count * (1 - (0.95 * bytes / size)))), cancellationToken).ConfigureAwait(false);
            (deleted, count) = (deleted + gone, count - gone);
        }

        if (deleted > 0)
        {
            await ShrinkAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        return deleted;
    }

    /// <summary>Counts the records that a query asks for, its limit aside.</summary>
    public async Task<long> CountAsync(TelemetryQuery query, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        using var command = Command(connection, $"SELECT COUNT(*) FROM {Table} WHERE 1 = 1");
        Filter(command, query);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }

    /// <summary>Reads page by page, so that a slow reader holds nothing up; what is written after the beginning is not read.</summary>
    public async IAsyncEnumerable<ExecutionRecord> ReadAsync(TelemetryQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long? last = null, end = null;
        for (var left = query.Limit ?? long.MaxValue; left > 0;)
        {
            var page = new List<(long Sequence, ExecutionRecord Record)>();
            await using (var connection = await OpenAsync(cancellationToken).ConfigureAwait(false))
            {
                end ??= await ScalarAsync(connection, $"SELECT COALESCE(MAX(seq), 0) FROM {Table}", cancellationToken).ConfigureAwait(false);
                using var command = Command(connection, $"SELECT seq, {Columns} FROM {Table} WHERE seq <= @end");
                Bind(command, "end", ColumnKind.Integer, end);
                Filter(command, query);
                if (last is not null)
                {
                    command.CommandText += query.NewestFirst ? " AND seq < @last" : " AND seq > @last";
                    Bind(command, "last", ColumnKind.Integer, last);
                }

                command.CommandText += string.Create(CultureInfo.InvariantCulture, $" ORDER BY seq{(query.NewestFirst ? " DESC" : string.Empty)} LIMIT {Math.Min(Page, left)}");
                await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    page.Add((reader.GetInt64(0), TelemetryColumns.ToRecord([.. TelemetryColumns.All.Select((c, i) => reader.IsDBNull(i + 1) ? null : Read(reader, i + 1, c.Kind))])));
                }
            }

            foreach (var (_, record) in page)
            {
                yield return record;
            }

            left -= page.Count;
            last = page.Count == 0 ? null : page[^1].Sequence;
            if (page.Count < Page)
            {
                break;
            }
        }
    }

    /// <summary>Whether a failure comes from what was written, so that trying again would not help.</summary>
    public abstract bool IsFaultOfData(Exception exception);

    public abstract ValueTask DisposeAsync();

    /// <summary>Whether what was made once may still be there.</summary>
    protected virtual bool IsThere => true;

    /// <summary>An open connection, whatever the database holds.</summary>
    protected abstract Task<DbConnection> ConnectAsync(bool isPrepared, CancellationToken cancellationToken);

    /// <summary>Makes the tables if there are none; others that make them meanwhile wait.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    protected abstract Task CreateAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Begins a transaction that writes.</summary>
    protected virtual ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken) => connection.BeginTransactionAsync(cancellationToken);

    protected abstract Task InsertAsync(DbConnection connection, IReadOnlyList<StoredRecord> records, CancellationToken cancellationToken);

    /// <summary>The bytes that records take.</summary>
    protected abstract Task<long> SizeAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Gives back what deleted records took.</summary>
    protected abstract Task ShrinkAsync(DbConnection connection, CancellationToken cancellationToken);

    protected abstract string TypeOf(ColumnKind kind);

    protected abstract void Bind(DbCommand command, string name, ColumnKind kind, object? value);

    protected abstract object Read(DbDataReader reader, int ordinal, ColumnKind kind);

    // An open connection to a database whose schema is the right one; it is made where there is none.
    private async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var isPrepared = _isPrepared && IsThere;
        var connection = await ConnectAsync(isPrepared, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!isPrepared)
            {
                await using var transaction = await BeginAsync(connection, cancellationToken).ConfigureAwait(false);
                await CreateAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
                CheckVersion(await ScalarAsync(connection, $"SELECT version FROM {VersionTable}", cancellationToken, transaction).ConfigureAwait(false));
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                _isPrepared = true;
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The statements that make an empty database one of this version.</summary>
    protected string Creation(string sequence, string identifier) => $"""
        CREATE TABLE {Table} (seq {sequence}, id {identifier} NOT NULL UNIQUE, {string.Join(", ", TelemetryColumns.All.Select(c => $"{c.Name} {TypeOf(c.Kind)}"))});
        CREATE INDEX {Table}_at ON {Table} (at);
        CREATE TABLE {VersionTable} (version INTEGER NOT NULL);
        INSERT INTO {VersionTable} VALUES ({SchemaVersion});
        """;

    protected void CheckVersion(long version)
    {
        if (version != SchemaVersion)
        {
            throw new InvalidDataException($"The telemetry in {Description} is of version {version}; this library reads and writes version {SchemaVersion}. Export it with the library that wrote it, and name another place.");
        }
    }

    protected static DbCommand Command(DbConnection connection, string text, DbTransaction? transaction = null)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (text, transaction);
        return command;
    }

    protected static async Task ExecuteAsync(DbConnection connection, string text, CancellationToken cancellationToken, DbTransaction? transaction = null)
    {
        using var command = Command(connection, text, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    protected static async Task<long> ScalarAsync(DbConnection connection, string text, CancellationToken cancellationToken, DbTransaction? transaction = null)
    {
        using var command = Command(connection, text, transaction);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }

    private async Task<long> DeleteOldestAsync(DbConnection connection, long count, CancellationToken cancellationToken)
    {
        using var command = Command(connection, $"DELETE FROM {Table} WHERE seq IN (SELECT seq FROM {Table} ORDER BY seq LIMIT @count)");
        Bind(command, "count", ColumnKind.Integer, count);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Filter(DbCommand command, TelemetryQuery query)
    {
        void Where(string condition, string column, object? value)
        {
            if (value is not null)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"f{command.Parameters.Count}");
                command.CommandText += $" AND {column} {condition} @{name}";
                Bind(command, name, TelemetryColumns.Of(column).Kind, value);
            }
        }

        Where(">=", "at", query.From);
        Where("<", "at", query.To);
        Where("=", "backend", TelemetryColumns.Clean(query.BackendId));
        Where("=", "strategy", TelemetryColumns.Clean(query.Strategy));
        Where("=", "tag", TelemetryColumns.Clean(query.Tag));
        Where("=", "run", query.RunId?.ToString("N"));
        Where("=", "outcome", query.Outcome is { } outcome ? OrchestrationMetrics.Outcome(outcome) : null);
    }
}

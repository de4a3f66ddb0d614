using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Telemetry.Storage;

/// <summary>
/// Telemetry in an SQLite file with a write-ahead log: what was written survives a kill; a power cut may take the last seconds. Processes may share it.
/// </summary>
internal sealed class SqliteTelemetryDatabase(string path) : TelemetryDatabase
{
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss.ffffff";
    private static readonly string Insert =
        $"INSERT INTO {Table} (id, {string.Join(", ", TelemetryColumns.All.Select(c => c.Name))}) VALUES (@id, {string.Join(", ", TelemetryColumns.All.Select(c => "@" + c.Name))}) ON CONFLICT (id) DO NOTHING";

    private readonly string _connection = SharedFile.ConnectionString(path, seconds: 10);

    public override string Description => $"'{path}'";

    // SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH.
    public override bool IsFaultOfData(Exception exception) => exception is SqliteException { SqliteErrorCode: 18 or 19 or 20 };

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // A file that was taken away is made anew.
    protected override bool IsThere => File.Exists(path);

    protected override async Task<DbConnection> ConnectAsync(bool isPrepared, CancellationToken cancellationToken)
    {
        if (!isPrepared && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var connection = new SqliteConnection(_connection);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(connection, isPrepared ? "PRAGMA synchronous = NORMAL" : "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    protected override ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken) => ValueTask.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));

    protected override async Task InsertAsync(DbConnection connection, IReadOnlyList<StoredRecord> records, CancellationToken cancellationToken)
    {
        await using var transaction = await BeginAsync(connection, cancellationToken).ConfigureAwait(false);
        using var command = Command(connection, Insert, transaction);
        Bind(command, "id", ColumnKind.Text, string.Empty);
        foreach (var column in TelemetryColumns.All)
        {
            Bind(command, column.Name, column.Kind, null);
        }

        foreach (var (id, record) in records)
        {
            command.Parameters[0].Value = id.ToString("N");
            for (var i = 0; i < TelemetryColumns.All.Count; i++)
            {
                command.Parameters[i + 1].Value = Value(TelemetryColumns.All[i].Get(record));
            }

            command.ExecuteNonQuery();
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task<long> SizeAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var pages = await ScalarAsync(connection, "PRAGMA page_count", cancellationToken).ConfigureAwait(false) - await ScalarAsync(connection, "PRAGMA freelist_count", cancellationToken).ConfigureAwait(false);
        return pages * await ScalarAsync(connection, "PRAGMA page_size", cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ShrinkAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        // The pragma frees a page for each row that is read of it.
        using (var command = Command(connection, "PRAGMA incremental_vacuum"))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
            }
        }

        await ExecuteAsync(connection, "PRAGMA wal_checkpoint(TRUNCATE)", cancellationToken).ConfigureAwait(false);
    }

    protected override string TypeOf(ColumnKind kind) => kind switch
    {
        ColumnKind.Integer or ColumnKind.Flag => "INTEGER",
        ColumnKind.Real => "REAL",
        _ => "TEXT",
    };

    protected override void Bind(DbCommand command, string name, ColumnKind kind, object? value) => ((SqliteCommand)command).Parameters.AddWithValue("@" + name, Value(value));

    protected override object Read(DbDataReader reader, int ordinal, ColumnKind kind) => kind switch
    {
        ColumnKind.Integer => reader.GetInt64(ordinal),
        ColumnKind.Flag => reader.GetInt64(ordinal) != 0,
        ColumnKind.Real => reader.GetDouble(ordinal),
        ColumnKind.Money => decimal.Parse(reader.GetString(ordinal), CultureInfo.InvariantCulture),
        ColumnKind.Time => DateTimeOffset.ParseExact(reader.GetString(ordinal), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        _ => reader.GetString(ordinal),
    };

    // A time is a text that sorts as it should, and that SQLite's date functions read.
    private static object Value(object? value) => value switch
    {
        null => DBNull.Value,
        DateTimeOffset time => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
        decimal money => money.ToString(CultureInfo.InvariantCulture),
        bool flag => flag ? 1L : 0L,
        _ => value,
    };

    protected override async Task CreateAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        if (await ScalarAsync(connection, "SELECT COUNT(*) FROM sqlite_master", cancellationToken, transaction).ConfigureAwait(false) == 0)
        {
            await ExecuteAsync(connection, Creation("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT"), cancellationToken, transaction).ConfigureAwait(false);
        }
        else if (await ScalarAsync(connection, $"SELECT COUNT(*) FROM sqlite_master WHERE name = '{VersionTable}'", cancellationToken, transaction).ConfigureAwait(false) == 0)
        {
            throw new InvalidDataException($"{Description} is a database, but not one of telemetry. Name another file.");
        }
    }
}

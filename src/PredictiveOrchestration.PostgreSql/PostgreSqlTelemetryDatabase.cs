using System.Data.Common;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using PredictiveOrchestration.Telemetry.Storage;

namespace PredictiveOrchestration.PostgreSql;

/// <summary>Telemetry in PostgreSQL: a batch is one statement, with an array for each column.</summary>
internal sealed class PostgreSqlTelemetryDatabase : TelemetryDatabase
{
    // Held while the tables are made, so that two hosts that begin together do not both make them.
    private const long CreationLock = 0x506F5F54656C65;
    private static readonly string Insert =
        $"INSERT INTO {Table} (id, {string.Join(", ", TelemetryColumns.All.Select(c => c.Name))}) SELECT * FROM unnest(@id, {string.Join(", ", TelemetryColumns.All.Select(c => "@" + c.Name))}) ON CONFLICT (id) DO NOTHING";

    private readonly NpgsqlDataSource _source;

    public PostgreSqlTelemetryDatabase(NpgsqlConnectionStringBuilder settings)
    {
        _source = new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        Description = $"'{settings.Database ?? settings.Username}' at {settings.Host}";
    }

    public override string Description { get; }

    // Classes 22 (data) and 23 (constraints), and what cannot be encoded.
    public override bool IsFaultOfData(Exception exception) =>
        exception is PostgresException { SqlState: var state } ? state.StartsWith("22", StringComparison.Ordinal) || state.StartsWith("23", StringComparison.Ordinal)
        : exception is InvalidCastException or OverflowException or System.Text.EncoderFallbackException;

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    protected override async Task<DbConnection> ConnectAsync(bool isPrepared, CancellationToken cancellationToken) => await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);

    protected override async Task InsertAsync(DbConnection connection, IReadOnlyList<StoredRecord> records, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Insert, (NpgsqlConnection)connection);
        command.Parameters.Add(new NpgsqlParameter("id", NpgsqlDbType.Array | NpgsqlDbType.Uuid) { Value = records.Select(r => r.Id).ToArray() });
        foreach (var column in TelemetryColumns.All)
        {
            object Values<T>(Func<object, T> convert)
                where T : struct => records.Select(r => column.Get(r.Record) is { } value ? convert(value) : (T?)null).ToArray();
            command.Parameters.Add(new NpgsqlParameter(column.Name, NpgsqlDbType.Array | DbTypeOf(column.Kind))
            {
                Value = column.Kind switch
                {
                    ColumnKind.Integer => Values(v => (long)v),
                    ColumnKind.Real => Values(v => (double)v),
                    ColumnKind.Money => Values(v => (decimal)v),
                    ColumnKind.Flag => Values(v => (bool)v),
                    ColumnKind.Time => Values(v => ((DateTimeOffset)v).UtcDateTime),
                    _ => records.Select(r => (string?)column.Get(r.Record)).ToArray(),
                },
            });
        }

        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    // The mean of the latest records, with their headers and entries in three indexes, times all of them: the size on disk counts what deleted ones left.
    protected override Task<long> SizeAsync(DbConnection connection, CancellationToken cancellationToken) => ScalarAsync(
        connection,
        $"SELECT COALESCE(CEIL((SELECT AVG(pg_column_size(latest.*) + 28 + 100) FROM (SELECT * FROM {Table} ORDER BY seq DESC LIMIT 1000) latest) * (SELECT COUNT(*) FROM {Table})), 0)::bigint",
        cancellationToken);

    protected override Task ShrinkAsync(DbConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;

    protected override string TypeOf(ColumnKind kind) => kind switch
    {
        ColumnKind.Integer => "bigint",
        ColumnKind.Real => "double precision",
        ColumnKind.Money => "numeric",
        ColumnKind.Flag => "boolean",
        ColumnKind.Time => "timestamptz",
        _ => "text",
    };

    protected override void Bind(DbCommand command, string name, ColumnKind kind, object? value) => ((NpgsqlCommand)command).Parameters.Add(new NpgsqlParameter(name, DbTypeOf(kind))
    {
        Value = value is DateTimeOffset time ? time.UtcDateTime : value ?? DBNull.Value,
    });

    protected override object Read(DbDataReader reader, int ordinal, ColumnKind kind) => kind switch
    {
        ColumnKind.Integer => reader.GetInt64(ordinal),
        ColumnKind.Real => reader.GetDouble(ordinal),
        ColumnKind.Money => reader.GetDecimal(ordinal),
        ColumnKind.Flag => reader.GetBoolean(ordinal),
        ColumnKind.Time => new DateTimeOffset(DateTime.SpecifyKind(reader.GetDateTime(ordinal), DateTimeKind.Utc)),
        _ => reader.GetString(ordinal),
    };

    private static NpgsqlDbType DbTypeOf(ColumnKind kind) => kind switch
    {
        ColumnKind.Integer => NpgsqlDbType.Bigint,
        ColumnKind.Real => NpgsqlDbType.Double,
        ColumnKind.Money => NpgsqlDbType.Numeric,
        ColumnKind.Flag => NpgsqlDbType.Boolean,
        ColumnKind.Time => NpgsqlDbType.TimestampTz,
        _ => NpgsqlDbType.Text,
    };

    protected override async Task CreateAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({CreationLock})"), cancellationToken, transaction).ConfigureAwait(false);
        if (await ScalarAsync(connection, $"SELECT COUNT(to_regclass('{VersionTable}'))", cancellationToken, transaction).ConfigureAwait(false) == 0)
        {
            await ExecuteAsync(connection, Creation("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "uuid"), cancellationToken, transaction).ConfigureAwait(false);
        }
    }
}

using System.Globalization;
using Npgsql;
using PredictiveOrchestration.Integration.Knowledge;

namespace PredictiveOrchestration.PostgreSql;

/// <summary>
/// A knowledge store in PostgreSQL (13 or later), where instances on several hosts learn from each other: the tables <c>orchestration_knowledge</c> and
/// <c>orchestration_knowledge_schema</c> in the first schema of the search path, made at the first use. Thread-safe.
/// </summary>
public sealed class PostgreSqlKnowledgeStore : IKnowledgeStore, IAsyncDisposable
{
    private const string Table = "orchestration_knowledge", VersionTable = "orchestration_knowledge_schema";
    private const int SchemaVersion = 1;

    // Held while the tables are made, so that two hosts that begin together do not both make them.
    private const long CreationLock = 0x506F5F4B6E6F77;
    private readonly NpgsqlDataSource _source;
    private readonly string _description;
    private volatile bool _isPrepared;

    /// <summary>
    /// Makes a store; connects to nothing yet. Unless the connection string says otherwise, the server's certificate is checked (<c>SSL Mode=VerifyFull</c>) where the server is
    /// another machine.
    /// </summary>
    /// <param name="connectionString">As Npgsql takes it; never logged.</param>
    /// <exception cref="ArgumentException">The connection string names no host.</exception>
    public PostgreSqlKnowledgeStore(string connectionString)
    {
        var settings = PostgreSqlTelemetry.Settings(connectionString);
        _source = new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        _description = $"'{settings.Database ?? settings.Username}' at {settings.Host}";
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An entry has a text or content of a length that is not accepted.</exception>
    /// <exception cref="InvalidDataException">The database holds a store of another version.</exception>
    public async Task PutAsync(IReadOnlyList<KnowledgeEntry> entries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entries);
        foreach (var entry in entries)
        {
            entry.Check();
        }

        await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);

        // In one order, so that two writers never wait for each other.
        foreach (var entry in entries.OrderBy(e => e.Kind, StringComparer.Ordinal).ThenBy(e => e.Key, StringComparer.Ordinal).ThenBy(e => e.Instance, StringComparer.Ordinal))
        {
            await using var command = new NpgsqlCommand(
                $"""
                INSERT INTO {Table} (kind, key, instance, at, content) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (kind, key, instance) DO UPDATE SET at = excluded.at, content = excluded.content WHERE excluded.at >= {Table}.at
                """,
                connection, transaction)
            {
                Parameters = { new() { Value = entry.Kind }, new() { Value = entry.Key }, new() { Value = entry.Instance }, new() { Value = entry.At.UtcTicks }, new() { Value = entry.Content.ToArray() } },
            };
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The database holds a store of another version.</exception>
    public async Task<IReadOnlyList<KnowledgeEntry>> FindAsync(string kind, string? key = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(
            $"SELECT key, instance, at, content FROM {Table} WHERE kind = $1 AND ($2::text IS NULL OR key = $2) ORDER BY key, instance", connection)
        {
            Parameters = { new() { Value = kind }, new() { Value = (object?)key ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var entries = new List<KnowledgeEntry>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            entries.Add(new KnowledgeEntry(kind, reader.GetString(0), reader.GetString(1), new DateTimeOffset(reader.GetInt64(2), TimeSpan.Zero), reader.GetFieldValue<byte[]>(3)));
        }

        return entries;
    }

    /// <summary>Closes its connections.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isPrepared)
            {
                await PrepareAsync(connection, cancellationToken).ConfigureAwait(false);
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

    private async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);

        // Names sort as their bytes, whatever the database's language.
        await using (var create = new NpgsqlCommand(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT pg_advisory_xact_lock({CreationLock});
                CREATE TABLE IF NOT EXISTS {VersionTable} (version INTEGER NOT NULL);
                INSERT INTO {VersionTable} SELECT {SchemaVersion} WHERE NOT EXISTS (SELECT FROM {VersionTable});
                CREATE TABLE IF NOT EXISTS {Table} (kind TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL, instance TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, content BYTEA NOT NULL, PRIMARY KEY (kind, key, instance));
                """),
            connection, transaction))
        {
            await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await using var version = new NpgsqlCommand($"SELECT version FROM {VersionTable}", connection, transaction);
        if (await version.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not SchemaVersion)
        {
            throw new InvalidDataException($"{_description} has a knowledge store of another version than {SchemaVersion}. Use another database or schema.");
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }
}

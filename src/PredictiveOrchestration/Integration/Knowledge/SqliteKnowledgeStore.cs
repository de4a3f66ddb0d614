using Microsoft.Data.Sqlite;

namespace PredictiveOrchestration.Integration.Knowledge;

/// <summary>A knowledge store in a SQLite file with a write-ahead log; several processes may share it.</summary>
public sealed class SqliteKnowledgeStore : IKnowledgeStore, IAsyncDisposable
{
    private const int FormatVersion = 1;
    private readonly SqliteConnection _connection;
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Opens or creates the file.</summary>
    /// <param name="path">The file; its folder is made if it is missing.</param>
    /// <exception cref="InvalidDataException">The file is no knowledge store, or of another version.</exception>
    public SqliteKnowledgeStore(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = false }.ToString());
        _connection = connection;
        try
        {
            connection.Open();
            Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", null);
            using var transaction = connection.BeginTransaction(deferred: false);
            Prepare(path, transaction);
            transaction.Commit();
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw new InvalidDataException($"The knowledge store '{path}' cannot be opened: {exception.Message} Move it away to begin a new one, or name another file.", exception);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task PutAsync(IReadOnlyList<KnowledgeEntry> entries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entries);
        foreach (var entry in entries)
        {
            entry.Check();
        }

        await OneAsync(
            () =>
            {
                using var transaction = _connection.BeginTransaction(deferred: false);
                foreach (var entry in entries)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    using var command = new SqliteCommand(
                        """
                        INSERT INTO knowledge (kind, key, instance, at, content) VALUES ($kind, $key, $instance, $at, $content)
                        ON CONFLICT (kind, key, instance) DO UPDATE SET at = excluded.at, content = excluded.content WHERE excluded.at >= knowledge.at
                        """,
                        _connection, transaction);
                    command.Parameters.AddWithValue("$kind", entry.Kind);
                    command.Parameters.AddWithValue("$key", entry.Key);
                    command.Parameters.AddWithValue("$instance", entry.Instance);
                    command.Parameters.AddWithValue("$at", entry.At.UtcTicks);
                    command.Parameters.AddWithValue("$content", entry.Content.ToArray());
                    command.ExecuteNonQuery();
                }

                transaction.Commit();
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<KnowledgeEntry>> FindAsync(string kind, string? key = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        return OneAsync<IReadOnlyList<KnowledgeEntry>>(
            () =>
            {
                using var command = new SqliteCommand("SELECT key, instance, at, content FROM knowledge WHERE kind = $kind AND ($key IS NULL OR key = $key) ORDER BY key, instance", _connection);
                command.Parameters.AddWithValue("$kind", kind);
                command.Parameters.AddWithValue("$key", (object?)key ?? DBNull.Value);
                using var reader = command.ExecuteReader();
                var entries = new List<KnowledgeEntry>();
                while (reader.Read())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    entries.Add(new KnowledgeEntry(kind, reader.GetString(0), reader.GetString(1), new DateTimeOffset(reader.GetInt64(2), TimeSpan.Zero), reader.GetFieldValue<byte[]>(3)));
                }

                return entries;
            },
            cancellationToken);
    }

    /// <summary>Closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _one.WaitAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        _one.Release();
    }

    // The engine's calls block: they run elsewhere, one at a time.
    private async Task<T> OneAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(work, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    private void Prepare(string path, SqliteTransaction transaction)
    {
        var version = Scalar("PRAGMA user_version", transaction);
        if (version == 0 && Scalar("SELECT COUNT(*) FROM sqlite_master", transaction) == 0)
        {
            Execute(
                $"""
                CREATE TABLE knowledge (kind TEXT NOT NULL, key TEXT NOT NULL, instance TEXT NOT NULL, at INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (kind, key, instance));
                PRAGMA application_id = 1347113803;
                PRAGMA user_version = {FormatVersion};
                """,
                transaction);
        }
        else if (version != FormatVersion || Scalar("PRAGMA application_id", transaction) != 1347113803)
        {
            throw new InvalidDataException($"'{path}' is not a knowledge store of version {FormatVersion}. Name another file.");
        }
    }

    private void Execute(string text, SqliteTransaction? transaction)
    {
        using var command = new SqliteCommand(text, _connection, transaction);
        command.ExecuteNonQuery();
    }

    private long Scalar(string text, SqliteTransaction transaction)
    {
        using var command = new SqliteCommand(text, _connection, transaction);
        return (long)command.ExecuteScalar()!;
    }
}

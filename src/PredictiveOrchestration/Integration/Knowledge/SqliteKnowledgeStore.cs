using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Integration.Knowledge;

/// <summary>A knowledge store in a SQLite file with a write-ahead log; several processes may share it.</summary>
public sealed class SqliteKnowledgeStore : IKnowledgeStore, IAsyncDisposable
{
    private const int FormatVersion = 1;
    private const long ApplicationId = 1347113803;
    private readonly SharedFile _file;
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Opens or creates the file.</summary>
    /// <param name="path">The file; its folder is made if it is missing.</param>
    /// <exception cref="InvalidDataException">The file is no knowledge store, or of another version.</exception>
    public SqliteKnowledgeStore(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _file = new SharedFile(path, file => Prepare(file, path), message => $"The knowledge store '{path}' cannot be opened: {message} Move it away to begin a new one, or name another file.", synchronises: false);
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
                try
                {
                    _file.Begin();
                    foreach (var entry in entries)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        _file.Execute(
                            """
                            INSERT INTO knowledge (kind, key, instance, at, content) VALUES ($kind, $key, $instance, $at, $content)
                            ON CONFLICT (kind, key, instance) DO UPDATE SET at = excluded.at, content = excluded.content WHERE excluded.at >= knowledge.at
                            """,
                            ("$kind", entry.Kind), ("$key", entry.Key), ("$instance", entry.Instance), ("$at", entry.At.UtcTicks), ("$content", entry.Content.ToArray()));
                    }

                    _file.Commit();
                }
                finally
                {
                    _file.Rollback();
                }

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
                using var command = _file.Command("SELECT key, instance, at, content FROM knowledge WHERE kind = $kind AND ($key IS NULL OR key = $key) ORDER BY key, instance", ("$kind", kind), ("$key", key));
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
        _file.Dispose();
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

    private static void Prepare(SharedFile file, string path)
    {
        if (file.IsNew)
        {
            file.Execute($"""
                CREATE TABLE knowledge (kind TEXT NOT NULL, key TEXT NOT NULL, instance TEXT NOT NULL, at INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (kind, key, instance));
                PRAGMA application_id = {ApplicationId};
                PRAGMA user_version = {FormatVersion};
                """);
        }
        else if (file.Version != FormatVersion || file.Scalar("PRAGMA application_id") != ApplicationId)
        {
            throw new InvalidDataException($"'{path}' is not a knowledge store of version {FormatVersion}. Name another file.");
        }
    }
}

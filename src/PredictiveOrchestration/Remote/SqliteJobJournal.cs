using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Remote;

/// <summary>
/// A journal in an SQLite file with a write-ahead log, synchronised at every write: what was written survives a kill or a power cut. Processes may share it.
/// </summary>
public sealed class SqliteJobJournal : IRemoteJobJournal, IDisposable
{
    private const int FormatVersion = 1;
    private readonly SharedFile _file;
    private readonly Lock _lock = new();
    private readonly int _maxPending;
    private readonly int _maxFinished;

    /// <summary>Opens or creates the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxPending">Jobs that may be pending at one time.</param>
    /// <param name="maxFinished">Finished jobs that are kept; older ones are deleted.</param>
    /// <exception cref="InvalidDataException">The file is no journal, or of another version.</exception>
    public SqliteJobJournal(string path, int maxPending = 100_000, int maxFinished = 1000)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        (_maxPending, _maxFinished) = (maxPending, maxFinished);
        _file = new SharedFile(
            path, file => Prepare(file, path), message => $"The journal of remote jobs '{path}' cannot be opened: {message} Move it away to begin a new one, or name another file.");
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(RemoteJob job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            try
            {
                _file.Begin();
                Write(job);
                _file.Commit();
            }
            catch (SqliteException exception)
            {
                throw new BackendException(BackendErrorKind.Unavailable, job.BackendId, $"The journal of remote jobs cannot be written ({exception.Message}); no job is submitted until it can.", exception);
            }
            finally
            {
                _file.Rollback();
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<RemoteJob?> FindAsync(string tag, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(Read("SELECT job FROM jobs WHERE tag = $value", tag).FirstOrDefault());
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RemoteJob>> ListPendingAsync(string backendId, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return ValueTask.FromResult<IReadOnlyList<RemoteJob>>(Read("SELECT job FROM jobs WHERE pending = 1 AND backend = $value ORDER BY created, tag", backendId));
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _file.Dispose();
        }
    }

    private void Write(RemoteJob job)
    {
        if (job.IsPending && _file.Scalar("SELECT COUNT(*) FROM jobs WHERE pending = 1") >= _maxPending && Read("SELECT job FROM jobs WHERE tag = $value", job.Tag).Count == 0)
        {
            throw new BackendException(
                BackendErrorKind.Unavailable, job.BackendId, $"The journal of remote jobs holds {_maxPending} pending jobs, the most it takes. Resume or reconcile some, or give it more room.");
        }

        _file.Execute(
            "INSERT INTO jobs VALUES ($tag, $backend, $pending, $created, $job) ON CONFLICT (tag) DO UPDATE SET pending = $pending, job = $job",
            ("$tag", job.Tag), ("$backend", job.BackendId), ("$pending", job.IsPending ? 1 : 0), ("$created", job.CreatedAt.UtcTicks), ("$job", JsonSerializer.Serialize(job, RemoteJobJson.Default.RemoteJob)));
        if (!job.IsPending)
        {
            _file.Execute($"DELETE FROM jobs WHERE pending = 0 AND rowid IN (SELECT rowid FROM jobs WHERE pending = 0 ORDER BY created DESC LIMIT -1 OFFSET {_maxFinished})");
        }
    }

    private List<RemoteJob> Read(string text, string value)
    {
        using var command = _file.Command(text, ("$value", value));
        using var reader = command.ExecuteReader();
        var jobs = new List<RemoteJob>();
        while (reader.Read())
        {
            if (JsonSerializer.Deserialize(reader.GetString(0), RemoteJobJson.Default.RemoteJob) is { } job)
            {
                jobs.Add(job);
            }
        }

        return jobs;
    }

    private static void Prepare(SharedFile file, string path)
    {
        if (file.IsNew)
        {
            file.Execute($"""
                CREATE TABLE jobs (tag TEXT PRIMARY KEY, backend TEXT NOT NULL, pending INTEGER NOT NULL, created INTEGER NOT NULL, job TEXT NOT NULL);
                CREATE INDEX jobs_pending ON jobs (pending, backend, created);
                PRAGMA user_version = {FormatVersion};
                """);
        }
        else if (file.Version is var version and not FormatVersion)
        {
            throw new InvalidDataException($"'{path}' is not a journal of remote jobs of version {FormatVersion} (it says {version}). Name another file.");
        }
    }
}

/// <summary>How jobs are written down.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(RemoteJob))]
internal sealed partial class RemoteJobJson : JsonSerializerContext;

using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>
/// Jobs in an SQLite file with a write-ahead log. What a write's task confirms survives a kill. What must survive a power cut too is synchronised to the
/// disk: acceptance, deletion, and whatever concerns runs that others charge for; any other job whose end a power cut takes back runs again, and is booked
/// once. Writes are served in batches by one thread, each batch one transaction; a second synchronises the log meanwhile, once for all that wait for it, so
/// that nothing else waits for the disk; a third carries the log over to the file. Reads use connections of their own. One process at a time.
/// </summary>
internal sealed class JobStore : IDisposable
{
    private const int FormatVersion = 1;
    private const int LargestBatch = 512;
    private readonly SqliteConnection _connection;
    private readonly JobStoreReaders _readers;
    private readonly LogCheckpoints _checkpoints;
    private readonly LogSynchroniser _synchroniser;
    private readonly Dictionary<string, decimal> _spent = new(StringComparer.Ordinal);
    private readonly FileStream _lock;
    private readonly Channel<Write> _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(8192) { SingleReader = true });
    private readonly Thread _writer;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _update;
    private readonly SqliteCommand _end;
    private readonly SqliteCommand _book;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private int _disposed;
    private bool _booksAreStale;
    private volatile string? _trouble;

    /// <summary>Opens or creates the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="synchronise">Brings what was written to a file onto the disk; null for what the system offers.</param>
    /// <exception cref="InvalidDataException">The file is no job store, or of another version.</exception>
    /// <exception cref="IOException">Another process has it open.</exception>
    public JobStore(string path, Action<SafeFileHandle>? synchronise = null)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            _lock = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"The job store '{path}' is in use by another process. Give each worker a file of its own.", exception);
        }

        _connection = new SqliteConnection(SharedFile.ConnectionString(path));
        _readers = new JobStoreReaders(path);
        _checkpoints = new LogCheckpoints(path);
        try
        {
            _connection.Open();

            // Commits leave the log to the synchroniser.
            Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;");
            Prepare(path);
            LoadBooks();
            _synchroniser = new LogSynchroniser(path + "-wal", synchronise ?? RandomAccess.FlushToDisk);
        }
        catch (Exception exception)
        {
            _readers.Dispose();
            _checkpoints.Dispose();
            _connection.Dispose();
            _lock.Dispose();
            if (exception is SqliteException)
            {
                throw new InvalidDataException($"The job store '{path}' cannot be opened: {exception.Message} Move it away to begin a new one, or name another file.", exception);
            }

            throw;
        }

        _insert = Command(
            "INSERT INTO jobs (id, owner, idem, fingerprint, state, submitted, ended, parent, record, request) VALUES ($id, $owner, $idem, $fingerprint, $state, $submitted, $ended, $parent, $record, $request)",
            "$id", "$owner", "$idem", "$fingerprint", "$state", "$submitted", "$ended", "$parent", "$record", "$request");
        _update = Command("UPDATE jobs SET state = $state, record = $record WHERE id = $id AND ended IS NULL", "$id", "$state", "$record");

        // The one way into a final state: it counts once, whoever tries it again.
        _end = Command("UPDATE jobs SET state = $state, record = $record, result = $result, ended = $ended WHERE id = $id AND ended IS NULL", "$id", "$state", "$record", "$result", "$ended");
        _book = Command("INSERT INTO accounts VALUES ($owner, $spent) ON CONFLICT (owner) DO UPDATE SET spent = $spent", "$owner", "$spent");
        _begin = Command("BEGIN IMMEDIATE");
        _commit = Command("COMMIT");
        _writer = new Thread(Run) { IsBackground = true, Name = "job store" };
        _writer.Start();
    }

    /// <summary>Why the last batch could not be written, or null if it could. What could not be synchronised may be lost, whatever the disk says later: then nothing more is written.</summary>
    public string? Trouble => _synchroniser.Trouble ?? _trouble;

    /// <summary>Writes new jobs, all or none.</summary>
    public Task AddAsync(IReadOnlyList<NewJob> jobs) => SendAsync(() =>
    {
        foreach (var job in jobs)
        {
            Set(_insert, job.Record.Id, job.Record.Owner, job.Key, job.Fingerprint, job.Record.State.Name(), job.Record.SubmittedAt.UtcTicks, job.Record.EndedAt?.UtcTicks, job.Record.Parent, Json(job.Record), job.Request);
            _insert.ExecuteNonQuery();
        }
    }, bytes: jobs.Sum(j => j.Request?.LongLength ?? 0), undo: () =>
    {
        foreach (var job in jobs)
        {
            Execute("DELETE FROM jobs WHERE id = $id", ("$id", job.Record.Id));
        }
    });

    /// <summary>Writes that a job has changed, without having ended.</summary>
    public Task UpdateAsync(JobRecord record) => SendAsync(
        () =>
        {
            Set(_update, record.Id, record.State.Name(), Json(record));
            _update.ExecuteNonQuery();
        },
        record.PaysOthers);

    /// <summary>Writes a job's end and books its cost, both or neither, and only once.</summary>
    public Task EndAsync(JobRecord record, byte[]? result) => SendAsync(
        () =>
        {
            Set(_end, record.Id, record.State.Name(), Json(record), result, record.EndedAt!.Value.UtcTicks);
            if (_end.ExecuteNonQuery() == 1 && record.Cost is { } cost and > 0)
            {
                var spent = _spent.GetValueOrDefault(record.Owner) + cost;
                Set(_book, record.Owner, spent.ToString(CultureInfo.InvariantCulture));
                _book.ExecuteNonQuery();
                _spent[record.Owner] = spent;
            }
        },
        record.PaysOthers,
        result?.LongLength ?? 0);

    /// <summary>Deletes a job that has ended; its idempotency key is free again.</summary>
    public Task DeleteAsync(IReadOnlyList<string> ids) => SendAsync(() =>
    {
        foreach (var id in ids)
        {
            Execute("DELETE FROM jobs WHERE id = $id OR parent = $id", ("$id", id));
        }
    });

    /// <summary>Takes away results and jobs that were kept for their time.</summary>
    public Task ExpireAsync(DateTimeOffset resultsBefore, DateTimeOffset jobsBefore) => SendAsync(() =>
    {
        Execute("DELETE FROM jobs WHERE ended < $t OR (ended IS NULL AND request IS NULL AND submitted < $t)", ("$t", jobsBefore.UtcTicks));
        Execute("UPDATE jobs SET result = NULL, request = NULL, state = 'expired' WHERE ended < $t AND state = 'succeeded' AND result IS NOT NULL", ("$t", resultsBefore.UtcTicks));
        Execute("UPDATE jobs SET request = NULL WHERE ended < $t AND request IS NOT NULL", ("$t", resultsBefore.UtcTicks));
    });

    public JobRecord? Find(string id) => _readers.Read("SELECT record, state FROM jobs WHERE id = $id", Record, ("$id", id)).FirstOrDefault();

    /// <summary>The job that an owner submitted with a key, and the fingerprint of what was submitted.</summary>
    public (JobRecord Record, byte[] Fingerprint)? FindByKey(string owner, string key)
    {
        foreach (var found in _readers.Read("SELECT record, state, fingerprint FROM jobs WHERE owner = $owner AND idem = $idem", r => (Record(r), (byte[])r.GetValue(2)), ("$owner", owner), ("$idem", key)))
        {
            return found;
        }

        return null;
    }

    public byte[]? ReadRequest(string id) => _readers.Read("SELECT request FROM jobs WHERE id = $id", r => r.IsDBNull(0) ? null : (byte[])r.GetValue(0), ("$id", id)).FirstOrDefault();

    public byte[]? ReadResult(string id) => _readers.Read("SELECT result FROM jobs WHERE id = $id", r => r.IsDBNull(0) ? null : (byte[])r.GetValue(0), ("$id", id)).FirstOrDefault();

    /// <summary>An owner's jobs, newest first, without parts of others.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="state">The state, or null for all.</param>
    /// <param name="before">The place in the list to begin behind, or null.</param>
    /// <param name="limit">The most jobs.</param>
    public IReadOnlyList<(long Place, JobRecord Record)> List(string owner, string? state, long? before, int limit) => [.. _readers.Read(
        "SELECT record, state, seq FROM jobs WHERE owner = $owner AND parent IS NULL AND ($state IS NULL OR state = $state) AND seq < $before ORDER BY seq DESC LIMIT $limit",
        r => (r.GetInt64(2), Record(r)), ("$owner", owner), ("$state", state), ("$before", before ?? long.MaxValue), ("$limit", limit))];

    public IReadOnlyList<JobRecord> ChildrenOf(string id) => [.. _readers.Read("SELECT record, state FROM jobs WHERE parent = $id ORDER BY seq", Record, ("$id", id))];

    /// <summary>The jobs that have not ended, oldest first.</summary>
    public IReadOnlyList<JobRecord> LoadUnfinished() => [.. _readers.Read("SELECT record, state FROM jobs WHERE ended IS NULL AND request IS NOT NULL ORDER BY seq", Record)];

    public IReadOnlyList<(string Owner, decimal Spent)> LoadSpent() => [.. _readers.Read("SELECT owner, spent FROM accounts", r => (r.GetString(0), decimal.Parse(r.GetString(1), CultureInfo.InvariantCulture)))];

    /// <summary>Writes what was accepted and closes the file.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _writes.Writer.TryComplete();
            _writer.Join();
            _synchroniser.Dispose();
            _checkpoints.Dispose();
            foreach (var command in (ReadOnlySpan<SqliteCommand>)[_insert, _update, _end, _book, _begin, _commit])
            {
                command.Dispose();
            }

            _readers.Dispose();
            _connection.Dispose();
            _lock.Dispose();
        }
    }

    private void LoadBooks()
    {
        _spent.Clear();
        foreach (var (owner, spent) in LoadSpent())
        {
            _spent[owner] = spent;
        }

        _booksAreStale = false;
    }

    private async Task SendAsync(Action apply, bool synchronise = true, long bytes = 0, Action? undo = null)
    {
        if (_synchroniser.Trouble is { } trouble)
        {
            throw new JobStoreException(trouble, null);
        }

        var written = await WriteAsync(new Write(apply, bytes, synchronise)).ConfigureAwait(false);
        if (written is not null && await written.ConfigureAwait(false) is { } exception)
        {
            if (undo is not null)
            {
                // Who asked is told no: then it must not be there after a restart, as far as this disk still does anything.
                await WriteAsync(new Write(undo, 0, false)).ConfigureAwait(false);
            }

            throw new JobStoreException($"The job store cannot be written: {exception.Message}", exception);
        }
    }

    // The synchronisation that is still to come, if the write wants one.
    private async Task<Task<Exception?>?> WriteAsync(Write write)
    {
        try
        {
            await _writes.Writer.WriteAsync(write).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new JobStoreException("The job store is closed.", null);
        }

        return await write.Done.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        var batch = new List<Write>();
        var reader = _writes.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < LargestBatch && reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            Commit(batch);
            batch.Clear();
        }
    }

    private void Commit(List<Write> batch)
    {
        try
        {
            if (_booksAreStale)
            {
                LoadBooks();
            }

            lock (_checkpoints.Turn)
            {
                _begin.ExecuteNonQuery();
                foreach (var write in batch)
                {
                    Apply(write, batch.Count == 1);
                }

                _commit.ExecuteNonQuery();
            }

            _checkpoints.Written(batch.Sum(w => w.Bytes));
            _trouble = null;
        }
        catch (Exception exception)
        {
            // What one write alone violates is its caller's trouble, not the store's.
            _trouble = exception is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CONSTRAINT } ? _trouble : exception.Message;
            Undo();
            _booksAreStale = true;
            batch.ForEach(w => w.Error = exception);
        }

        var onDisk = batch.Exists(w => w is { Synchronise: true, Error: null }) ? _synchroniser.Ask() : null;
        foreach (var write in batch)
        {
            if (write.Error is { } error)
            {
                write.Done.TrySetException(new JobStoreException($"The job store cannot be written: {error.Message}", error));
            }
            else
            {
                write.Done.TrySetResult(write.Synchronise ? onDisk : null);
            }
        }
    }

    // One of several writes may violate a constraint without harm to the others.
    private void Apply(Write write, bool isAlone)
    {
        if (isAlone)
        {
            write.Apply();
            return;
        }

        Execute("SAVEPOINT one");
        try
        {
            write.Apply();
            Execute("RELEASE one");
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_CONSTRAINT)
        {
            Execute("ROLLBACK TO one; RELEASE one");
            write.Error = exception;
        }
    }

    private void Undo()
    {
        try
        {
            Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // The engine has undone it already.
        }
    }

    private void Prepare(string path)
    {
        using var version = _connection.CreateCommand();
        version.CommandText = "PRAGMA user_version";
        var found = (long)version.ExecuteScalar()!;
        version.CommandText = "SELECT COUNT(*) FROM sqlite_master";
        if (found == 0 && (long)version.ExecuteScalar()! == 0)
        {
            Execute(
                $"""
                BEGIN IMMEDIATE;
                CREATE TABLE jobs (
                    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, idem TEXT, fingerprint BLOB, state TEXT NOT NULL,
                    submitted INTEGER NOT NULL, ended INTEGER, parent TEXT, record TEXT NOT NULL, request BLOB, result BLOB);
                CREATE UNIQUE INDEX jobs_idem ON jobs (owner, idem) WHERE idem IS NOT NULL;
                CREATE INDEX jobs_owner ON jobs (owner, seq);
                CREATE INDEX jobs_open ON jobs (seq) WHERE ended IS NULL;
                CREATE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
                CREATE INDEX jobs_parent ON jobs (parent) WHERE parent IS NOT NULL;
                CREATE TABLE accounts (owner TEXT PRIMARY KEY, spent TEXT NOT NULL);
                PRAGMA user_version = {FormatVersion};
                COMMIT;
                """);
        }
        else if (found != FormatVersion)
        {
            throw new InvalidDataException($"'{path}' is not a job store of version {FormatVersion} (it says {found}). Name another file.");
        }
    }

    // The state is a column of its own, because results expire in bulk.
    private static JobRecord Record(SqliteDataReader reader) =>
        JsonSerializer.Deserialize(reader.GetString(0), JobJson.Default.JobRecord)! with { State = JobStates.Parse(reader.GetString(1)) };

    private static string Json(JobRecord record) => JsonSerializer.Serialize(record, JobJson.Default.JobRecord);

    private SqliteCommand Command(string text, params string[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }

    private static void Set(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].ResetSqliteType();
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }
    }

    private void Execute(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        command.ExecuteNonQuery();
    }

    private sealed class Write(Action apply, long bytes, bool synchronise)
    {
        public long Bytes => bytes;

        public Action Apply => apply;

        public bool Synchronise => synchronise;

        public Exception? Error { get; set; }

        public TaskCompletionSource<Task<Exception?>?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>A job to be written.</summary>
/// <param name="Record">The job.</param>
/// <param name="Request">What was asked for, to be read again after a restart; null for a job that only groups others.</param>
/// <param name="Key">The idempotency key, or null.</param>
/// <param name="Fingerprint">What tells two requests of the same key apart, or null.</param>
internal sealed record NewJob(JobRecord Record, byte[]? Request, string? Key = null, byte[]? Fingerprint = null);

/// <summary>The store could not be written; what was asked for has not happened.</summary>
internal sealed class JobStoreException(string message, Exception? inner) : Exception(message, inner);

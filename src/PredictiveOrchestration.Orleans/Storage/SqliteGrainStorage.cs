using System.Globalization;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;

namespace PredictiveOrchestration.Orleans.Storage;

/// <summary>
/// Grain state in a SQLite file with a write-ahead log, which the silos of one machine share. One connection for each silo; what is asked while a transaction runs goes into the next one
/// together, so that many grains share a write. A state's version is its ETag: of two writers of the same version one is refused. No write waits until the log is brought into the file: that is done
/// beside them, see <see cref="SqliteLog"/>.
/// </summary>
internal sealed class SqliteGrainStorage : IGrainStorage, IAsyncDisposable
{
    private const int LargestBatch = 512;
    private readonly Serializer _serializer;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _read, _insert, _update, _clear;
    private readonly Channel<Ask> _asked = Channel.CreateBounded<Ask>(new BoundedChannelOptions(65_536) { SingleReader = true });
    private readonly SqliteLog _log;
    private readonly Task _loop;

    /// <summary>Transactions written so far.</summary>
    public long Commits { get; private set; }

    /// <summary>States written and cleared so far.</summary>
    public long Writes { get; private set; }

    /// <summary>Opens the file; its tables must have been made.</summary>
    public SqliteGrainStorage(string path, Serializer serializer)
    {
        _serializer = serializer;
        _connection = ClusterSql.OpenSqlite(path);
        _log = new SqliteLog(path, _connection);
        _read = Command("SELECT payload, version FROM grains WHERE type = $type AND id = $id", "$type", "$id");
        _insert = Command("INSERT INTO grains (type, id, version, payload, modified) VALUES ($type, $id, 1, $payload, unixepoch()) ON CONFLICT DO NOTHING", "$type", "$id", "$payload");
        _update = Command("UPDATE grains SET payload = $payload, version = version + 1, modified = unixepoch() WHERE type = $type AND id = $id AND version = $version", "$type", "$id", "$payload", "$version");
        _clear = Command("DELETE FROM grains WHERE type = $type AND id = $id AND version = $version", "$type", "$id", "$version");
        _loop = Task.Run(RunAsync);
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = await AskAsync(
            null,
            () =>
            {
                Set(_read, stateName, grainId.ToString());
                using var reader = _read.ExecuteReader();
                return reader.Read() ? (Payload: reader.GetFieldValue<byte[]>(0), Version: reader.GetInt64(1)) : default((byte[] Payload, long Version)?);
            });
        grainState.State = found is { } row ? _serializer.Deserialize<T>(row.Payload) : Activator.CreateInstance<T>();
        grainState.ETag = found?.Version.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = found is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // The grain may change its state as soon as this waits.
        var payload = _serializer.SerializeToArray(grainState.State);
        var etag = grainState.ETag;
        var version = etag is null ? 0 : long.Parse(etag, CultureInfo.InvariantCulture);
        var id = grainId.ToString();
        var changed = await AskAsync(
            payload,
            () =>
            {
                var command = version == 0 ? _insert : _update;
                if (version == 0)
                {
                    Set(command, stateName, id, payload);
                }
                else
                {
                    Set(command, stateName, id, payload, version);
                }

                return command.ExecuteNonQuery();
            });
        Check(changed, stateName, id, etag);
        grainState.ETag = (version + 1).ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState.ETag is { } etag)
        {
            var id = grainId.ToString();
            var changed = await AskAsync(
                [],
                () =>
                {
                    Set(_clear, stateName, id, long.Parse(etag, CultureInfo.InvariantCulture));
                    return _clear.ExecuteNonQuery();
                });
            Check(changed, stateName, id, etag);
        }

        (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
    }

    /// <summary>Writes what was asked and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_asked.Writer.TryComplete())
        {
            await _loop.ConfigureAwait(false);
            await _log.DisposeAsync().ConfigureAwait(false);
            foreach (var command in (ReadOnlySpan<SqliteCommand>)[_read, _insert, _update, _clear])
            {
                command.Dispose();
            }

            _connection.Dispose();
        }
    }

    private static void Check(int changed, string type, string id, string? etag)
    {
        if (changed == 0)
        {
            throw new InconsistentStateException($"The state '{type}' of grain '{id}' is not that of version {etag ?? "none"} any more: another activation has written it.", "another", etag);
        }
    }

    private async Task<T> AskAsync<T>(byte[]? written, Func<T> work)
    {
        var ask = new Ask(written is not null, written?.Length ?? 0, () => work());
        try
        {
            await _asked.Writer.WriteAsync(ask);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(SqliteGrainStorage));
        }

        return (T)(await ask.Done.Task)!;
    }

    private async Task RunAsync()
    {
        var batch = new List<Ask>();
        while (await _asked.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < LargestBatch && _asked.Reader.TryRead(out var ask))
            {
                batch.Add(ask);
            }

            Serve(batch);
            batch.Clear();
        }
    }

    private void Serve(List<Ask> batch)
    {
        var writes = batch.Exists(a => a.Writes);
        try
        {
            if (writes)
            {
                Execute("BEGIN IMMEDIATE");
            }

            foreach (var ask in batch)
            {
                ask.Answer = ask.Work();
            }

            if (writes)
            {
                Execute("COMMIT");
                Commits++;
                Writes += batch.Count(a => a.Writes);
            }
        }
        catch (SqliteException exception)
        {
            Undo();
            batch.ForEach(a => a.Done.TrySetException(new OrleansException($"The cluster's file cannot be used now: {exception.Message}", exception)));
            return;
        }

        batch.ForEach(a => a.Done.TrySetResult(a.Answer));
        if (writes)
        {
            _log.Committed(batch.Count(a => a.Writes), batch.Sum(a => a.Bytes));
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
            // There was no transaction, or it is undone already.
        }
    }

    private void Execute(string text)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string text, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }

    private static void Set(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    private sealed class Ask(bool writes, long bytes, Func<object?> work)
    {
        public bool Writes => writes;

        public long Bytes => bytes;

        public Func<object?> Work => work;

        public object? Answer { get; set; }

        public TaskCompletionSource<object?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

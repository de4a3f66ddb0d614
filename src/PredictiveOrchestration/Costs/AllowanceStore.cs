using System.Globalization;
using Microsoft.Data.Sqlite;

namespace PredictiveOrchestration.Costs;

/// <summary>What a job has used or set aside of a backend's allowance.</summary>
internal readonly record struct AllowanceUse(string Key, string BackendId, DateTimeOffset At, decimal Quantity);

/// <summary>
/// The uses of allowances in an SQLite file with a write-ahead log, synchronised at every commit; processes may share it: a transaction first reads what the others wrote. Not thread-safe.
/// </summary>
internal sealed class AllowanceStore : IDisposable
{
    private const int FormatVersion = 1;
    private readonly SqliteConnection _connection;
    private SqliteTransaction? _transaction;
    private long _seen;

    /// <summary>Opens or creates the file.</summary>
    /// <exception cref="InvalidDataException">The file is something else, or of another version.</exception>
    public AllowanceStore(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = false }.ToString());
        try
        {
            _connection.Open();
            Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
            _transaction = _connection.BeginTransaction(deferred: false);
            if (Scalar("PRAGMA user_version") is var version && version == 0 && Scalar("SELECT COUNT(*) FROM sqlite_master") == 0)
            {
                Execute($"""
                    CREATE TABLE uses (key TEXT PRIMARY KEY, backend TEXT NOT NULL, at INTEGER NOT NULL, quantity TEXT NOT NULL, change INTEGER NOT NULL);
                    CREATE INDEX uses_change ON uses (change);
                    CREATE INDEX uses_age ON uses (backend, at);
                    PRAGMA user_version = {FormatVersion};
                    """);
            }
            else if (version != FormatVersion)
            {
                throw new InvalidDataException($"'{path}' does not hold allowances of version {FormatVersion} (it says {version}). Name another file.");
            }

            Commit();
        }
        catch (SqliteException exception)
        {
            _connection.Dispose();
            throw new InvalidDataException($"The allowances '{path}' cannot be opened: {exception.Message} Move the file away to begin a new one, or name another ledger.", exception);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>Begins a transaction that locks others out, and gives what has changed since the last one.</summary>
    public List<AllowanceUse> Begin()
    {
        _transaction = _connection.BeginTransaction(deferred: false);
        return Changes();
    }

    /// <summary>What has changed since the last look, without locking anyone out.</summary>
    public List<AllowanceUse> Changes()
    {
        using var command = Command("SELECT key, backend, at, quantity, change FROM uses WHERE change > $seen ORDER BY change", ("$seen", _seen));
        using var reader = command.ExecuteReader();
        var uses = new List<AllowanceUse>();
        while (reader.Read())
        {
            uses.Add(new AllowanceUse(reader.GetString(0), reader.GetString(1), new DateTimeOffset(reader.GetInt64(2), TimeSpan.Zero), decimal.Parse(reader.GetString(3), CultureInfo.InvariantCulture)));
            _seen = reader.GetInt64(4);
        }

        return uses;
    }

    /// <summary>Writes a use, in place of the job's earlier one, and forgets those of the backend that are older than a time.</summary>
    public void Write(AllowanceUse use, DateTimeOffset oldest)
    {
        using var write = Command(
            "INSERT INTO uses VALUES ($key, $backend, $at, $quantity, $change) ON CONFLICT (key) DO UPDATE SET quantity = $quantity, change = $change",
            ("$key", use.Key), ("$backend", use.BackendId), ("$at", use.At.UtcTicks), ("$quantity", use.Quantity.ToString(CultureInfo.InvariantCulture)), ("$change", ++_seen));
        write.ExecuteNonQuery();

        // The latest change stays, so that the numbers go on.
        using var forget = Command("DELETE FROM uses WHERE backend = $backend AND at < $oldest AND change < $change", ("$backend", use.BackendId), ("$oldest", oldest.UtcTicks), ("$change", _seen));
        forget.ExecuteNonQuery();
    }

    public void Commit()
    {
        _transaction!.Commit();
        End();
    }

    /// <summary>Undoes the transaction, if one is open; what it changed is read again.</summary>
    public void Rollback()
    {
        try
        {
            _transaction?.Rollback();
        }
        catch (SqliteException)
        {
            // The engine has undone it already.
        }
        finally
        {
            End();
            _seen = 0;
        }
    }

    public void Dispose()
    {
        Rollback();
        _connection.Dispose();
    }

    private void End()
    {
        _transaction?.Dispose();
        _transaction = null;
    }

    private SqliteCommand Command(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = new SqliteCommand(text, _connection, _transaction);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private void Execute(string text)
    {
        using var command = Command(text);
        command.ExecuteNonQuery();
    }

    private long Scalar(string text)
    {
        using var command = Command(text);
        return (long)command.ExecuteScalar()!;
    }
}

using System.Globalization;
using Microsoft.Data.Sqlite;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// The ledger's file: an append-only SQLite table with a write-ahead log, synchronised at every commit, so that what was acknowledged survives a
/// kill or a power cut. Several processes may share it: a transaction first reads what the others wrote. One transaction at a time.
/// </summary>
internal sealed class LedgerStore : IDisposable
{
    private const int FormatVersion = 1;
    private readonly SqliteConnection _connection;
    private SqliteTransaction? _transaction;

    /// <summary>Opens or creates the file.</summary>
    /// <exception cref="InvalidDataException">The file is no ledger, of another version, or in another currency.</exception>
    public LedgerStore(string path, string currency)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = false }.ToString());
        _connection = connection;
        try
        {
            connection.Open();
            Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            using var transaction = connection.BeginTransaction(deferred: false);
            Prepare(path, currency, transaction);
            transaction.Commit();
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw new InvalidDataException($"The budget ledger '{path}' cannot be opened: {exception.Message} Move it away to begin a new one, or name another file.", exception);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Begins a transaction that locks others out, and gives the entries after <paramref name="sequence"/>.</summary>
    public List<LedgerEntry> Begin(long sequence)
    {
        _transaction = _connection.BeginTransaction(deferred: false);
        using var command = Command("SELECT seq, key, kind, amount, provider, tag, at FROM entries WHERE seq > $seq ORDER BY seq");
        command.Parameters.AddWithValue("$seq", sequence);
        return Read(command);
    }

    /// <summary>The entries of one job, in order.</summary>
    public List<LedgerEntry> Find(string key)
    {
        using var command = Command("SELECT seq, key, kind, amount, provider, tag, at FROM entries WHERE key = $key ORDER BY seq");
        command.Parameters.AddWithValue("$key", key);
        return Read(command);
    }

    /// <summary>Appends an entry and returns it with its number.</summary>
    public LedgerEntry Append(LedgerEntry entry)
    {
        using var command = Command("INSERT INTO entries (key, kind, amount, provider, tag, at) VALUES ($key, $kind, $amount, $provider, $tag, $at) RETURNING seq");
        command.Parameters.AddWithValue("$key", entry.Key);
        command.Parameters.AddWithValue("$kind", (int)entry.Kind);
        command.Parameters.AddWithValue("$amount", entry.Amount.ToString(CultureInfo.InvariantCulture));
        command.Parameters.AddWithValue("$provider", entry.Provider);
        command.Parameters.AddWithValue("$tag", (object?)entry.Tag ?? DBNull.Value);
        command.Parameters.AddWithValue("$at", entry.At.UtcTicks);
        return entry with { Sequence = (long)command.ExecuteScalar()! };
    }

    public void Commit()
    {
        _transaction!.Commit();
        End();
    }

    /// <summary>Undoes the transaction, if one is open.</summary>
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

    private void Prepare(string path, string currency, SqliteTransaction transaction)
    {
        var version = Scalar("PRAGMA user_version", transaction);
        if (version == 0 && Scalar("SELECT COUNT(*) FROM sqlite_master", transaction) == 0)
        {
            Execute(
                $"""
                CREATE TABLE entries (
                    seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, kind INTEGER NOT NULL, amount TEXT NOT NULL,
                    provider TEXT NOT NULL, tag TEXT, at INTEGER NOT NULL);
                CREATE UNIQUE INDEX entries_key ON entries (key, kind);
                CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
                CREATE TRIGGER entries_fixed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
                CREATE TRIGGER entries_kept BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
                PRAGMA user_version = {FormatVersion};
                """,
                transaction);
            using var command = new SqliteCommand("INSERT INTO properties VALUES ('currency', $currency)", _connection, transaction);
            command.Parameters.AddWithValue("$currency", currency);
            command.ExecuteNonQuery();
            return;
        }

        if (version != FormatVersion)
        {
            throw new InvalidDataException($"'{path}' is not a budget ledger of version {FormatVersion} (it says {version}). Name another file.");
        }

        using var read = new SqliteCommand("SELECT value FROM properties WHERE name = 'currency'", _connection, transaction);
        if ((string?)read.ExecuteScalar() is { } written && written != currency)
        {
            throw new InvalidDataException($"The budget ledger '{path}' is in {written}; {currency} is asked for. Use the same currency or another file.");
        }
    }

    private static List<LedgerEntry> Read(SqliteCommand command)
    {
        var entries = new List<LedgerEntry>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            entries.Add(new LedgerEntry(
                reader.GetInt64(0), reader.GetString(1), (LedgerEntryKind)reader.GetInt32(2), decimal.Parse(reader.GetString(3), CultureInfo.InvariantCulture),
                reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5), new DateTimeOffset(reader.GetInt64(6), TimeSpan.Zero)));
        }

        return entries;
    }

    private SqliteCommand Command(string text) => new(text, _connection, _transaction);

    private void Execute(string text, SqliteTransaction? transaction = null)
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

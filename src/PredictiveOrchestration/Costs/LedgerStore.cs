using System.Globalization;
using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// The ledger's file: an append-only table. Several processes may share it: a transaction first reads what the others wrote. One transaction at a time.
/// </summary>
internal sealed class LedgerStore : IDisposable
{
    private const int FormatVersion = 1;
    private const string Columns = "seq, key, kind, amount, provider, tag, at";
    private readonly SharedFile _file;

    /// <summary>Opens or creates the file.</summary>
    /// <exception cref="InvalidDataException">The file is no ledger, of another version, or in another currency.</exception>
    public LedgerStore(string path, string currency) => _file = new SharedFile(
        path, file => Prepare(file, path, currency), message => $"The budget ledger '{path}' cannot be opened: {message} Move it away to begin a new one, or name another file.");

    /// <summary>Begins a transaction that locks others out, and gives the entries after <paramref name="sequence"/>.</summary>
    public List<LedgerEntry> Begin(long sequence)
    {
        _file.Begin();
        using var command = _file.Command($"SELECT {Columns} FROM entries WHERE seq > $seq ORDER BY seq", ("$seq", sequence));
        return Read(command);
    }

    /// <summary>The entries of one job, in order.</summary>
    public List<LedgerEntry> Find(string key)
    {
        using var command = _file.Command($"SELECT {Columns} FROM entries WHERE key = $key ORDER BY seq", ("$key", key));
        return Read(command);
    }

    /// <summary>Appends an entry and returns it with its number.</summary>
    public LedgerEntry Append(LedgerEntry entry)
    {
        using var command = _file.Command(
            "INSERT INTO entries (key, kind, amount, provider, tag, at) VALUES ($key, $kind, $amount, $provider, $tag, $at) RETURNING seq",
            ("$key", entry.Key), ("$kind", (int)entry.Kind), ("$amount", entry.Amount.ToString(CultureInfo.InvariantCulture)), ("$provider", entry.Provider), ("$tag", entry.Tag), ("$at", entry.At.UtcTicks));
        return entry with { Sequence = (long)command.ExecuteScalar()! };
    }

    public void Commit() => _file.Commit();

    /// <summary>Undoes the transaction, if one is open.</summary>
    public void Rollback() => _file.Rollback();

    public void Dispose() => _file.Dispose();

    private static void Prepare(SharedFile file, string path, string currency)
    {
        if (file.IsNew)
        {
            file.Execute(
                $"""
                CREATE TABLE entries (
                    seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, kind INTEGER NOT NULL, amount TEXT NOT NULL,
                    provider TEXT NOT NULL, tag TEXT, at INTEGER NOT NULL);
                CREATE UNIQUE INDEX entries_key ON entries (key, kind);
                CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
                CREATE TRIGGER entries_fixed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
                CREATE TRIGGER entries_kept BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
                PRAGMA user_version = {FormatVersion};
                """);
            file.Execute("INSERT INTO properties VALUES ('currency', $currency)", ("$currency", currency));
            return;
        }

        if (file.Version is var version and not FormatVersion)
        {
            throw new InvalidDataException($"'{path}' is not a budget ledger of version {FormatVersion} (it says {version}). Name another file.");
        }

        using var read = file.Command("SELECT value FROM properties WHERE name = 'currency'");
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
}

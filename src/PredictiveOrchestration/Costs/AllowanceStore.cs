using System.Globalization;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Costs;

/// <summary>What a job has used or set aside of a backend's allowance.</summary>
internal readonly record struct AllowanceUse(string Key, string BackendId, DateTimeOffset At, decimal Quantity);

/// <summary>The uses of allowances in a file that processes may share: a transaction first reads what the others wrote. Not thread-safe.</summary>
internal sealed class AllowanceStore : IDisposable
{
    private const int FormatVersion = 1;
    private readonly SharedFile _file;
    private long _seen;

    /// <summary>Opens or creates the file.</summary>
    /// <exception cref="InvalidDataException">The file is something else, or of another version.</exception>
    public AllowanceStore(string path) => _file = new SharedFile(
        path, file => Prepare(file, path), message => $"The allowances '{path}' cannot be opened: {message} Move the file away to begin a new one, or name another ledger.");

    /// <summary>Begins a transaction that locks others out, and gives what has changed since the last one.</summary>
    public List<AllowanceUse> Begin()
    {
        _file.Begin();
        return Changes();
    }

    /// <summary>What has changed since the last look, without locking anyone out.</summary>
    public List<AllowanceUse> Changes()
    {
        using var command = _file.Command("SELECT key, backend, at, quantity, change FROM uses WHERE change > $seen ORDER BY change", ("$seen", _seen));
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
        _file.Execute(
            "INSERT INTO uses VALUES ($key, $backend, $at, $quantity, $change) ON CONFLICT (key) DO UPDATE SET at = $at, quantity = $quantity, change = $change",
            ("$key", use.Key), ("$backend", use.BackendId), ("$at", use.At.UtcTicks), ("$quantity", use.Quantity.ToString(CultureInfo.InvariantCulture)), ("$change", ++_seen));

        // The latest change stays, so that the numbers go on.
        _file.Execute("DELETE FROM uses WHERE backend = $backend AND at < $oldest AND change < $change", ("$backend", use.BackendId), ("$oldest", oldest.UtcTicks), ("$change", _seen));
    }

    public void Commit() => _file.Commit();

    /// <summary>Undoes the transaction, if one is open; what it changed is read again.</summary>
    public void Rollback()
    {
        _file.Rollback();
        _seen = 0;
    }

    public void Dispose() => _file.Dispose();

    private static void Prepare(SharedFile file, string path)
    {
        if (file.IsNew)
        {
            file.Execute($"""
                CREATE TABLE uses (key TEXT PRIMARY KEY, backend TEXT NOT NULL, at INTEGER NOT NULL, quantity TEXT NOT NULL, change INTEGER NOT NULL);
                CREATE INDEX uses_change ON uses (change);
                CREATE INDEX uses_age ON uses (backend, at);
                PRAGMA user_version = {FormatVersion};
                """);
        }
        else if (file.Version is var version and not FormatVersion)
        {
            throw new InvalidDataException($"'{path}' does not hold allowances of version {FormatVersion} (it says {version}). Name another file.");
        }
    }
}

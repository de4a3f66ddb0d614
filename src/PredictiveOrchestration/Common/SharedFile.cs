using Microsoft.Data.Sqlite;

namespace PredictiveOrchestration.Common;

/// <summary>
/// An SQLite file with a write-ahead log: what was acknowledged survives a kill, and, synchronised at every commit, a power cut too. Several processes may share it: a transaction locks the
/// others out. One transaction at a time; not thread-safe.
/// </summary>
internal sealed class SharedFile : IDisposable
{
    private readonly SqliteConnection _connection;
    private SqliteTransaction? _transaction;

    /// <summary>Opens or creates the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="prepare">Creates the tables or checks what is there, within a transaction.</param>
    /// <param name="describe">What could not be opened and what to do, from SQLite's message.</param>
    /// <param name="synchronises">Whether every commit waits for the disk; if not, a power cut may take the last ones.</param>
    /// <exception cref="InvalidDataException">The file is no database.</exception>
    public SharedFile(string path, Action<SharedFile> prepare, Func<string, string> describe, bool synchronises = true)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        _connection = new SqliteConnection(ConnectionString(path));
        try
        {
            _connection.Open();
            Execute($"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(synchronises ? "FULL" : "NORMAL")}");
            Begin();
            prepare(this);
            Commit();
        }
        catch (SqliteException exception)
        {
            Dispose();
            throw new InvalidDataException(describe(exception.Message), exception);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How such a file is opened: a connection of its own, which waits so long for others.</summary>
    public static string ConnectionString(string path, int seconds = 30, SqliteOpenMode mode = SqliteOpenMode.ReadWriteCreate) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = seconds, Mode = mode, Pooling = false }.ToString();

    /// <summary>The version that the file says it has; 0 if it says none.</summary>
    public long Version => Scalar("PRAGMA user_version");

    /// <summary>Whether nothing was ever written to it.</summary>
    public bool IsNew => Version == 0 && Scalar("SELECT COUNT(*) FROM sqlite_master") == 0;

    /// <summary>Begins a transaction.</summary>
    public void Begin() => _transaction = _connection.BeginTransaction(deferred: false);

    /// <summary>Ends the transaction: what it wrote is safe.</summary>
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

    /// <summary>A command in the transaction, if one is open.</summary>
    public SqliteCommand Command(string text, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = new SqliteCommand(text, _connection, _transaction);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    /// <summary>Runs a command that gives nothing.</summary>
    public void Execute(string text, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(text, parameters);
        command.ExecuteNonQuery();
    }

    /// <summary>The number that a command gives.</summary>
    public long Scalar(string text)
    {
        using var command = Command(text);
        return (long)command.ExecuteScalar()!;
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
}

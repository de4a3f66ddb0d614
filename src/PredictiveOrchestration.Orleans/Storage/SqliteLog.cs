using Microsoft.Data.Sqlite;

namespace PredictiveOrchestration.Orleans.Storage;

/// <summary>
/// Brings what is in a write-ahead log into its file, on another connection and thread than the writes: that waits for the disk. The first write to a log that is begun anew after it waits as well, for
/// SQLite brings the log's new head to the disk before anything else: therefore it is not done often. Only where the log grows for all that, as nothing ever pauses, a write waits for all of it.
/// </summary>
internal sealed class SqliteLog : IAsyncDisposable
{
    // 32 MiB of pages of 4 KiB. SQLite itself would do it after 4 MiB.
    private const int PagesBetween = 8192;
    private const int PageBytes = 4096;

    // 128 MiB.
    private const int MostPages = 32_768;
    private readonly string _path;
    private readonly SqliteConnection _writer;
    private Task _working = Task.CompletedTask;
    private long _pages;
    private volatile bool _isTooLong;

    /// <param name="path">The file.</param>
    /// <param name="writer">The connection that writes; it checkpoints by itself no more.</param>
    public SqliteLog(string path, SqliteConnection writer)
    {
        (_path, _writer) = (path, writer);
        Pages(writer, "PRAGMA wal_autocheckpoint = 0");
    }

    /// <summary>Counts what a transaction added to the log, about. Called on the writing thread, outside of transactions.</summary>
    /// <param name="states">The number of states written.</param>
    /// <param name="bytes">Their length.</param>
    public void Committed(int states, long bytes)
    {
        _pages += 1 + states + (bytes / PageBytes);
        if (_pages < PagesBetween || !_working.IsCompleted)
        {
            return;
        }

        _pages = 0;
        if (_isTooLong)
        {
            Try(() => Pages(_writer, "PRAGMA wal_checkpoint(RESTART)"));
        }

        _working = Task.Run(Work);
    }

    /// <summary>Waits for what is under way.</summary>
    public async ValueTask DisposeAsync() => await _working.ConfigureAwait(false);

    private void Work() => Try(() =>
    {
        using var connection = ClusterSql.OpenSqlite(_path);
        _isTooLong = Pages(connection, "PRAGMA wal_checkpoint(PASSIVE)") > MostPages;
    });

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (SqliteException)
        {
            // The file is gone or busy; after as many transactions again.
        }
    }

    // The pages in the log, where the statement tells.
    private static long Pages(SqliteConnection connection, string statement)
    {
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        using var reader = command.ExecuteReader();
        return reader.Read() && reader.FieldCount > 1 ? reader.GetInt64(1) : 0;
    }
}

using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>
/// Carries an SQLite file's write-ahead log over to the file from time to time, on a thread and a connection of its own: first everything, which no writer waits for, then
/// the little that was written meanwhile, while writers wait. Only so does the log begin anew under a load that never ends, instead of growing. What cannot be done now is
/// done the next time; nothing is lost meanwhile. Often and little, because whoever synchronises the log waits for what the file is being written.
/// </summary>
internal sealed class LogCheckpoints : IDisposable
{
    private const long EveryBytes = 2 << 20, BytesOfATransaction = 24 << 10;
    private readonly AutoResetEvent _wake = new(false);
    private readonly string _text;
    private readonly Thread _thread;
    private long _bytes;
    private volatile bool _ends;

    public LogCheckpoints(string path)
    {
        _text = SharedFile.ConnectionString(path);
        _thread = new Thread(Run) { IsBackground = true, Name = "job store log" };
        _thread.Start();
    }

    /// <summary>Held while a transaction is written.</summary>
    public Lock Turn { get; } = new();

    /// <summary>Says that a transaction was written, and about how many bytes in it; for the writer alone.</summary>
    public void Written(long bytes)
    {
        _bytes += BytesOfATransaction + bytes;
        if (_bytes >= EveryBytes)
        {
            _bytes = 0;
            _wake.Set();
        }
    }

    public void Dispose()
    {
        _ends = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        SqliteConnection? connection = null;
        while (_wake.WaitOne() && !_ends)
        {
            try
            {
                if (connection is null)
                {
                    connection = new SqliteConnection(_text);
                    connection.Open();
                }

                using var command = connection.CreateCommand();
                command.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
                command.ExecuteNonQuery();
                lock (Turn)
                {
                    command.ExecuteNonQuery();
                }
            }
            catch (SqliteException)
            {
                // The disk is full, say: the writer meets that too, and reports it.
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }
}

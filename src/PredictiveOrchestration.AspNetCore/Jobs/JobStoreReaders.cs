using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>Connections that read a job store, each with its statements prepared; as many as read at one time. Thread-safe.</summary>
internal sealed class JobStoreReaders(string path) : IDisposable
{
    private readonly ConcurrentBag<Reader> _idle = [];
    private readonly string _text = SharedFile.ConnectionString(path, mode: SqliteOpenMode.ReadOnly);
    private volatile bool _isDisposed;

    /// <summary>The rows that a query gives.</summary>
    /// <param name="text">The query: one of few texts, each of which stays prepared.</param>
    /// <param name="map">What becomes of a row.</param>
    /// <param name="parameters">The parameters, in the same order each time.</param>
    public List<T> Read<T>(string text, Func<SqliteDataReader, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_idle.TryTake(out var reader))
        {
            reader = new Reader(_text);
        }

        // A reader whose query failed is not used again.
        var rows = new List<T>();
        var isSound = false;
        try
        {
            reader.Read(text, map, parameters, rows);
            isSound = true;
        }
        finally
        {
            if (isSound && !_isDisposed)
            {
                _idle.Add(reader);
            }
            else
            {
                reader.Dispose();
            }
        }

        return rows;
    }

    public void Dispose()
    {
        _isDisposed = true;
        while (_idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private sealed class Reader : IDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

        public Reader(string text)
        {
            _connection = new SqliteConnection(text);
            _connection.Open();
        }

        public void Read<T>(string text, Func<SqliteDataReader, T> map, ReadOnlySpan<(string Name, object? Value)> parameters, List<T> rows)
        {
            if (!_commands.TryGetValue(text, out var command))
            {
                _commands[text] = command = _connection.CreateCommand();
                command.CommandText = text;
                foreach (var (name, _) in parameters)
                {
                    command.Parameters.Add(new SqliteParameter { ParameterName = name });
                }
            }

            for (var i = 0; i < parameters.Length; i++)
            {
                command.Parameters[i].ResetSqliteType();
                command.Parameters[i].Value = parameters[i].Value ?? DBNull.Value;
            }

            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows.Add(map(reader));
            }
        }

        public void Dispose()
        {
            foreach (var command in _commands.Values)
            {
                command.Dispose();
            }

            _connection.Dispose();
        }
    }
}

using Microsoft.Data.Sqlite;
using Npgsql;
using PredictiveOrchestration.Orleans.Storage;

namespace PredictiveOrchestration.Orleans;

/// <summary>Where a cluster keeps who is in it, its jobs, its ledger and its reminders: a SQLite file for the silos of one machine, or a PostgreSQL database for many.</summary>
public sealed class ClusterDatabase
{
    private ClusterDatabase(string? path, string? connectionString) => (Path, ConnectionString) = (path, connectionString);

    /// <summary>The SQLite file, or null.</summary>
    internal string? Path { get; }

    /// <summary>The connection string of PostgreSQL, or null.</summary>
    internal string? ConnectionString { get; }

    /// <summary>A file on this machine's disk, which all silos and clients on it name. It survives that processes are killed; after a power failure the latest jobs may be missing.</summary>
    /// <param name="path">The file; it is made if it is missing.</param>
    public static ClusterDatabase Sqlite(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new ClusterDatabase(path, null);
    }

    /// <summary>A PostgreSQL database, 12 or later. To another machine the connection is encrypted and its certificate checked, unless the string says otherwise.</summary>
    /// <param name="connectionString">The connection string, as Npgsql reads it. It is never logged.</param>
    /// <exception cref="ArgumentException">It cannot be read.</exception>
    public static ClusterDatabase PostgreSql(string connectionString)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        if (!settings.ContainsKey("SSL Mode") && settings.Host?.Split(',').Any(h => h is not ("localhost" or "127.0.0.1" or "::1") && !h.StartsWith('/')) == true)
        {
            settings.SslMode = SslMode.VerifyFull;
        }

        return new ClusterDatabase(null, settings.ConnectionString);
    }

    /// <summary>Makes the tables where there are none. Call it before a silo or client starts; several may at one time.</summary>
    /// <param name="cancellationToken">Gives up; nothing is changed then.</param>
    public Task PrepareAsync(CancellationToken cancellationToken = default) => Path is { } path
        ? ClusterSql.PrepareSqliteAsync(path, cancellationToken)
        : ClusterSql.PreparePostgreSqlAsync(ConnectionString!, cancellationToken);

    /// <summary>Removes the results of jobs that ended before a time, and what of jobs was cleared.</summary>
    /// <param name="before">When.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The number of rows removed.</returns>
    public async Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken = default)
    {
        if (Path is { } path)
        {
            await using var file = ClusterSql.OpenSqlite(path);
            await using var delete = new SqliteCommand("DELETE FROM grains WHERE type LIKE '%ended' AND modified < $before", file);
            delete.Parameters.AddWithValue("$before", before.ToUnixTimeSeconds());
            return await delete.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand("DELETE FROM OrleansStorage WHERE (GrainTypeString LIKE '%ended' OR PayloadBinary IS NULL) AND ModifiedOn < @before", connection);
        command.Parameters.AddWithValue("before", before.UtcDateTime);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}

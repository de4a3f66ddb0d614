using System.Data.Common;
using System.Net;
using Microsoft.Extensions.Logging;
using Npgsql;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.PostgreSql;

/// <summary>Keeps telemetry in PostgreSQL, where several hosts can write it together.</summary>
public static class PostgreSqlTelemetry
{
    /// <summary>
    /// Makes a store in a PostgreSQL database (13 or later): the tables <c>orchestration_executions</c> and <c>orchestration_schema</c> in the first schema of the search path, made
    /// when the first record is written. Connects to nothing yet. Unless the connection string says otherwise, the server's certificate is checked (<c>SSL Mode=VerifyFull</c>) where the
    /// server is another machine. The limit on bytes counts live records; what deleted ones took is used again after the server's own vacuum.
    /// </summary>
    /// <param name="connectionString">As Npgsql takes it; never logged.</param>
    /// <param name="options">What is kept; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="logger">Where warnings go; null for nowhere.</param>
    /// <exception cref="ArgumentException">The connection string names no host, or an option is out of range.</exception>
    public static TelemetryStore CreateStore(string connectionString, TelemetryStoreOptions? options = null, TimeProvider? time = null, ILogger? logger = null)
    {
        return new TelemetryStore(new PostgreSqlTelemetryDatabase(Settings(connectionString)), options, time, logger);
    }

    /// <summary>The settings of a connection string that names a host.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    internal static NpgsqlConnectionStringBuilder Settings(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        var settings = Secured(connectionString);
        return string.IsNullOrWhiteSpace(settings.Host)
            ? throw new ArgumentException("The connection string names no host: 'Host=…;Database=…;Username=…'.", nameof(connectionString))
            : settings;
    }

    /// <summary>The settings, with a checked certificate where nothing is said and the server is not this machine.</summary>
    internal static NpgsqlConnectionStringBuilder Secured(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);

        // Npgsql's builder does not tell what was said from what holds by default.
        var said = new DbConnectionStringBuilder { ConnectionString = connectionString };
        if (settings.Host is { } hosts && !said.ContainsKey("SSL Mode") && !said.ContainsKey("SslMode") && !hosts.Split(',').All(IsHere))
        {
            settings.SslMode = SslMode.VerifyFull;
        }

        return settings;
    }

    // A socket in the file system, or a loopback address; a port may follow.
    private static bool IsHere(string host)
    {
        host = host.Trim();
        return host.StartsWith('/') || host.StartsWith('@') || host == "localhost" || host.StartsWith("localhost:", StringComparison.Ordinal)
            || (IPEndPoint.TryParse(host, out var address) && IPAddress.IsLoopback(address.Address));
    }
}

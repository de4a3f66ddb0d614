using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Orleans.Storage;

/// <summary>
/// The tables of a cluster in SQLite and PostgreSQL, and the statements that Orleans' ADO.NET providers find by their keys in the table <c>OrleansQuery</c>: membership and reminders in both,
/// grain state in PostgreSQL (in SQLite it has a table of its own, see <see cref="SqliteGrainStorage"/>).
/// </summary>
internal static class ClusterSql
{
    public const string SqliteInvariant = "System.Data.SQLite";
    public const string PostgreSqlInvariant = "Npgsql";

    private const string Silo = "DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation";
    private const string SiloColumns = "DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime";
    private const string SiloValues = "@DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime";
    private const string Members =
        "SELECT v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime, m.IAmAliveTime, v.Version FROM OrleansMembershipVersionTable v LEFT JOIN OrleansMembershipTable m ON v.DeploymentId = m.DeploymentId";

    private const string Reminders = "SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable WHERE ServiceId = @ServiceId";
    private const string State = "ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString::text, '')";

    // The same in both.
    private static readonly (string Key, string Text)[] Common =
    [
        ("GatewaysQueryKey", "SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0"),
        ("MembershipReadRowKey", $"{Members} AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation WHERE v.DeploymentId = @DeploymentId"),
        ("MembershipReadAllKey", $"{Members} WHERE v.DeploymentId = @DeploymentId"),
        ("UpdateIAmAlivetimeKey", $"UPDATE OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime WHERE {Silo}"),
        ("DeleteMembershipTableEntriesKey", "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId; DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId"),
        ("CleanupDefunctSiloEntriesKey", "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status != 3"),
        ("CleanupDefunctSiloEntryKey", $"DELETE FROM OrleansMembershipTable WHERE {Silo} AND Status = 6"),
        ("ReadReminderRowsKey", $"{Reminders} AND GrainId = @GrainId"),
        ("ReadReminderRowKey", $"{Reminders} AND GrainId = @GrainId AND ReminderName = @ReminderName"),
        ("ReadRangeRows1Key", $"{Reminders} AND GrainHash > @BeginHash AND GrainHash <= @EndHash"),
        ("ReadRangeRows2Key", $"{Reminders} AND (GrainHash > @BeginHash OR GrainHash <= @EndHash)"),
        ("UpsertReminderRowKey",
            "INSERT INTO OrleansRemindersTable (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version) VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0) ON CONFLICT (ServiceId, GrainId, ReminderName) DO UPDATE SET StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = OrleansRemindersTable.Version + 1 RETURNING Version"),
        ("DeleteReminderRowsKey", "DELETE FROM OrleansRemindersTable WHERE ServiceId = @ServiceId"),
    ];

    // A silo is written only together with the next version of the table.
    private static readonly (string Key, string Text)[] Sqlite =
    [
        ("InsertMembershipVersionKey", "INSERT INTO OrleansMembershipVersionTable (DeploymentId, Version) VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING; SELECT changes()"),
        ("InsertMembershipKey",
            $"BEGIN IMMEDIATE; UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version AND NOT EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Silo}); INSERT INTO OrleansMembershipTable ({SiloColumns}) SELECT {SiloValues} WHERE changes() > 0; COMMIT; SELECT changes() > 0 AND EXISTS (SELECT 1 FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId AND Version = @Version + 1) AND EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Silo})"),
        ("UpdateMembershipKey",
            $"BEGIN IMMEDIATE; UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version; UPDATE OrleansMembershipTable SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime WHERE {Silo} AND changes() > 0; COMMIT; SELECT changes() > 0"),
        ("DeleteReminderRowKey", "DELETE FROM OrleansRemindersTable WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version; SELECT changes()"),
    ];

    private static readonly (string Key, string Text)[] PostgreSql =
    [
        ("InsertMembershipVersionKey", "WITH added AS (INSERT INTO OrleansMembershipVersionTable (DeploymentId, Version) VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING RETURNING 1) SELECT COUNT(*)::int FROM added"),
        ("InsertMembershipKey",
            $"WITH next AS (UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version AND NOT EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Silo}) RETURNING 1), added AS (INSERT INTO OrleansMembershipTable ({SiloColumns}) SELECT {SiloValues} FROM next RETURNING 1) SELECT COUNT(*)::int FROM added"),
        ("UpdateMembershipKey",
            $"WITH next AS (UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version RETURNING 1), changed AS (UPDATE OrleansMembershipTable SET Status = @Status, SuspectTimes = @SuspectTimes::text, IAmAliveTime = @IAmAliveTime WHERE {Silo} AND EXISTS (SELECT 1 FROM next) RETURNING 1) SELECT COUNT(*)::int FROM changed"),
        ("DeleteReminderRowKey", "WITH gone AS (DELETE FROM OrleansRemindersTable WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version RETURNING 1) SELECT COUNT(*)::int FROM gone"),
        ("ReadFromStorageKey", $"SELECT PayloadBinary, Version FROM OrleansStorage WHERE {State}"),
        ("WriteToStorageKey",
            $"WITH changed AS (UPDATE OrleansStorage SET PayloadBinary = @PayloadBinary, ModifiedOn = now(), Version = Version + 1 WHERE {State} AND Version = @GrainStateVersion::int RETURNING Version), added AS (INSERT INTO OrleansStorage (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString, PayloadBinary, ModifiedOn, Version) SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString::text, ''), @PayloadBinary, now(), 1 WHERE @GrainStateVersion::int IS NULL AND @GrainIdHash IS NOT NULL AND @GrainTypeHash IS NOT NULL ON CONFLICT DO NOTHING RETURNING Version) SELECT COALESCE((SELECT Version FROM changed), (SELECT Version FROM added), @GrainStateVersion::int) AS NewGrainStateVersion"),
        ("ClearStorageKey",
            $"WITH changed AS (UPDATE OrleansStorage SET PayloadBinary = NULL, ModifiedOn = now(), Version = Version + 1 WHERE {State} AND Version = @GrainStateVersion::int RETURNING Version) SELECT COALESCE((SELECT Version FROM changed), @GrainStateVersion::int) AS NewGrainStateVersion"),
    ];

    /// <summary>Opens the file for one writer at a time: others wait for it for up to half a minute.</summary>
    public static SqliteConnection OpenSqlite(string path)
    {
        var connection = new SqliteConnection(SqliteString(path));
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL";
        command.ExecuteNonQuery();
        return connection;
    }

    public static string SqliteString(string path) => SharedFile.ConnectionString(path);

    /// <summary>Makes the tables where there are none, and writes down the statements of this version.</summary>
    public static async Task PrepareSqliteAsync(string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await using var connection = OpenSqlite(path);
        await PrepareAsync(
            connection, Tables("INTEGER", "TEXT", "INTEGER") + "CREATE TABLE IF NOT EXISTS grains (type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, payload BLOB NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (type, id)) WITHOUT ROWID;",
            [.. Common, .. Sqlite], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same in PostgreSQL. Silos that start at one time wait for each other.</summary>
    public static async Task PreparePostgreSqlAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        await PrepareAsync(
            connection,
            "SELECT pg_advisory_xact_lock(5738291);" + Tables("integer", "timestamptz", "bigint")
            + """
              CREATE TABLE IF NOT EXISTS OrleansStorage (
                  ServiceId text NOT NULL, GrainTypeString text NOT NULL, GrainIdN0 bigint NOT NULL, GrainIdN1 bigint NOT NULL, GrainIdExtensionString text NOT NULL,
                  PayloadBinary bytea, ModifiedOn timestamptz NOT NULL, Version integer NOT NULL,
                  PRIMARY KEY (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString));
              """,
            [.. Common, .. PostgreSql], cancellationToken).ConfigureAwait(false);
    }

    private static string Tables(string integer, string moment, string period) =>
        $"""
        CREATE TABLE IF NOT EXISTS OrleansQuery (QueryKey varchar(64) PRIMARY KEY, QueryText text NOT NULL);
        CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (DeploymentId varchar(150) PRIMARY KEY, Version {integer} NOT NULL);
        CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
            DeploymentId varchar(150) NOT NULL, Address varchar(45) NOT NULL, Port {integer} NOT NULL, Generation {integer} NOT NULL, SiloName varchar(150) NOT NULL, HostName varchar(150) NOT NULL,
            Status {integer} NOT NULL, ProxyPort {integer}, SuspectTimes varchar(8000), StartTime {moment} NOT NULL, IAmAliveTime {moment} NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation));
        CREATE TABLE IF NOT EXISTS OrleansRemindersTable (
            ServiceId varchar(150) NOT NULL, GrainId varchar(400) NOT NULL, ReminderName varchar(150) NOT NULL, StartTime {moment} NOT NULL, Period {period} NOT NULL, GrainHash {integer} NOT NULL,
            Version {integer} NOT NULL, PRIMARY KEY (ServiceId, GrainId, ReminderName));

        """;

    private static async Task PrepareAsync(DbConnection connection, string tables, IEnumerable<(string Key, string Text)> queries, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = tables;
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        command.CommandText = "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES (@key, @text) ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText";
        var (key, text) = (command.CreateParameter(), command.CreateParameter());
        (key.ParameterName, text.ParameterName) = ("key", "text");
        command.Parameters.Add(key);
        command.Parameters.Add(text);
        foreach (var query in queries)
        {
            (key.Value, text.Value) = (query.Key, query.Text);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }
}

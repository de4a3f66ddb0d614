using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Storage;
using PredictiveOrchestration.Orleans.Storage;

namespace PredictiveOrchestration.Orleans;

/// <summary>Has silos and clients find each other, and keep what must be kept, in one database.</summary>
public static class ClusterDatabaseExtensions
{
    /// <summary>Uses the database for membership, grain state and reminders. Call <see cref="ClusterDatabase.PrepareAsync"/> before the silo starts.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="database">The database.</param>
    public static ISiloBuilder UseClusterDatabase(this ISiloBuilder silo, ClusterDatabase database)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(database);
        var (invariant, connection) = Of(database);
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connection));
        silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = (invariant, connection));
        return silo.AddClusterStorage(database);
    }

    /// <summary>Uses the database for membership, and looks every two seconds which silos are there: a client that does not know that one is gone still asks it. Call
    /// <see cref="ClusterDatabase.PrepareAsync"/> before the client starts.</summary>
    /// <param name="client">The client.</param>
    /// <param name="database">The database.</param>
    public static IClientBuilder UseClusterDatabase(this IClientBuilder client, ClusterDatabase database)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(database);
        var (invariant, connection) = Of(database);
        client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        return client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connection));
    }

    /// <summary>Uses the database for grain state alone.</summary>
    internal static ISiloBuilder AddClusterStorage(this ISiloBuilder silo, ClusterDatabase database)
    {
        if (database.Path is { } path)
        {
            silo.Services.AddGrainStorage(OrleansWorkerOptions.StorageName, (p, _) => new SqliteGrainStorage(path, p.GetRequiredService<Serializer>()));
            return silo;
        }

        silo.AddAdoNetGrainStorage(OrleansWorkerOptions.StorageName, (OptionsBuilder<AdoNetGrainStorageOptions> options) => options.Configure<Serializer>((o, serializer) =>
        {
            (o.Invariant, o.ConnectionString) = (ClusterSql.PostgreSqlInvariant, database.ConnectionString);
            o.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
        }));
        return silo;
    }

    private static (string Invariant, string ConnectionString) Of(ClusterDatabase database) => database.Path is { } path
        ? (ClusterSql.SqliteInvariant, ClusterSql.SqliteString(path))
        : (ClusterSql.PostgreSqlInvariant, database.ConnectionString!);
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Orleans.Backends;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Orleans;

/// <summary>Gives an orchestrator the engines of a cluster as backends.</summary>
public static class OrleansClusterExtensions
{
    /// <summary>
    /// Adds the engines of a cluster's silos, as they come and go, as backends with ids such as <c>silo-1/local-dense</c>: with the silo's memory as their limit, its live load as their wait, and
    /// what it has learned as the beginning of their predictions. So the routers decide between here, there and services.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="grains">The cluster's client, connected when the orchestrator starts.</param>
    /// <param name="options">Whose runs, how often, which engines; null for the defaults.</param>
    /// <param name="loggers">Where logs go; null for nowhere.</param>
    public static PredictiveOrchestratorBuilder AddOrleansCluster(this PredictiveOrchestratorBuilder builder, IGrainFactory grains, OrleansClusterOptions? options = null, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(grains);
        return builder.AddBackendSource(new ClusterBackendSource(grains, options ?? new OrleansClusterOptions(), TimeProvider.System, (loggers ?? NullLoggerFactory.Instance).CreateLogger<ClusterBackendSource>()));
    }

    /// <summary>The same for an orchestrator of a host whose Orleans client is registered (<c>UseOrleansClient</c>); also registers <see cref="ClusterJobs"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">Whose runs, how often, which engines; null for the defaults.</param>
    public static IServiceCollection AddOrleansCluster(this IServiceCollection services, OrleansClusterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(p => new ClusterJobs(p.GetRequiredService<IGrainFactory>(), p.GetRequiredService<TimeProvider>()));

        // There may be several clusters, each with a source of its own.
        var cluster = new object();
        services.AddKeyedSingleton(cluster, (p, _) => new ClusterBackendSource(
            p.GetRequiredService<IGrainFactory>(), options ?? new OrleansClusterOptions(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<ClusterBackendSource>>()));
        services.AddSingleton<IBackendSource>(p => p.GetRequiredKeyedService<ClusterBackendSource>(cluster));
        services.TryAddSingleton<IMachineOverview>(p => new ClusterMachines(() => p.GetRequiredKeyedService<ClusterBackendSource>(cluster).View));
        return services;
    }
}

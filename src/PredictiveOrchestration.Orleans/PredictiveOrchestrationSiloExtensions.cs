using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.Orleans.Jobs;
using PredictiveOrchestration.Orleans.Knowledge;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans;

/// <summary>Makes silos work for an orchestration cluster.</summary>
public static class PredictiveOrchestrationSiloExtensions
{
    /// <summary>
    /// Makes the silo offer its local engines to the cluster: its own orchestrator (registered with the host unless it is already), a fair and bounded line of runs, durable jobs, and a share in
    /// placing them by prediction. Needs a storage provider named <see cref="OrleansWorkerOptions.StorageName"/> and reminders.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="configure">Changes the options, or null.</param>
    /// <param name="orchestrator">Changes the silo's orchestrator, or null.</param>
    public static ISiloBuilder AddPredictiveOrchestrationWorkers(this ISiloBuilder silo, Action<OrleansWorkerOptions>? configure = null, Action<PredictiveOrchestratorBuilder>? orchestrator = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        services.AddOptions<OrleansWorkerOptions>().Configure(o => configure?.Invoke(o));
        services.AddSingleton<IValidateOptions<OrleansWorkerOptions>, Validation>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddPredictiveOrchestration(orchestrator);
        services.AddSingleton(p => new SiloDirectory(true, (ulong)p.GetRequiredService<global::Orleans.Runtime.ILocalSiloDetails>().SiloAddress.GetConsistentHashCode()));
        services.TryAddSingleton<IMachineOverview>(p => new ClusterMachines(() => p.GetRequiredService<SiloDirectory>().View));
        services.AddSingleton<KnownPrograms>();
        services.AddSingleton<SiloWork>();
        services.AddSingleton<ReferenceWorkloads>();
        services.AddSingleton<JobPlanner>();
        services.AddSingleton<ClusterMetrics>();
        services.TryAddSingleton(p => new ClusterJobs(p.GetRequiredService<global::Orleans.IGrainFactory>(), p.GetRequiredService<TimeProvider>()));
        services.AddPlacementDirector<PredictivePlacement, PredictivePlacementDirector>();
        services.AddPlacementDirector<SiloKeyPlacement, SiloKeyPlacementDirector>();
        services.AddSingleton<SiloReporter>();
        services.AddHostedService(p => p.GetRequiredService<SiloReporter>());
        services.AddHostedService<WorkFinder>();
        services.AddHostedService<KnowledgeSharer>();
        silo.AddActivityPropagation();
        return silo;
    }

    /// <summary>Makes the cluster's one ledger the place where the silo's orchestrator reserves and settles what paid backends cost. Set the same budget on all silos.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="configure">Sets currency and caps.</param>
    public static ISiloBuilder AddClusterLedger(this ISiloBuilder silo, Action<ClusterLedgerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(configure);
        silo.Services.Configure(configure);
        silo.Services.TryAddSingleton(p => new ClusterLedger(p.GetRequiredService<global::Orleans.IGrainFactory>()));
        silo.Services.TryAddSingleton<ISpendGate>(p => p.GetRequiredService<ClusterLedger>());
        return silo;
    }

    private sealed class Validation : IValidateOptions<OrleansWorkerOptions>
    {
        public ValidateOptionsResult Validate(string? name, OrleansWorkerOptions options)
        {
            try
            {
                options.Validate();
                return ValidateOptionsResult.Success;
            }
            catch (ArgumentException exception)
            {
                return ValidateOptionsResult.Fail(exception.Message);
            }
        }
    }
}

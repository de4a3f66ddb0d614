using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.DependencyInjection;

/// <summary>Registers the orchestrator with a host.</summary>
public static class PredictiveOrchestrationServices
{
    /// <summary>
    /// Adds a <see cref="PredictiveOrchestrator"/> that starts and stops with the host. Registered <see cref="IQuantumBackend"/>s, <see cref="IBackendRouter"/>s, <see cref="IBackendSource"/>s and
    /// <see cref="IAnalyticsSink"/>s are added to it, and a registered <see cref="TimeProvider"/>, <see cref="ILoggerFactory"/>, <see cref="IMeterFactory"/>, <see cref="TelemetryStore"/>,
    /// <see cref="ISpendGate"/>, <see cref="ICircuitOptimizer"/> and <see cref="IStrategyAdvisor"/> is used.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the builder, or null.</param>
    public static IServiceCollection AddPredictiveOrchestration(this IServiceCollection services, Action<PredictiveOrchestratorBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider =>
        {
            var builder = new PredictiveOrchestratorBuilder();
            if (provider.GetService<TimeProvider>() is { } time)
            {
                builder.UseTimeProvider(time);
            }

            if (provider.GetService<ILoggerFactory>() is { } loggers)
            {
                builder.UseLoggerFactory(loggers);
            }

            if (provider.GetService<IMeterFactory>() is { } meters)
            {
                builder.UseMeterFactory(meters);
            }

            if (provider.GetService<TelemetryStore>() is { } store)
            {
                builder.UseTelemetryStore(store);
            }

            if (provider.GetService<ISpendGate>() is { } gate)
            {
                builder.UseSpendGate(gate);
            }

            if (provider.GetService<ICircuitOptimizer>() is { } optimizer)
            {
                builder.UseOptimizer(optimizer);
            }

            if (provider.GetService<IStrategyAdvisor>() is { } advisor)
            {
                builder.UseAdvisor(advisor);
            }

            foreach (var sink in provider.GetServices<IAnalyticsSink>())
            {
                builder.AddAnalyticsSink(sink);
            }

            foreach (var source in provider.GetServices<IBackendSource>())
            {
                builder.AddBackendSource(source);
            }

            foreach (var backend in provider.GetServices<IQuantumBackend>())
            {
                builder.AddBackend(backend);
            }

            foreach (var router in provider.GetServices<IBackendRouter>())
            {
                builder.AddRouter(router);
            }

            configure?.Invoke(builder);
            return builder.Build();
        });
        services.AddHostedService<Host>();
        return services;
    }

    /// <summary>
    /// Adds a health check: unhealthy where no backend takes work or the orchestrator is not running, degraded while alerts are raised.
    /// </summary>
    /// <param name="checks">The checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="tags">Its tags, or null.</param>
    public static IHealthChecksBuilder AddPredictiveOrchestration(this IHealthChecksBuilder checks, string name = "predictive-orchestration", IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks.AddCheck<OrchestratorHealthCheck>(name, tags: tags ?? []);
    }

    private sealed class Host(PredictiveOrchestrator orchestrator) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => orchestrator.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => orchestrator.StopAsync(cancellationToken);
    }
}

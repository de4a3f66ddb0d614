using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PredictiveOrchestration.DependencyInjection;

/// <summary>The orchestrator as a host's health checks see it.</summary>
internal sealed class OrchestratorHealthCheck(PredictiveOrchestrator orchestrator) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var backends = orchestrator.GetAvailableBackends();
        var data = new Dictionary<string, object>
        {
            ["backends"] = backends.Count(b => b.IsAvailable),
            ["queue"] = orchestrator.GetRealTimeMetrics().QueueLength,
        };
        if (!orchestrator.IsRunning)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("The orchestrator is not running.", data: data));
        }

        if (!backends.Any(b => b.IsAvailable))
        {
            var reasons = string.Join("; ", backends.Select(b => $"'{b.Descriptor.Id}': {b.Reason}"));
            return Task.FromResult(HealthCheckResult.Unhealthy($"No backend takes work: {reasons}.", data: data));
        }

        var store = orchestrator.TelemetryStore?.Status;
        if (store is not null)
        {
            data["telemetryDropped"] = store.Dropped;
        }

        List<string> wrong = [.. orchestrator.Monitor.ActiveAlerts.Select(a => a.Text)];
        if (store?.Failure is { } failure)
        {
            wrong.Add(failure);
        }

        return Task.FromResult(wrong.Count > 0
            ? HealthCheckResult.Degraded(string.Join("; ", wrong), data: data)
            : HealthCheckResult.Healthy($"{data["backends"]} backend(s) take work.", data));
    }
}

using System.Diagnostics.Metrics;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Orleans;

/// <summary>The instruments of a silo. What is of the whole cluster every silo tells: take the greatest, not the sum.</summary>
internal sealed class ClusterMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _accepted, _refused, _lost;
    private readonly Histogram<double> _ended;

    public ClusterMetrics(SiloDirectory directory, IMeterFactory? meters = null)
    {
        _meter = meters?.Create(ClusterTelemetry.Source) ?? new Meter(ClusterTelemetry.Source);
        _accepted = _meter.CreateCounter<long>(ClusterTelemetry.Jobs, "{job}", "Jobs accepted");
        _refused = _meter.CreateCounter<long>(ClusterTelemetry.Refused, "{job}", "Jobs refused for too much work");
        _lost = _meter.CreateCounter<long>(ClusterTelemetry.Lost, "{run}", "Runs lost with their silo");
        _ended = _meter.CreateHistogram<double>(ClusterTelemetry.JobDuration, "s", "From acceptance to the end of a job");
        _meter.CreateObservableGauge(ClusterTelemetry.Backlog, () => directory.View.BacklogSeconds, "s", "Predicted work of the cluster that waits and runs");
        _meter.CreateObservableGauge(ClusterTelemetry.BacklogPerPlace, () => directory.View.BacklogPerPlace, "s", "The same for each place: what a new job waits");
        _meter.CreateObservableGauge(ClusterTelemetry.Waiting, () => directory.View.Waiting, "{run}", "Runs that wait");
        _meter.CreateObservableGauge(ClusterTelemetry.Running, () => directory.View.Running, "{run}", "Runs under way");
        _meter.CreateObservableGauge(ClusterTelemetry.SiloCount, () => directory.View.SiloCount, "{silo}", "Silos that work");
    }

    public void Accepted(string tenant) => _accepted.Add(1, new KeyValuePair<string, object?>(ClusterTelemetry.TenantTag, tenant));

    public void Refused(string tenant) => _refused.Add(1, new KeyValuePair<string, object?>(ClusterTelemetry.TenantTag, tenant));

    public void RunLost() => _lost.Add(1);

    public void Ended(string tenant, ClusterJobState state, TimeSpan took) => _ended.Record(
        Math.Max(0, took.TotalSeconds), new KeyValuePair<string, object?>(ClusterTelemetry.TenantTag, tenant), new KeyValuePair<string, object?>(ClusterTelemetry.StateTag, state.ToString()));

    public void Dispose() => _meter.Dispose();
}

using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace PredictiveOrchestration.Orleans;

/// <summary>The names of what the cluster measures and traces: an interface to the outside, written down in docs/scale-out.md.</summary>
internal static class ClusterTelemetry
{
    /// <summary>The activity source and the meter.</summary>
    public const string Source = "PredictiveOrchestration.Orleans";

    public const string JobActivity = "orchestration.cluster.job";
    public const string RunActivity = "orchestration.cluster.run";
    public const string SiloTag = "silo";
    public const string JobTag = "job";
    public const string TenantTag = "tenant";
    public const string StateTag = "state";

    public const string Backlog = "orchestration.cluster.backlog";
    public const string BacklogPerPlace = "orchestration.cluster.backlog.per_place";
    public const string Waiting = "orchestration.cluster.waiting";
    public const string Running = "orchestration.cluster.running";
    public const string SiloCount = "orchestration.cluster.silos";
    public const string Jobs = "orchestration.cluster.jobs";
    public const string JobDuration = "orchestration.cluster.job.duration";
    public const string Refused = "orchestration.cluster.refused";
    public const string Lost = "orchestration.cluster.runs.lost";

    public static readonly ActivitySource Activities = new(Source);
}

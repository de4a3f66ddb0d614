using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>The silos as machines that a dashboard shows.</summary>
/// <param name="view">The cluster as it is known now.</param>
internal sealed class ClusterMachines(Func<ClusterView> view) : IMachineOverview
{
    public MachineOverview GetMachines()
    {
        var now = view();
        return new MachineOverview(
            [
                .. now.Silos.Select(s => new MachineStatus(
                    s.Name, s.IsDraining, s.Concurrency, s.Waiting, s.Running, s.BacklogSeconds, s.WaitSeconds, s.Ended, s.Cores, s.MemoryBytes,
                    [.. s.Engines.Select(e => new KeyValuePair<string, string?>(e.Id, e.Reason))])),
            ],
            now.SiloCount, now.Concurrency, now.Waiting, now.Running, now.BacklogSeconds);
    }
}

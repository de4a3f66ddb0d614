using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Orleans.Jobs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Simulation;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>
/// Runs while its silo does: starts the workers, tells the silo's state and takes the cluster's, and when a silo is gone has the jobs looked after that were driven there.
/// </summary>
internal sealed partial class SiloReporter(
    IOptions<OrleansWorkerOptions> options, ILocalSiloDetails silo, IGrainFactory grains, SiloDirectory directory, SiloWork work, PredictiveOrchestrator orchestrator, ReferenceWorkloads references, ISiloStatusOracle oracle,
    ClusterMetrics metrics, TimeProvider time, ILogger<SiloReporter> logger) : BackgroundService, ISiloStatusListener
{
    private const int MostSweeps = 10;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    private readonly long _memoryBytes = options.Value.MemoryBytes ?? MachineMemory.AvailableBytes;
    private int _deaths;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // The instruments are there from the start.
        _ = metrics;
        work.SiloName = silo.Name;
        work.Start();
        oracle.SubscribeToSiloStatusEvents(this);
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        oracle.UnSubscribeFromSiloStatusEvents(this);
        var drained = work.DisposeAsync().AsTask();

        // The others know at once that nothing more is to be sent here, unless whoever would tell them is gone itself.
        await TellAsync(cancellationToken).WaitAsync(Farewell, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await drained.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status != SiloStatus.Dead || updatedSilo.Equals(silo.SiloAddress))
        {
            return;
        }

        directory.Remove(updatedSilo.ToParsableString());

        // One of those that are left looks after all jobs.
        var first = oracle.GetApproximateSiloStatuses(true).Keys.Order().FirstOrDefault();
        if (silo.SiloAddress.Equals(first) && Interlocked.Increment(ref _deaths) == 1)
        {
            _ = Task.Run(SweepAsync);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await TellAsync(stoppingToken).ConfigureAwait(false);
            try
            {
                await Task.Delay(options.Value.ReportInterval, time, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        try
        {
            directory.Update(await grains.GetGrain<ICatalogGrain>(0).ReportAsync(Report()).WaitAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The silo is starting, or stopping, or whoever has the catalog is being found out to be dead: the next time will do.
            NotReported(exception.Message);
        }
    }

    /// <summary>What the silo is and does now.</summary>
    internal SiloReport Report() => new()
    {
        Address = silo.SiloAddress.ToParsableString(),
        Name = silo.Name,
        Machine = MachineFingerprint.Current,
        Cores = Environment.ProcessorCount,
        MemoryBytes = _memoryBytes,
        Concurrency = options.Value.Concurrency,
        Waiting = work.Waiting,
        Running = work.Running,
        BacklogSeconds = work.BacklogSeconds,
        TenantSeconds = new Dictionary<string, double>(work.TenantSeconds, StringComparer.Ordinal),
        IsDraining = work.IsDraining,
        Ended = work.Ended,
        GivesWork = true,
        Engines = Engines(),
    };

    private EngineReport[] Engines()
    {
        var seconds = references.Seconds;
        return
        [
            .. orchestrator.GetAvailableBackends().Where(b => b.Descriptor.IsLocal)
                .Select(b => EngineReport.Of(b.Descriptor, seconds.GetValueOrDefault(b.Descriptor.Id), b.IsAvailable ? null : b.Reason)),
        ];
    }

    // Shards may have been with the silo that is gone: they are asked again until another has them. A silo that goes meanwhile has all of them asked once more.
    private async Task SweepAsync()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _deaths);
            var left = Enumerable.Range(0, JobShards.Count).ToList();
            for (var tries = 0; tries < MostSweeps && left.Count > 0; tries++)
            {
                if (tries > 0)
                {
                    await Task.Delay(options.Value.ReportInterval, time).ConfigureAwait(false);
                }

                var swept = await Task.WhenAll(left.Select(SweepAsync)).ConfigureAwait(false);
                left = [.. left.Where((_, i) => !swept[i])];
            }
        }
        while (Interlocked.CompareExchange(ref _deaths, 0, seen) != seen);
    }

    private async Task<bool> SweepAsync(int shard)
    {
        try
        {
            await grains.GetGrain<IJobShardGrain>(shard).SweepAsync().ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            NotSwept(exception.Message, shard);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The silo's state could not be told: {Why}")]
    private partial void NotReported(string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The open jobs of shard {Shard} could not be looked after now: {Why}")]
    private partial void NotSwept(string why, int shard);
}

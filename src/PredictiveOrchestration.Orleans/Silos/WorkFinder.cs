using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using PredictiveOrchestration.Orleans.Placement;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>Has runs that wait elsewhere come to this silo when it has nothing to do: predictions err, and silos come later than the work.</summary>
internal sealed partial class WorkFinder(
    SiloWork work, SiloReporter reporter, SiloDirectory directory, IGrainFactory grains, IOptions<OrleansWorkerOptions> options, TimeProvider time, ILogger<WorkFinder> logger) : BackgroundService
{
    // What was given is on its way for about so long.
    private static readonly TimeSpan Arrival = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await work.WhenIdleAsync(stoppingToken).ConfigureAwait(false);
                while (work.IsIdle)
                {
                    var found = await FindAsync(stoppingToken).ConfigureAwait(false);
                    await Task.Delay(found > 0 ? Arrival : options.Value.ReportInterval, time, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task<int> FindAsync(CancellationToken cancellationToken)
    {
        var own = reporter.Report();
        foreach (var silo in PlacementChooser.Busy(directory.Choices(), own.Address))
        {
            try
            {
                if (await grains.GetGrain<ISiloGrain>(silo.Report.Address).GiveAsync(own).WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false) is > 0 and var given)
                {
                    return given;
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException && !cancellationToken.IsCancellationRequested)
            {
                // It is gone, or too busy to answer.
                NotGiven(silo.Report.Name, exception.Message);
            }
        }

        return 0;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Silo '{Silo}' gave no work: {Why}")]
    private partial void NotGiven(string silo, string why);
}

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

    // Of a few silos by chance the one with the longest wait, so that not all who are idle ask the same.
    private async Task<int> FindAsync(CancellationToken cancellationToken)
    {
        var own = reporter.Report();
        Place? busiest = null;
        foreach (var place in directory.Choices())
        {
            if (place.Report.Waiting > 0 && place.Report.Address != own.Address && !(busiest?.WaitSeconds >= place.WaitSeconds))
            {
                busiest = place;
            }
        }

        if (busiest is not { } from)
        {
            return 0;
        }

        try
        {
            return await grains.GetGrain<ISiloGrain>(from.Report.Address).GiveAsync(own).WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && !cancellationToken.IsCancellationRequested)
        {
            // It is gone, or of a version that gives nothing.
            NotGiven(from.Report.Name, exception.Message);
            return 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Silo '{Silo}' gave no work: {Why}")]
    private partial void NotGiven(string silo, string why);
}

using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>One run, on the silo that predictions chose. It is nowhere but in that silo's memory: who asked keeps the job.</summary>
[PredictivePlacement]
[Reentrant]
[CollectionAgeLimit(Minutes = 5)]
internal sealed class RunGrain(SiloWork work, TimeProvider time) : Grain, IRunGrain
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private bool _isCancelled;
    private SiloRun? _run;

    public Task<RunReport> RunAsync(RunOrder order, TimeSpan patience)
    {
        if (_isCancelled)
        {
            return Task.FromResult(Final(new RunReport { Phase = RunPhase.Cancelled, Silo = work.SiloName }));
        }

        _run ??= work.TryAdd(order);
        if (_run is null)
        {
            DeactivateOnIdle();
            return Task.FromResult(new RunReport { Phase = RunPhase.Refused, RetryAfter = work.IsDraining ? TimeSpan.Zero : work.RetryAfter, Silo = work.SiloName });
        }

        return WaitAsync(patience);
    }

    public async Task<RunReport> WaitAsync(TimeSpan patience)
    {
        if (_run is not { } run)
        {
            DeactivateOnIdle();
            return RunReport.Lost;
        }

        if (!run.Ended.IsCompleted)
        {
            try
            {
                return Final(await run.Ended.WaitAsync(patience < Longest ? patience : Longest, time));
            }
            catch (TimeoutException)
            {
                return run.Now();
            }
        }

        return Final(run.Now());
    }

    public Task CancelAsync()
    {
        // The wish may overtake the order.
        _isCancelled = true;
        if (_run is { } run)
        {
            work.Cancel(run);
        }

        return Task.CompletedTask;
    }

    // A run whose answer is lost is run again: keeping all of them would cost more.
    private RunReport Final(RunReport report)
    {
        DeactivateOnIdle();
        return report;
    }
}

/// <summary>Answers for one silo.</summary>
[SiloKeyPlacement]
[Reentrant]
internal sealed class SiloGrain(PredictiveOrchestrator orchestrator, SiloReporter reporter, SiloWork work, IOptions<OrleansWorkerOptions> options) : Grain, ISiloGrain
{
    public Task<byte[]> GetModelsAsync() => Task.FromResult(orchestrator.Models.InUse());

    public Task<int> GiveAsync(SiloReport idle) => Task.FromResult(work.Give(reporter.Report(), idle, options.Value.PlacementMargin));
}

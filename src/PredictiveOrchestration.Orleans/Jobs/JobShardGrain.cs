using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>
/// Keeps which jobs are open, and has those worked on that nobody works on: when a reminder comes, and when a silo is gone. Callers share writes. That a job has ended is written with the next one that
/// is opened, or a little later: if it never is, the job is asked once more and found to have ended.
/// </summary>
[Reentrant]
internal sealed partial class JobShardGrain(
    [PersistentState("open", OrleansWorkerOptions.StorageName)] IPersistentState<OpenJobs> state, IOptions<OrleansWorkerOptions> options, ILogger<JobShardGrain> logger) : Grain, IJobShardGrain, IRemindable
{
    private const string Reminder = "sweep";
    private const int AtOnce = 64;
    private static readonly TimeSpan SettleAfter = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, string> _jobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _tenants = new(StringComparer.Ordinal);
    private SharedWrites? _writes;
    private IGrainTimer? _settling;
    private bool _hasReminder;
    private bool _isBehind;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        foreach (var (job, tenant) in state.State.Jobs)
        {
            _jobs.Add(job, tenant);
            _tenants[tenant] = _tenants.GetValueOrDefault(tenant) + 1;
        }

        return Task.CompletedTask;
    }

    public async Task<string?> OpenAsync(string job, string tenant)
    {
        if (!_hasReminder)
        {
            await this.RegisterOrUpdateReminder(Reminder, options.Value.SweepInterval, options.Value.SweepInterval);
            _hasReminder = true;
        }

        if (_jobs.ContainsKey(job))
        {
            await (_writes?.LatestAsync() ?? Task.CompletedTask);
            return null;
        }

        var most = Math.Max(1, options.Value.MaxOpenJobs / JobShards.Count);
        var own = _tenants.GetValueOrDefault(tenant);
        if (_jobs.Count >= most || own >= Math.Max(1, most * options.Value.MaxTenantShare))
        {
            return $"{own * JobShards.Count} jobs of tenant '{tenant}' and {_jobs.Count * JobShards.Count} in all have not ended, as this part of them shows; "
                + $"{Math.Max(1, most * options.Value.MaxTenantShare) * JobShards.Count:F0} and {most * JobShards.Count} may";
        }

        _jobs.Add(job, tenant);
        _tenants[tenant] = own + 1;
        await WriteAsync();
        return null;
    }

    public Task CloseAsync(string job)
    {
        if (_jobs.Remove(job, out var tenant))
        {
            _tenants[tenant] = Math.Max(0, _tenants.GetValueOrDefault(tenant) - 1);
            _isBehind = true;
            _settling ??= this.RegisterGrainTimer(SettleAsync, new GrainTimerCreationOptions(SettleAfter, Timeout.InfiniteTimeSpan) { Interleave = true });
        }

        return Task.CompletedTask;
    }

    public async Task SweepAsync()
    {
        foreach (var jobs in _jobs.Keys.ToList().Chunk(AtOnce))
        {
            var open = await Task.WhenAll(jobs.Select(ResumeAsync));
            for (var i = 0; i < jobs.Length; i++)
            {
                if (!open[i])
                {
                    await CloseAsync(jobs[i]);
                }
            }
        }
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _hasReminder = true;
        return SweepAsync();
    }

    private async Task SettleAsync()
    {
        _settling?.Dispose();
        _settling = null;
        try
        {
            await (_isBehind ? WriteAsync() : Task.CompletedTask);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            NotWritten(exception);
        }
    }

    // One that cannot be asked now is open.
    private async Task<bool> ResumeAsync(string job)
    {
        try
        {
            return await GrainFactory.GetGrain<IJobGrain>(job).ResumeAsync();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            NotResumed(exception, job);
            return true;
        }
    }

    private Task WriteAsync() => (_writes ??= new SharedWrites(async () =>
    {
        try
        {
            // What is written must not change meanwhile.
            _isBehind = false;
            state.State = new OpenJobs { Jobs = new Dictionary<string, string>(_jobs, StringComparer.Ordinal) };
            await state.WriteStateAsync();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Another activation may have written, or the store is away: what is in memory is not what is kept.
            DeactivateOnIdle();
            throw;
        }
    })).WriteAsync();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A shard of open jobs could not be written")]
    private partial void NotWritten(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job '{Job}' could not be asked for now")]
    private partial void NotResumed(Exception exception, string job);
}

/// <summary>The open jobs of a shard, with their tenants.</summary>
[GenerateSerializer]
[Alias("po.OpenJobs")]
internal sealed class OpenJobs
{
    [Id(0)]
    public Dictionary<string, string> Jobs { get; set; } = new(StringComparer.Ordinal);
}

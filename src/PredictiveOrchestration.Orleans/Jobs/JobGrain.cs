using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>
/// A job: accepted when it is written, driven while its grain is active, and taken up where it was left by whichever activation comes next. It ends once: the end is written under the state's
/// version, so that of two activations in a divided cluster only one can. Jobs are spread over the silos by chance, as their directories expect: by load, all of a burst would go to one silo.
/// </summary>
[Reentrant]
[RandomPlacement]
[CollectionAgeLimit(Minutes = 5)]
internal sealed partial class JobGrain(
    [PersistentState("job", OrleansWorkerOptions.StorageName)] IPersistentState<JobState> open,
    [PersistentState("progress", OrleansWorkerOptions.StorageName)] IPersistentState<JobProgress> progress,
    [PersistentState("ended", OrleansWorkerOptions.StorageName)] IPersistentState<EndedJob> ended,
    JobPlanner planner, ILocalSiloDetails silo, SiloDirectory directory, ClusterMetrics metrics, IOptions<OrleansWorkerOptions> options, TimeProvider time, ILogger<JobGrain> logger) : Grain, IJobGrain
{
    private static readonly TimeSpan Keeping = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(20);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _leaving = new();
    private Task<SubmitAnswer>? _submitting;
    private Task<string?>? _opening;
    private JobDrive? _drive;
    private Task _driving = Task.CompletedTask;

    // Nobody is told what is not written yet.
    private bool _isOpenWritten;
    private bool _isEndWritten;
    private bool _isTold;

    private string Id => this.GetPrimaryKeyString();

    private string Tenant => Id[..Id.IndexOf('/', StringComparison.Ordinal)];

    private bool HasEnded => _isEndWritten && ended.State.Status is { } status && !(time.GetUtcNow() - status.EndedAt > options.Value.ResultRetention);

    private bool IsOpen => _isOpenWritten && !HasEnded;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_isOpenWritten, _isEndWritten) = (open.State.Payload.Length > 0 && !ended.RecordExists, ended.RecordExists);

        if (_isOpenWritten)
        {
            // Whoever had it before is gone, perhaps before the shard had it.
            progress.State.Apply(open.State);
            open.State.Restarts++;
            _opening = OpenAsync();
            _opening.Ignore();
            Begin();
        }
        else if (ended.RecordExists)
        {
            // Its silo was lost before it could do so.
            await ClearAsync();
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _leaving.CancelAsync();
        _done.TrySetResult();
    }

    public async Task<SubmitAnswer> SubmitAsync(byte[] payload, string? traceParent)
    {
        var fingerprint = JobPayload.FingerprintOf(payload);

        // The same submission may come again while the first is being taken.
        if (_submitting is { } submitting && await submitting is { Status: null } refused)
        {
            return refused;
        }

        if (IsOpen && _opening is { } opening)
        {
            if (opening.IsFaulted)
            {
                _opening = opening = OpenAsync();
            }

            if (await opening is { } full)
            {
                return Full(full);
            }
        }

        if (HasEnded || IsOpen)
        {
            return fingerprint.AsSpan().SequenceEqual(HasEnded ? ended.State.Fingerprint : open.State.Fingerprint)
                ? new SubmitAnswer { Status = Status() with { IsReplay = true } }
                : new SubmitAnswer { Refusal = $"The key of job '{Id}' was used for another job. Use a new key for a new job." };
        }

        _submitting = AcceptAsync(payload, fingerprint, traceParent);
        try
        {
            return await _submitting;
        }
        finally
        {
            _submitting = null;
        }
    }

    public async Task<ClusterJobStatus> GetAsync(TimeSpan patience)
    {
        if (IsOpen && patience > TimeSpan.Zero)
        {
            await _done.Task.WaitAsync(patience < MostPatience ? patience : MostPatience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        return Status();
    }

    public Task<EndedJob?> GetResultAsync()
    {
        // Whoever waited for it has it then; who asks again is answered from what is kept.
        _isTold = HasEnded;
        LeaveIfTold();
        return Task.FromResult(_isTold ? ended.State : null);
    }

    public async Task<ClusterJobStatus> CancelAsync()
    {
        if (_drive is { } drive && IsOpen)
        {
            await drive.CancelAsync();
        }

        return Status();
    }

    public Task<bool> ResumeAsync()
    {
        Begin();
        return Task.FromResult(IsOpen);
    }

    private async Task<SubmitAnswer> AcceptAsync(byte[] payload, byte[] fingerprint, string? traceParent)
    {
        JobPayload read;
        JobState job;
        try
        {
            read = JobPayload.Read(payload);
            await planner.ReadyAsync(_leaving.Token);
            var parts = await Task.Run(() => planner.Plan(read, _leaving.Token));
            if (Overload(parts) is { } overload)
            {
                metrics.Refused(Tenant);
                return overload;
            }

            job = new JobState { Payload = payload, Fingerprint = fingerprint, AcceptedAt = time.GetUtcNow(), TraceParent = traceParent ?? Activity.Current?.Id, Parts = parts };
        }
        catch (Exception exception) when (exception is OpenQasmException or FormatException or NoFeasibleBackendException or BackendException or ArgumentException)
        {
            return new SubmitAnswer { Refusal = exception.Message };
        }

        // Shard and job are written at one time; it is accepted when both are.
        var opening = OpenAsync();
        try
        {
            if (ended.RecordExists)
            {
                // The end of an earlier job of this key, kept for its time. Without it that job would begin again, if anything of it were left.
                await _driving;
                await ended.ClearStateAsync();
                _isEndWritten = false;
            }

            open.State = job.Copy();
            await open.WriteStateAsync();
            if (await opening is { } full)
            {
                await open.ClearStateAsync();
                return Full(full);
            }

            _isOpenWritten = true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // What is in memory is not what is kept.
            opening.Ignore();
            DeactivateOnIdle();
            throw;
        }

        metrics.Accepted(Tenant);
        Begin(read);
        return new SubmitAnswer { Status = Status() };
    }

    private Task<string?> OpenAsync() => GrainFactory.GetGrain<IJobShardGrain>(JobShards.Of(Id)).OpenAsync(Id, Tenant);

    private SubmitAnswer Full(string full)
    {
        metrics.Refused(Tenant);
        return new SubmitAnswer { Refusal = full, RetryAfter = TimeSpan.FromSeconds(Math.Clamp(directory.View.BacklogPerPlace / 2, 1, 60)) };
    }

    // Admission by predicted work: for all, and for one tenant.
    private SubmitAnswer? Overload(List<JobPart> parts)
    {
        var view = directory.View;
        if (view.Concurrency == 0)
        {
            return null;
        }

        var most = options.Value.MaxBacklog.TotalSeconds;
        var seconds = view.BacklogPerPlace;
        var own = view.TenantSeconds.GetValueOrDefault(Tenant) / view.Concurrency;
        var (over, whose) = seconds > most ? (seconds - most, "the cluster") : own > most * options.Value.MaxTenantShare ? (own - (most * options.Value.MaxTenantShare), $"tenant '{Tenant}'") : (0, string.Empty);
        return over <= 0 ? null : new SubmitAnswer
        {
            Refusal = string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"The work of {whose} that waits is predicted to take {(whose == "the cluster" ? seconds : own):F0} s on each of {view.Concurrency} places; {(whose == "the cluster" ? most : most * options.Value.MaxTenantShare):F0} s may. The job would add {parts.Sum(p => p.PredictedSeconds) / view.Concurrency:F1} s."),
            RetryAfter = TimeSpan.FromSeconds(Math.Max(1, over)),
        };
    }

    private void Begin(JobPayload? payload = null)
    {
        if (_drive is null && IsOpen)
        {
            var job = open.State.Copy();
            var writes = new SharedWrites(() => WriteAsync(job));
            _drive = new JobDrive(Id, Tenant, silo.Name, job, payload ?? JobPayload.Read(job.Payload), writes.WriteAsync, GrainFactory, directory, options.Value, metrics, time, logger);
            _driving = DriveAsync(_drive);
        }
    }

    private async Task DriveAsync(JobDrive drive)
    {
        await Task.Yield();
        try
        {
            // Nobody may ask for a long job until it has ended.
            DelayDeactivation(Keeping);
            using var keeping = this.RegisterGrainTimer(_ => { DelayDeactivation(Keeping); return Task.CompletedTask; }, new GrainTimerCreationOptions(Keeping / 3, Keeping / 3) { Interleave = true });
            await EndAsync(await drive.RunAsync(_leaving.Token));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && _leaving.IsCancellationRequested)
        {
            // The silo stops, or the grain goes elsewhere; who is next goes on.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The store is away, or another activation has the job: begin again from what is written.
            NotDriven(exception, Id);
            DeactivateOnIdle();
        }
        finally
        {
            _drive = null;
            DelayDeactivation(TimeSpan.Zero);
            LeaveIfTold();
        }
    }

    private void LeaveIfTold()
    {
        if (_isTold && _drive is null)
        {
            DeactivateOnIdle();
        }
    }

    private Task WriteAsync(JobState job)
    {
        open.State = job.Copy();
        progress.State = JobProgress.Of(job);
        return progress.WriteStateAsync();
    }

    // The end is written before the job is closed: whoever finds it open and ended has nothing to do.
    private async Task EndAsync(EndedJob end)
    {
        ended.State = end;
        await ended.WriteStateAsync();
        _isEndWritten = true;
        metrics.Ended(Tenant, end.Status!.State, time.GetUtcNow() - end.Status.AcceptedAt);
        _done.TrySetResult();
        _isOpenWritten = false;
        await ClearAsync();
        await GrainFactory.GetGrain<IJobShardGrain>(JobShards.Of(Id)).CloseAsync(Id);
    }

    // The job first: what is beside it counts only for that one.
    private async Task ClearAsync()
    {
        await (open.RecordExists ? open.ClearStateAsync() : Task.CompletedTask);
        await (progress.RecordExists ? progress.ClearStateAsync() : Task.CompletedTask);
    }

    private ClusterJobStatus Status() =>
        HasEnded ? ended.State.Status!
        : _drive is { } drive ? drive.Status()
        : IsOpen ? new ClusterJobStatus { Id = Id, State = ClusterJobState.Accepted, AcceptedAt = open.State.AcceptedAt, Parts = open.State.Parts.Count }
        : new ClusterJobStatus { Id = Id, State = ClusterJobState.Unknown };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job '{Job}' is put down, to be taken up again from what is written")]
    private partial void NotDriven(Exception exception, string job);
}

using System.Collections.Concurrent;
using System.Text.Json;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>
/// Takes jobs, answers about them, cancels and deletes them, for every protocol. A job is accepted when it is written; only then is its caller told, and only
/// then does it run.
/// </summary>
internal sealed class JobDesk(WorkerOptions options, PredictiveOrchestrator orchestrator, SubmissionReader reader, JobStore store, Accounts accounts, WorkerMetrics metrics, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ActiveJob> _active = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Owner, string Key), bool> _submitting = new();
    private long _keptBytes;
    private int _running;
    private volatile bool _open;

    public FairQueue<ActiveJob> Queue { get; } = new(options.MaxQueueLength);

    public int Running => _running;

    public bool IsOpen => _open && orchestrator.IsRunning && store.Trouble is null;

    /// <summary>Why no work is taken now, or null.</summary>
    public string? Trouble => !_open ? "The worker is starting or stopping." : !orchestrator.IsRunning ? "The orchestrator is not running." : store.Trouble is { } trouble ? $"The job store cannot be written: {trouble}" : null;

    /// <summary>Accepts a job, or answers with the one accepted before under the same key.</summary>
    /// <returns>The job, and whether it had been accepted before.</returns>
    /// <exception cref="ProblemException">It is refused.</exception>
    public async Task<(JobRecord Job, bool IsReplay)> SubmitAsync(Caller caller, string? key, byte[]? fingerprint, Func<Submission> read)
    {
        if (key is null)
        {
            return (await AcceptAsync(caller, null, null, read).ConfigureAwait(false), false);
        }

        if (!_submitting.TryAdd((caller.Owner, key), true))
        {
            throw new ProblemException(409, "submission-in-progress", "A submission with this idempotency key is being taken. Ask again in a moment.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        try
        {
            if (store.FindByKey(caller.Owner, key) is { } found)
            {
                return found.Fingerprint.AsSpan().SequenceEqual(fingerprint)
                    ? (Current(found.Record), true)
                    : throw new ProblemException(422, "idempotency-key-reused", "This idempotency key was used for another body. Use a new key for a new job.");
            }

            return (await AcceptAsync(caller, key, fingerprint, read).ConfigureAwait(false), false);
        }
        finally
        {
            _submitting.TryRemove((caller.Owner, key), out _);
        }
    }

    /// <summary>Accepts a job of several circuits: all or none.</summary>
    public async Task<JobRecord> SubmitManyAsync(Caller caller, WireSubmission wire, IonQ.IonQEnvelope envelope, IReadOnlyList<Submission> parts)
    {
        Admit(caller, parts.Count);
        var now = time.GetUtcNow();
        var parentId = NewId(now);
        var jobs = new List<ActiveJob>();
        try
        {
            foreach (var part in parts)
            {
                jobs.Add(Draft(caller, part, now, parentId));
            }

            var parent = new JobRecord
            {
                Id = parentId, Owner = caller.Owner, State = JobState.Queued, Name = wire.Name, Metadata = wire.Metadata, Device = wire.Device, Shots = wire.Shots, SubmittedAt = now,
                NumQubits = jobs.Max(j => j.Record.NumQubits), IonQ = envelope, Children = [.. jobs.Select(j => j.Record.Id)], DryRun = wire.DryRun, Currency = jobs[0].Record.Currency,
            };
            await store.AddAsync([new NewJob(parent, null), .. jobs.Select((j, i) => new NewJob(j.Record, parts[i].Request))]).ConfigureAwait(false);
            foreach (var job in jobs)
            {
                Enqueue(job);
            }

            metrics.Accepted(caller.Owner, jobs.Count);
            return parent;
        }
        catch (Exception exception)
        {
            jobs.ForEach(Discard);
            throw exception is JobStoreException ? Unavailable(exception.Message) : exception;
        }
    }

    /// <summary>A job of an owner as it is now.</summary>
    /// <exception cref="ProblemException">404.</exception>
    public JobRecord Get(string owner, string id)
    {
        var record = _active.TryGetValue(id, out var active) ? active.IsDeleted ? null : active.Record : store.Find(id);
        return record is not null && record.Owner == owner ? Current(record) : throw ProblemException.NotFound($"job '{Clip(id)}'");
    }

    /// <summary>A job that waits or runs.</summary>
    public ActiveJob? Active(string owner, string id) => _active.TryGetValue(id, out var job) && job.Record.Owner == owner && !job.IsDeleted ? job : null;

    /// <summary>The result of a job, or null if it is kept no longer.</summary>
    public byte[]? Result(JobRecord job) => store.ReadResult(job.Id);

    public byte[]? Request(JobRecord job) => store.ReadRequest(job.Id);

    public IReadOnlyList<(long Place, JobRecord Record)> List(string owner, JobState? state, long? before, int limit) =>
        [.. store.List(owner, state?.Name(), before, limit).Select(j => (j.Place, Current(j.Record)))];

    public IReadOnlyList<JobRecord> ChildrenOf(JobRecord parent) => [.. store.ChildrenOf(parent.Id).Select(Current)];

    /// <summary>Asks for a job's end. One that waits has ended when this returns; one that runs ends soon.</summary>
    public async Task<JobRecord> CancelAsync(string owner, string id)
    {
        var job = Get(owner, id);
        foreach (var child in job.Children ?? [])
        {
            await CancelAsync(owner, child).ConfigureAwait(false);
        }

        if (Active(owner, id) is { } active)
        {
            active.Cancel();
            if (active.TryTake())
            {
                Queue.Remove(active);
                await EndAsync(active, r => r with { State = JobState.Cancelled }, null, 0).ConfigureAwait(false);
            }
            else
            {
                // Also if the server is killed before the run has ended.
                await store.UpdateAsync(active.Change(r => r with { CancelRequested = true })).ConfigureAwait(false);
            }
        }

        return Get(owner, id);
    }

    /// <summary>Deletes a job; one that runs is cancelled first, and gone when it has ended.</summary>
    public async Task DeleteAsync(string owner, string id)
    {
        var job = Get(owner, id);
        foreach (var child in job.Children ?? [])
        {
            await DeleteAsync(owner, child).ConfigureAwait(false);
        }

        var active = Active(owner, id);
        if (active is not null)
        {
            await CancelAsync(owner, id).ConfigureAwait(false);
            active.IsDeleted = true;
        }

        if (active is null || active.Record.IsFinal)
        {
            await store.DeleteAsync([id]).ConfigureAwait(false);
        }
    }

    /// <summary>About how long a job that waits has still to wait, or one submitted now would.</summary>
    public TimeSpan Wait(ActiveJob? job) => TimeSpan.FromSeconds(Math.Min(1e8, (job is null ? Queue.Seconds : Queue.Before(job).Seconds) / options.MaxConcurrency));

    /// <summary>Reads back what had not ended when the last process did.</summary>
    public async Task RecoverAsync()
    {
        foreach (var record in store.LoadUnfinished())
        {
            accounts.TryReserve(record.Owner, record.ReservedCost, null);
            var job = new ActiveJob(record with { State = JobState.Queued, StartedAt = null }, null, null, 0);
            _active[record.Id] = job;
            if (record.CancelRequested && job.TryTake())
            {
                await EndAsync(job, r => r with { State = JobState.Cancelled }, null, 0).ConfigureAwait(false);
                continue;
            }

            var why = record.State != JobState.Running ? null
                : record.PaysOthers ? "The server ended while the job ran on a backend that may have charged for it; it was not run a second time."
                : record.Attempts >= options.MaxAttempts ? $"The server ended {record.Attempts} times while the job ran; it was not begun again." : null;
            if (why is null)
            {
                Queue.Add(job);
            }
            else if (job.TryTake())
            {
                await EndAsync(job, r => r with { State = JobState.Failed, Failure = new WireFailure("interrupted", why, Retryable: true) }, null, 0).ConfigureAwait(false);
            }
        }

        _open = true;
    }

    public void Close() => _open = false;

    public void Began() => Interlocked.Increment(ref _running);

    public void Stopped() => Interlocked.Decrement(ref _running);

    /// <summary>Writes a job's end, and tells those who wait for it.</summary>
    public async Task EndAsync(ActiveJob job, Func<JobRecord, JobRecord> end, byte[]? result, double runSeconds)
    {
        var before = job.Record;

        // Others see the end when it is written.
        var record = end(before with { EndedAt = time.GetUtcNow(), RunSeconds = runSeconds, Version = before.Version + 1 });
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = pause < TimeSpan.FromSeconds(10) ? pause * 2 : pause)
        {
            try
            {
                await store.EndAsync(record, result).ConfigureAwait(false);
                break;
            }
            catch (JobStoreException) when (_open)
            {
                // The disk is full, say. A finished job's result is not thrown away for that.
                await Task.Delay(pause, time).ConfigureAwait(false);
            }
        }

        job.Change(_ => record);
        accounts.Settle(record.Owner, record.ReservedCost, record.Cost ?? 0);
        metrics.Ended(record);
        if (job.IsDeleted)
        {
            await store.DeleteAsync([record.Id]).ConfigureAwait(false);
        }

        Forget(job);
        job.SignalEnd();
    }

    private JobRecord Current(JobRecord record)
    {
        if (_active.TryGetValue(record.Id, out var active))
        {
            return active.Record;
        }

        return record.Children is null || record.IsFinal ? record : OfChildren(record);
    }

    // A job of several circuits is as far as its parts.
    private JobRecord OfChildren(JobRecord parent)
    {
        var children = ChildrenOf(parent);
        var state = children.Any(c => c.State == JobState.Running) || (children.Any(c => c.IsFinal) && !children.All(c => c.IsFinal)) ? JobState.Running
            : !children.All(c => c.IsFinal) ? JobState.Queued
            : children.FirstOrDefault(c => c.State != JobState.Succeeded)?.State ?? JobState.Succeeded;
        return parent with
        {
            State = state,
            Version = 1 + children.Sum(c => c.Version),
            StartedAt = children.Min(c => c.StartedAt),
            EndedAt = state.IsFinal() ? children.Max(c => c.EndedAt) : null,
            RunSeconds = children.Sum(c => c.RunSeconds),
            PredictedSeconds = children.Sum(c => c.PredictedSeconds),
            EstimatedCost = children.Sum(c => c.EstimatedCost),
            Cost = state.IsFinal() ? children.Sum(c => c.Cost ?? 0) : null,
            Failure = children.FirstOrDefault(c => c.Failure is not null)?.Failure,
            OneQubitGates = children.Sum(c => c.OneQubitGates),
            TwoQubitGates = children.Sum(c => c.TwoQubitGates),
        };
    }

    private void Admit(Caller caller, int jobs)
    {
        if (Trouble is { } trouble)
        {
            throw Unavailable(trouble);
        }

        if (caller.Rate?.TryTake(jobs) is { } wait && wait > TimeSpan.Zero)
        {
            metrics.Refused("rate");
            throw new ProblemException(429, "rate-limited", $"You submit more than {caller.Key!.SubmissionsPerSecond} jobs a second.") { RetryAfter = wait };
        }

        if (Queue.Refusal(caller.Owner, jobs, Math.Min(options.MaxQueueLengthPerKey, caller.Key?.MaxQueueLength ?? int.MaxValue)) is { } full)
        {
            metrics.Refused("queue_full");
            var after = Wait(null);
            throw new ProblemException(429, "queue-full", $"The queue is full: {full}.") { RetryAfter = after < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : after };
        }
    }

    private async Task<JobRecord> AcceptAsync(Caller caller, string? key, byte[]? fingerprint, Func<Submission> read)
    {
        Admit(caller, 1);
        var submission = read();
        var job = Draft(caller, submission, time.GetUtcNow(), null);

        // What begins as soon as it is accepted is written as begun, which saves a transaction. Not where a run that was broken off must not be repeated: that one needs to know.
        job.IsMarked = job.Record is { IsFinal: false, PaysOthers: false } && Queue.Count == 0 && Running < options.MaxConcurrency;
        var written = job.IsMarked ? job.Record with { State = JobState.Running, StartedAt = job.Record.SubmittedAt, Attempts = 1 } : job.Record;
        try
        {
            await store.AddAsync([new NewJob(written, submission.Request, key, fingerprint)]).ConfigureAwait(false);
        }
        catch (JobStoreException exception)
        {
            Discard(job);
            throw Unavailable(exception.Message);
        }

        metrics.Accepted(caller.Owner, 1);
        Enqueue(job);
        return job.Record;
    }

    // Predicts, and sets money aside: what cannot run or be paid is refused before it is written.
    private ActiveJob Draft(Caller caller, Submission submission, DateTimeOffset now, string? parent)
    {
        var recommendation = Recommend(submission.Wire, submission.Circuit, caller.Owner);
        var chosen = recommendation.Decision.Chosen.Candidate;
        var most = submission.Wire.DryRun ? 0 : recommendation.Decision.Ranked.Max(r => r.Candidate.Cost.Upper);
        if (submission.Wire.Limits?.Cost is { } limit && most > limit)
        {
            most = limit;
        }

        if (accounts.TryReserve(caller.Owner, most, caller.Key?.Budget) is { } left)
        {
            metrics.Refused("budget");
            throw new ProblemException(402, "budget-exhausted", $"The job may cost up to {most:0.######} {chosen.Cost.Currency}; {left:0.######} of the key's budget of {caller.Key!.Budget:0.######} is left.") { IonQCode = "QuotaExhaustedError" };
        }

        var wire = submission.Wire;
        var features = recommendation.Profile.Features;
        var bytes = submission.Request.LongLength * 4;
        var keep = Interlocked.Add(ref _keptBytes, bytes) <= options.MaxBytesInFlight;
        if (!keep)
        {
            Interlocked.Add(ref _keptBytes, -bytes);
        }

        return new ActiveJob(
            new JobRecord
            {
                Id = NewId(now),
                Owner = caller.Owner,
                State = wire.DryRun ? JobState.Succeeded : JobState.Queued,
                EndedAt = wire.DryRun ? now : null,
                Name = wire.Name,
                Metadata = wire.Metadata,
                Device = wire.Device,
                Shots = wire.Shots,
                DryRun = wire.DryRun,
                NumQubits = submission.Circuit.NumQubits,
                OneQubitGates = (int)(features?.OneQubitGateCount ?? 0),
                TwoQubitGates = (int)((features?.TwoQubitGateCount ?? 0) + (features?.MultiQubitGateCount ?? 0)),
                SubmittedAt = now,
                PredictedSeconds = Math.Min(1e9, chosen.TotalSeconds),
                EstimatedCost = chosen.Cost.Median,
                ReservedCost = most,
                Currency = chosen.Cost.Currency,
                PaysOthers = recommendation.Decision.Ranked.Any(r => !r.Candidate.Backend.IsLocal && r.Candidate.Cost.Upper > 0),
                IonQ = submission.IonQ,
                Parent = parent,
            },
            keep ? wire : null,
            keep ? submission.Circuit : null,
            keep ? bytes : 0);
    }

    /// <summary>What the orchestrator would do with a job.</summary>
    /// <exception cref="ProblemException">422: no backend can run it, each one's reason given.</exception>
    public RoutingRecommendation Recommend(WireSubmission wire, Circuit circuit, string owner)
    {
        try
        {
            return orchestrator.GetRoutingRecommendation(circuit, reader.Request(wire, owner));
        }
        catch (NoFeasibleBackendException exception)
        {
            metrics.Refused("infeasible");
            throw new ProblemException(422, "infeasible", "No backend of this worker can run the job within its limits.") { Errors = [.. exception.Refused.Select(r => $"{r.Candidate.Backend.Id}: {r.Reason}")], IonQCode = "QuantumCircuitComplexityError" };
        }
        catch (ArgumentException exception) when (wire.Device != WorkerProtocol.AutoDevice)
        {
            throw ProblemException.Invalid(exception.Message);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or InvalidOperationException)
        {
            throw Unavailable("The orchestrator is not running.");
        }
    }

    private static ProblemException Unavailable(string message) => new(503, "unavailable", message) { RetryAfter = TimeSpan.FromSeconds(2) };

    private void Enqueue(ActiveJob job)
    {
        if (job.Record.IsFinal)
        {
            // A dry run has ended with its acceptance.
            Discard(job);
            return;
        }

        _active[job.Record.Id] = job;
        Queue.Add(job);
    }

    private void Discard(ActiveJob job)
    {
        accounts.Settle(job.Record.Owner, job.Record.ReservedCost, 0);
        Forget(job);
    }

    private void Forget(ActiveJob job)
    {
        _active.TryRemove(job.Record.Id, out _);
        Interlocked.Add(ref _keptBytes, -job.KeptBytes);
        job.Circuit = null;
        job.Wire = null;
    }

    private static string NewId(DateTimeOffset now) => Guid.CreateVersion7(now).ToString();

    private static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "…";
}

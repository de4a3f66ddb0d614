using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Remote;

/// <content>From an accepted job to its result.</content>
public sealed partial class RemoteBackend
{
    private const int MaxUnreadable = 5;
    private const int OptionalTries = 2;

    // Right after a job was accepted, or ended, the service may not find it, or its result, at once.
    private static readonly TimeSpan Consistency = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan OptionalTime = TimeSpan.FromSeconds(10);

    private async Task<ExecutionResult> FollowAsync(RemoteJob job, ISpendGate? gate, TimeSpan before, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var wait = await WaitAsync(job, gate, cancellationToken).ConfigureAwait(false);
        var text = await PersistAsync(job, c => _protocol.FetchAsync(_http, job, wait.Status, c), cancellationToken).ConfigureAwait(false);

        // The result is here. Nothing below may lose it: not the journal, not the books, not a cancellation.
        job = job with { State = RemoteJobState.Fetched, Result = text };
        await WriteOptionalAsync(job).ConfigureAwait(false);
        var cost = await SettleAsync(job, gate, succeeded: true).ConfigureAwait(false);
        if (cost is not null)
        {
            job = job with { Cost = cost };
            await WriteOptionalAsync(job).ConfigureAwait(false);
        }

        var outcome = Read(job);
        var run = outcome.RunTime ?? wait.Status.RunTime;
        return Result(job, outcome, wait.Queued, run, _time.GetElapsedTime(start) - wait.Queued + before);
    }

    private async Task<(RemoteStatus Status, TimeSpan Queued)> WaitAsync(RemoteJob job, ISpendGate? gate, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        long? running = null;
        var polls = 0;
        var last = RemotePhase.Queued;
        while (true)
        {
            var status = await PersistAsync(job, c => _protocol.GetStatusAsync(_http, job, c), cancellationToken).ConfigureAwait(false);
            polls = status.Phase == last ? polls + 1 : 0;
            last = status.Phase;
            switch (status.Phase)
            {
                case RemotePhase.Queued when _options.QueueDeadline is { } deadline && _time.GetUtcNow() - job.CreatedAt >= deadline:
                    throw await LateAsync(job, gate, "waits in the queue", deadline, nameof(RemoteBackendOptions.QueueDeadline)).ConfigureAwait(false);
                case RemotePhase.Running when running is { } since && _options.RunDeadline is { } deadline && _time.GetElapsedTime(since) >= deadline:
                    throw await LateAsync(job, gate, "runs", deadline, nameof(RemoteBackendOptions.RunDeadline)).ConfigureAwait(false);
                case RemotePhase.Succeeded:
                    return (status, running is { } began ? _time.GetElapsedTime(start, began) : Less(_time.GetElapsedTime(start), status.RunTime));
                case RemotePhase.Failed or RemotePhase.Cancelled:
                    throw await EndedAsync(job, gate, status).ConfigureAwait(false);
                case RemotePhase.Unknown:
                    throw new RemoteJobException(
                        BackendErrorKind.Fault, job, $"The service of '{Descriptor.Id}' says that job '{job.Tag}' is '{status.Word}', which is no known state; waiting on could be for ever. Look it up there (id {job.RemoteId}), or resume it later.");
            }

            if (status.Phase == RemotePhase.Running)
            {
                running ??= _time.GetTimestamp();
            }

            var left = status.Phase == RemotePhase.Queued
                ? _options.QueueDeadline - (_time.GetUtcNow() - job.CreatedAt)
                : _options.RunDeadline - _time.GetElapsedTime(running!.Value);
            var pause = Spacing(status, polls);
            await Task.Delay(left is { } l && l < pause ? (l > TimeSpan.Zero ? l : TimeSpan.Zero) : pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    // The service's wish first; then a part of the wait that it predicts; else growing with the age of the stage.
    private TimeSpan Spacing(RemoteStatus status, int polls)
    {
        if (status.NextPoll is { } wish)
        {
            return wish > TimeSpan.FromMinutes(10) ? TimeSpan.FromMinutes(10) : wish;
        }

        var pause = status.Wait is { } wait ? wait / 4 : _options.MinPollInterval * Math.Pow(1.5, Math.Min(polls, 30));
        pause = pause < _options.MinPollInterval ? _options.MinPollInterval : pause > _options.MaxPollInterval ? _options.MaxPollInterval : pause;
        return _http.Retries.Jitter(pause);
    }

    // Asks until there is an answer: a lost connection never ends the wait for a job that is paid for, only a long outage does.
    private async Task<T> PersistAsync<T>(RemoteJob job, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var unreadable = 0;
        for (var round = 0; ; round++)
        {
            TimeSpan? asked;
            Exception cause;
            try
            {
                return await ask(cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteCallException exception) when (exception.IsTransient || IsTooEarly(exception, _time.GetElapsedTime(start)))
            {
                (asked, cause) = (exception.RetryAfter, exception);
            }
            catch (Exception exception) when (exception is JsonException or FormatException && ++unreadable < MaxUnreadable)
            {
                (asked, cause) = (null, exception);
            }
            catch (Exception exception) when (exception is RemoteCallException or JsonException or FormatException)
            {
                throw new RemoteJobException((exception as BackendException)?.Kind ?? BackendErrorKind.Fault, job, $"Waiting for job '{job.Tag}' on '{Descriptor.Id}' failed: {exception.Message} The job may be running still; resume it later.", exception);
            }

            if (_time.GetElapsedTime(start) >= _options.MaxOutage)
            {
                throw new RemoteJobException(
                    BackendErrorKind.Unavailable, job, $"The service of '{Descriptor.Id}' has not answered for {_options.MaxOutage.TotalMinutes:G4} minutes; job '{job.Tag}' may be running still. Resume it later. Last: {cause.Message}", cause);
            }

            var pause = _http.Retries.Jitter(_options.MinPollInterval * Math.Pow(2, Math.Min(round, 12)));
            pause = asked ?? (pause > _options.MaxPollInterval ? _options.MaxPollInterval : pause);
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsTooEarly(RemoteCallException exception, TimeSpan elapsed) =>
        elapsed < Consistency && exception.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict or (HttpStatusCode)425;

    private async Task<RemoteJobException> LateAsync(RemoteJob job, ISpendGate? gate, string what, TimeSpan deadline, string option)
    {
        if (_options.CancelRemoteJobs)
        {
            job = await AbandonAsync(job, gate).ConfigureAwait(false);
        }

        return new RemoteJobException(
            BackendErrorKind.TimeLimit, job,
            $"Job '{job.Tag}' on '{Descriptor.Id}' {what} for longer than {option} = {deadline}; it was {(_options.CancelRemoteJobs ? "asked to be cancelled" : "not cancelled, and can be resumed")}.");
    }

    private async Task<RemoteJobException> EndedAsync(RemoteJob job, ISpendGate? gate, RemoteStatus status)
    {
        var reason = status.Reason is { Length: > 0 } given ? given : "no reason given";
        job = job with { State = RemoteJobState.Failed, Error = $"{status.Word}: {reason}" };
        await WriteOptionalAsync(job).ConfigureAwait(false);
        if (await SettleAsync(job, gate, succeeded: false).ConfigureAwait(false) is { } cost)
        {
            job = job with { Cost = cost };
            await WriteOptionalAsync(job).ConfigureAwait(false);
        }

        return new RemoteJobException(BackendErrorKind.Fault, job, $"Job '{job.Tag}' on '{Descriptor.Id}' was {(status.Phase == RemotePhase.Cancelled ? "cancelled at the service" : "failed by the service")}: {job.Error}.");
    }

    // What the service billed; without its word a result costs what was expected, and a failure nothing, unless the question failed: then the money stays reserved.
    private async Task<decimal?> SettleAsync(RemoteJob job, ISpendGate? gate, bool succeeded)
    {
        decimal? billed = null;
        var asked = false;
        for (var tries = OptionalTries; !asked && tries > 0; tries--)
        {
            using var limit = new CancellationTokenSource(OptionalTime, _time);
            try
            {
                billed = InAccount(await _protocol.GetCostAsync(_http, job, limit.Token).ConfigureAwait(false));
                asked = true;
            }
            catch (Exception exception) when (tries > 1 && exception is OperationCanceledException or RemoteCallException { IsTransient: true })
            {
                // An answer that does not come: another may.
            }
            catch (Exception exception) when (exception is RemoteCallException or JsonException or FormatException or OperationCanceledException)
            {
                NoCost(exception, job.Tag);
                break;
            }
        }

        if (gate is null || job.SpendKey is not { } key)
        {
            return billed;
        }

        if (!succeeded && billed is null)
        {
            await SpendOptionalAsync(job, () => asked ? gate.ReleaseAsync(key, CancellationToken.None) : gate.HoldAsync(key, CancellationToken.None)).ConfigureAwait(false);
            return null;
        }

        var amount = billed ?? job.ExpectedCost;
        await SpendOptionalAsync(job, () => gate.SettleAsync(key, amount, CancellationToken.None)).ConfigureAwait(false);
        return amount;
    }

    // Cancels at the service and notes what came of it, within a minute.
    private async Task<RemoteJob> AbandonAsync(RemoteJob job, ISpendGate? gate)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1), _time);
        if (job.State is RemoteJobState.Submitting && _protocol.Safety != SubmissionSafety.None)
        {
            // The submission goes on by itself: wait for its end.
            while (IsUnderWay(job.Tag))
            {
                await Task.Delay(_options.MinPollInterval, _time, limit.Token).ConfigureAwait(false);
            }

            job = await _journal.FindAsync(job.Tag, limit.Token).ConfigureAwait(false) ?? job;
        }

        if (job.State != RemoteJobState.Submitted)
        {
            return job;
        }

        await _protocol.CancelAsync(_http, job, limit.Token).ConfigureAwait(false);
        var status = await _protocol.GetStatusAsync(_http, job, limit.Token).ConfigureAwait(false);
        return status.Phase is RemotePhase.Cancelled or RemotePhase.Failed ? (await EndedAsync(job, gate, status).ConfigureAwait(false)).Job : job;
    }

    private bool IsUnderWay(string tag)
    {
        lock (_underWay)
        {
            return _underWay.Contains(tag);
        }
    }

    private RemoteOutcome Read(RemoteJob job)
    {
        try
        {
            return _protocol.Read(job, job.Result ?? throw new FormatException("there is no result"));
        }
        catch (Exception exception) when (exception is FormatException or JsonException or OverflowException or InvalidOperationException or ArgumentException)
        {
            throw new RemoteJobException(
                BackendErrorKind.Fault, job, $"The result of job '{job.Tag}' on '{Descriptor.Id}' is not as documented: {exception.Message} It is kept as received in the job's Result.", exception);
        }
    }

    private ExecutionResult Result(RemoteJob job, RemoteOutcome outcome, TimeSpan queued, TimeSpan? run, TimeSpan rest)
    {
        var service = rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
        var ran = run is { } r && r < service ? r : service;
        return new ExecutionResult
        {
            BackendId = Descriptor.Id,
            Shots = outcome.Shots ?? job.Shots,
            Seed = job.Seed,
            Counts = outcome.Counts,
            Probabilities = outcome.Probabilities,
            ExpectationValues = outcome.ExpectationValues,
            IsExact = outcome.IsExact ?? Descriptor.Capabilities.IsExact,
            Timings = new ExecutionTimings(queued, service - ran, ran, TimeSpan.Zero),
            PeakMemoryBytes = outcome.PeakMemoryBytes,
            Cost = job.Cost,
        };
    }

    private static TimeSpan Less(TimeSpan whole, TimeSpan? part) => part is { } p && p < whole ? whole - p : TimeSpan.Zero;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The service did not say what job '{Tag}' cost")]
    private partial void NoCost(Exception exception, string tag);
}

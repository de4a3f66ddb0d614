using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Remote;

/// <content>From a request to an accepted job.</content>
public sealed partial class RemoteBackend
{
    private const int MaxSubmissions = 3;

    // A service may need a moment until a job that it accepted can be found.
    private static readonly TimeSpan[] LookUpAfter = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15)];

    private async Task<RemoteJob> DraftAsync(RemotePlan plan, ExecutionRequest request, string tag, CancellationToken cancellationToken)
    {
        var job = new RemoteJob
        {
            Tag = tag,
            BackendId = Descriptor.Id,
            Protocol = _protocol.Name,
            Endpoint = _http.Endpoint,
            Target = _options.Target,
            State = RemoteJobState.Submitting,
            Shots = request.Shots,
            Seed = request.Seed,
            CreatedAt = _time.GetUtcNow(),
            Payload = plan.Payload,
            Readout = plan.Readout,
            Notes = plan.Notes,
        };
        if (request.Spending is null && _options.SpendGate is null && _options.MaxCostPerJob is null)
        {
            return job;
        }

        var cost = InAccount((await EstimateAsync(plan, request.Shots, cancellationToken).ConfigureAwait(false))?.Cost);
        if (cost > _options.MaxCostPerJob)
        {
            throw new BackendException(
                BackendErrorKind.BudgetRefused, Descriptor.Id, $"The service estimates {cost} {_options.Currency} for the job; MaxCostPerJob of backend '{Descriptor.Id}' is {_options.MaxCostPerJob}.");
        }

        return job with { ExpectedCost = cost ?? request.Spending?.Expected ?? 0 };
    }

    // An estimate is optional: without one, the prediction counts.
    private async Task<RemoteEstimate?> EstimateAsync(RemotePlan plan, int shots, CancellationToken cancellationToken)
    {
        try
        {
            return await _protocol.EstimateAsync(_http, plan, shots, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is RemoteCallException or FormatException or System.Text.Json.JsonException)
        {
            NoEstimate(exception, Descriptor.Id);
            return null;
        }
    }

    private async Task BeginAsync(RemoteJob job, ISpendGate? gate, SpendPermit? permit, CancellationToken cancellationToken)
    {
        var most = Math.Max(job.ExpectedCost, permit?.Most ?? 0);

        // A gate of the backend's own is asked also where nobody can say what the job will cost: what it did cost is booked there.
        var key = gate is not null && (most > 0 || permit is { IsMetered: true } || (permit is null && _options.SpendGate is not null)) ? permit?.Key ?? job.Tag : null;
        if (key is not null)
        {
            await gate!.ReserveAsync(new SpendRequest(key, most, Descriptor.Id, permit?.Tag), cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await _journal.WriteAsync(job with { SpendKey = key }, cancellationToken).ConfigureAwait(false);
        }
        catch when (key is not null)
        {
            await gate!.ReleaseAsync(key, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    // The submission goes on when the caller gives up: only so can what came of it be written down.
    private async Task<RemoteJob> SubmitAsync(RemoteJob draft, ISpendGate? gate, CancellationToken cancellationToken, bool isAgain = false)
    {
        var job = await _journal.FindAsync(draft.Tag, CancellationToken.None).ConfigureAwait(false) ?? draft;
        lock (_underWay)
        {
            _underWay.Add(job.Tag);
        }

        var submission = SubmitToEndAsync(job, gate, isAgain);
        try
        {
            return await submission.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!submission.IsCompleted)
        {
            Background(submission);
            throw;
        }
    }

    // That the same key is refused now says nothing of the first time: then the job stays held.
    private async Task<RemoteJob> SubmitToEndAsync(RemoteJob job, ISpendGate? gate, bool isAgain)
    {
        try
        {
            for (var round = 1; ; round++)
            {
                try
                {
                    return await AcceptedAsync(job, await _protocol.SubmitAsync(_http, job, _closing.Token).ConfigureAwait(false)).ConfigureAwait(false);
                }
                catch (RemoteCallException exception) when (exception.Failure == RemoteFailure.NotAccepted && !isAgain)
                {
                    await NotAcceptedAsync(job, gate, exception.Message).ConfigureAwait(false);
                    throw;
                }
                catch (Exception exception) when (exception is RemoteCallException or FormatException or System.Text.Json.JsonException or OperationCanceledException)
                {
                    AnswerLost(exception, job.Tag, Descriptor.Id);
                    if (exception is not OperationCanceledException && _protocol.Safety == SubmissionSafety.LookUp)
                    {
                        var (id, isCertain) = await LookUpAsync(job, _closing.Token).ConfigureAwait(false);
                        if (id is not null)
                        {
                            return await AcceptedAsync(job, id).ConfigureAwait(false);
                        }

                        if (isCertain && round < MaxSubmissions)
                        {
                            continue;
                        }
                    }

                    throw await HoldAsync(job, gate, exception).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            lock (_underWay)
            {
                _underWay.Remove(job.Tag);
            }
        }
    }

    // The id, or that there is surely none; neither if the service does not answer.
    private async Task<(string? Id, bool IsCertain)> LookUpAsync(RemoteJob job, CancellationToken cancellationToken)
    {
        var isCertain = false;
        foreach (var pause in LookUpAfter)
        {
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
            try
            {
                if (await _protocol.FindAsync(_http, job, cancellationToken).ConfigureAwait(false) is { } id)
                {
                    return (id, true);
                }

                isCertain = true;
            }
            catch (Exception exception) when (exception is RemoteCallException or FormatException or System.Text.Json.JsonException)
            {
                isCertain = false;
            }
        }

        return (null, isCertain);
    }

    private async Task<RemoteJob> AcceptedAsync(RemoteJob job, string remoteId)
    {
        var accepted = job with { State = RemoteJobState.Submitted, RemoteId = remoteId, Error = null };
        try
        {
            await _journal.WriteAsync(accepted, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is BackendException or ObjectDisposedException)
        {
            // It runs and costs: better wait for it unwritten than lose it. Its draft is in the journal, and the service knows its tag.
            NotWritten(exception, job.Tag, remoteId);
        }

        return accepted;
    }

    private async Task NotAcceptedAsync(RemoteJob job, ISpendGate? gate, string reason)
    {
        await WriteOptionalAsync(job with { State = RemoteJobState.NotAccepted, Error = reason }).ConfigureAwait(false);
        if (gate is not null && job.SpendKey is { } key)
        {
            await SpendOptionalAsync(job, () => gate.ReleaseAsync(key, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private async Task<RemoteJobException> HoldAsync(RemoteJob job, ISpendGate? gate, Exception cause)
    {
        var held = job with { State = RemoteJobState.Held, Error = cause.Message };
        await WriteOptionalAsync(held).ConfigureAwait(false);
        if (gate is not null && job.SpendKey is { } key)
        {
            await SpendOptionalAsync(job, () => gate.HoldAsync(key, CancellationToken.None)).ConfigureAwait(false);
        }

        return new RemoteJobException(
            BackendErrorKind.OutcomeUnknown, held,
            $"Nobody knows whether '{Descriptor.Id}' accepted job '{job.Tag}': {cause.Message} It is held, with its money reserved, and not sent again. Call ReconcileAsync.", cause);
    }

    private async Task WriteOptionalAsync(RemoteJob job)
    {
        try
        {
            await _journal.WriteAsync(job, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is BackendException or ObjectDisposedException)
        {
            NotWritten(exception, job.Tag, job.RemoteId ?? "none");
        }
    }

    // Whatever the books say, a result or an error of a job is not replaced by an error of theirs; the reservation stays.
    private async Task SpendOptionalAsync(RemoteJob job, Func<ValueTask> spend)
    {
        try
        {
            await spend().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is BackendException or ObjectDisposedException or ArgumentException)
        {
            NotBooked(exception, job.Tag, job.SpendKey);
        }
    }

    private decimal? InAccount(RemoteCost? cost) => cost is not null && string.Equals(cost.Currency, _options.Currency, StringComparison.OrdinalIgnoreCase) ? cost.Amount : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "No estimate from the service of backend '{Backend}'")]
    private partial void NoEstimate(Exception exception, string backend);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The answer to the submission of job '{Tag}' to '{Backend}' was lost")]
    private partial void AnswerLost(Exception exception, string tag, string backend);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job '{Tag}' (id {RemoteId} at the service) could not be written to the journal")]
    private partial void NotWritten(Exception exception, string tag, string remoteId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The cost of job '{Tag}' could not be booked under '{Key}'; its reservation stays")]
    private partial void NotBooked(Exception exception, string tag, string? key);
}

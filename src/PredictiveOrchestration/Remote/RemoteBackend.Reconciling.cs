using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Remote;

/// <content>Clearing up submissions whose answer was lost.</content>
public sealed partial class RemoteBackend
{
    /// <summary>
    /// Clears up every job of which nobody knows whether the service accepted it: by submitting again under the same idempotency key, or by looking it up. A job
    /// found is then pending like any other, to be resumed; one surely not accepted has its money freed. Where the service offers neither, the job stays
    /// held: look there, and say what you found.
    /// </summary>
    /// <returns>The jobs as they are now.</returns>
    public async Task<IReadOnlyList<RemoteJob>> ReconcileAsync(CancellationToken cancellationToken = default)
    {
        var jobs = new List<RemoteJob>();
        foreach (var job in await _journal.ListPendingAsync(Descriptor.Id, cancellationToken).ConfigureAwait(false))
        {
            if (job.State is not (RemoteJobState.Submitting or RemoteJobState.Held) || IsUnderWay(job.Tag))
            {
                continue;
            }

            try
            {
                jobs.Add(await ClearUpAsync(job, Account, maySubmit: false, cancellationToken).ConfigureAwait(false));
            }
            catch (BackendException exception)
            {
                jobs.Add((exception as RemoteJobException)?.Job ?? await _journal.FindAsync(job.Tag, cancellationToken).ConfigureAwait(false) ?? job);
            }
        }

        return jobs;
    }

    /// <summary>Says of a held job what a person found out at the service.</summary>
    /// <param name="tag">The job's tag.</param>
    /// <param name="remoteId">The service's id of it; null if the service surely has no such job.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KeyNotFoundException">The journal has no such job of this backend.</exception>
    /// <exception cref="InvalidOperationException">The job is not held.</exception>
    public async Task<RemoteJob> ReconcileAsync(string tag, string? remoteId, CancellationToken cancellationToken = default)
    {
        var job = await FindAsync(tag, cancellationToken).ConfigureAwait(false);
        if (job.State is not (RemoteJobState.Submitting or RemoteJobState.Held) || IsUnderWay(tag))
        {
            throw new InvalidOperationException($"Job '{tag}' is {job.State}; only a held one can be reconciled.");
        }

        if (remoteId is not null)
        {
            return await AcceptedAsync(job, remoteId).ConfigureAwait(false);
        }

        await NotAcceptedAsync(job, Account, "a person found that the service has no such job").ConfigureAwait(false);
        return await FindAsync(tag, cancellationToken).ConfigureAwait(false);
    }

    private async Task<RemoteJob> ClearUpAsync(RemoteJob job, ISpendGate? gate, bool maySubmit, CancellationToken cancellationToken)
    {
        if (_protocol.Safety == SubmissionSafety.IdempotencyKey)
        {
            return await SubmitAsync(job, gate, cancellationToken, isAgain: true).ConfigureAwait(false);
        }

        if (_protocol.Safety == SubmissionSafety.LookUp)
        {
            var (id, isCertain) = await LookUpAsync(job, cancellationToken).ConfigureAwait(false);
            if (id is not null)
            {
                return await AcceptedAsync(job, id).ConfigureAwait(false);
            }

            if (isCertain && maySubmit)
            {
                return await SubmitAsync(job, gate, cancellationToken).ConfigureAwait(false);
            }

            if (isCertain)
            {
                await NotAcceptedAsync(job, gate, "the service has no such job").ConfigureAwait(false);
                return job with { State = RemoteJobState.NotAccepted, Error = "the service has no such job" };
            }
        }

        throw new RemoteJobException(
            BackendErrorKind.OutcomeUnknown, job,
            $"Nobody knows whether '{Descriptor.Id}' accepted job '{job.Tag}'. Look it up at the service, and call ReconcileAsync with the id found there, or null if there is none.");
    }
}

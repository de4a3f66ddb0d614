using System.Diagnostics;
using Orleans;
using PredictiveOrchestration.Orleans.Jobs;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans;

/// <summary>Submits durable jobs to a cluster and asks for them. Thread-safe. What is asked is asked again where a silo went away before it answered: that is safe.</summary>
public sealed class ClusterJobs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // A gateway that is frozen answers nothing, and nobody says so: after this another one is asked. What takes longer goes on meanwhile and is found by whoever asks again.
    private static readonly TimeSpan Longest = Patience + TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;

    /// <summary>Makes a client.</summary>
    /// <param name="grains">The cluster's client, or a silo's own grain factory.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public ClusterJobs(IGrainFactory grains, TimeProvider? time = null)
    {
        _grains = grains ?? throw new ArgumentNullException(nameof(grains));
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Submits a job. When this returns it is written down, and will end whatever becomes of silos and of this process.</summary>
    /// <param name="request">The job.</param>
    /// <param name="key">
    /// The idempotency key, 1 to 150 characters: the same job submitted again under it is the same job, also by another process. Null for a new one, which is in the answer's id.
    /// </param>
    /// <param name="cancellationToken">Gives up; the job may have been accepted, which the same key tells.</param>
    /// <exception cref="ClusterOverloadedException">There is too much work; it says when to ask again.</exception>
    /// <exception cref="ArgumentException">The job is wrong: its numbers, its programs, the key of another job, or no silo can run it.</exception>
    public async Task<ClusterJobStatus> SubmitAsync(ClusterJobRequest request, string? key = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (key is { Length: 0 or > ClusterJobRequest.MaxNameLength })
        {
            throw new ArgumentException($"The key has {key.Length} characters; accepted are 1 to {ClusterJobRequest.MaxNameLength}.", nameof(key));
        }

        var payload = JobPayload.Write(request);
        var id = IdOf(request.Tenant, key ?? Guid.CreateVersion7(_time.GetUtcNow()).ToString("N"));
        var trace = Activity.Current?.Id;
        var answer = await AskAsync(id, job => job.SubmitAsync(payload, trace), cancellationToken).ConfigureAwait(false);
        return answer.Status ?? throw (answer.RetryAfter > TimeSpan.Zero ? new ClusterOverloadedException(answer.Refusal!, answer.RetryAfter) : new ArgumentException(answer.Refusal, nameof(request)));
    }

    /// <summary>The id of a tenant's job.</summary>
    public static string IdOf(string tenant, string key) => $"{tenant}/{key}";

    /// <summary>Tells how a job stands.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ClusterJobStatus> GetStatusAsync(string id, CancellationToken cancellationToken = default) => AskAsync(Checked(id), job => job.GetAsync(TimeSpan.Zero), cancellationToken);

    /// <summary>Waits until a job has ended.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="progress">Told how it stands, about every five seconds and at the end; or null.</param>
    /// <param name="cancellationToken">Gives up waiting; the job goes on.</param>
    /// <returns>The end and the results; no results if it is not known.</returns>
    public async Task<ClusterJobResult> WaitAsync(string id, IProgress<ClusterJobStatus>? progress = null, CancellationToken cancellationToken = default)
    {
        Checked(id);
        while (true)
        {
            var status = await AskAsync(id, job => job.GetAsync(Patience), cancellationToken).ConfigureAwait(false);
            progress?.Report(status);
            if (!status.IsFinal)
            {
                continue;
            }

            if (await GetResultAsync(id, cancellationToken).ConfigureAwait(false) is { } result)
            {
                return result;
            }

            if (status.State == ClusterJobState.Unknown)
            {
                return new ClusterJobResult(status, []);
            }

            // Where a silo was taken for dead and was not, another may not know of the end yet that this one has written; it will when it cannot write its own.
            await Task.Delay(FirstPause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The results of a job; null while it has not ended, or when it is not known.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FormatException">What is kept is damaged.</exception>
    public async Task<ClusterJobResult?> GetResultAsync(string id, CancellationToken cancellationToken = default) =>
        await AskAsync(Checked(id), job => job.GetResultAsync(), cancellationToken).ConfigureAwait(false) is { Status: { } status } ended
            ? new ClusterJobResult(status, [.. ended.Runs.Select(r => new ClusterRun(r.Result is null ? null : ResultCodec.Read(r.Result), r.FailureCode, r.FailureMessage))])
            : null;

    /// <summary>Asks for a job's end; runs under way end soon, what has ended is kept.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ClusterJobStatus> CancelAsync(string id, CancellationToken cancellationToken = default) => AskAsync(Checked(id), job => job.CancelAsync(), cancellationToken);

    /// <summary>Tells the load of the cluster, for scaling it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ClusterLoad> GetLoadAsync(CancellationToken cancellationToken = default)
    {
        var view = await AskAsync(() => _grains.GetGrain<ICatalogGrain>(0).GetAsync(), cancellationToken).ConfigureAwait(false);
        return new ClusterLoad(view.SiloCount, view.Concurrency, view.Waiting, view.Running, view.BacklogSeconds, view.Ended);
    }

    private static string Checked(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return id.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && slash < id.Length - 1 ? id : throw new ArgumentException($"'{id}' is no job's id: tenant, '/' and key.", nameof(id));
    }

    private Task<T> AskAsync<T>(string id, Func<IJobGrain, Task<T>> ask, CancellationToken cancellationToken) => AskAsync(() => ask(_grains.GetGrain<IJobGrain>(id)), cancellationToken);

    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause < TimeSpan.FromSeconds(3) ? pause * 2 : pause)
        {
            try
            {
                return await ask().WaitAsync(Longest, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RunDriver.IsTransient(exception))
            {
                await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>The load of a cluster.</summary>
/// <param name="Silos">The silos that work.</param>
/// <param name="Places">The runs that they work on at one time.</param>
/// <param name="Waiting">Runs that wait.</param>
/// <param name="Running">Runs under way.</param>
/// <param name="BacklogSeconds">The predicted work that waits and runs, in seconds of one run after the other.</param>
/// <param name="Ended">Runs ended by the silos that are there, since their start.</param>
public sealed record ClusterLoad(int Silos, int Places, int Waiting, int Running, double BacklogSeconds, long Ended)
{
    /// <summary>Gets what a new job is predicted to wait, in seconds: the signal to scale by.</summary>
    public double BacklogSecondsPerPlace => Places == 0 ? 0 : BacklogSeconds / Places;
}

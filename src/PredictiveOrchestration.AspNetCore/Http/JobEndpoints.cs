using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>Jobs by our own protocol.</summary>
internal sealed class JobEndpoints(JobDesk desk, SubmissionReader reader, BodyReader bodies, Waiting waiting)
{
    private const int MaxPage = 200;

    public async Task CreateAsync(HttpContext context, Caller caller)
    {
        var key = Key(context);
        var body = await bodies.ReadAsync(context).ConfigureAwait(false);
        var fingerprint = key is null ? null : SHA256.HashData(body);
        var (job, isReplay) = await desk.SubmitAsync(caller, key, fingerprint, () => Read(body)).ConfigureAwait(false);
        if (isReplay)
        {
            context.Response.Headers[WorkerProtocol.IdempotencyReplayedHeader] = "true";
        }

        await waiting.ForAsync(context, desk.Active(caller.Owner, job.Id)).ConfigureAwait(false);
        job = desk.Get(caller.Owner, job.Id);
        context.Response.Headers.Location = $"{context.Request.PathBase}{context.Request.Path.Value!.TrimEnd('/')}/{job.Id}";
        await WriteAsync(context, isReplay ? StatusCodes.Status200OK : StatusCodes.Status201Created, job).ConfigureAwait(false);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var id = Id(context);
        desk.Get(caller.Owner, id);
        await waiting.ForAsync(context, desk.Active(caller.Owner, id)).ConfigureAwait(false);
        var job = desk.Get(caller.Owner, id);
        if (context.Request.Headers.IfNoneMatch.Any(t => t is not null && t.Split(',').Any(e => e.Trim() == Tag(job))))
        {
            context.Response.Headers.ETag = Tag(job);
            Pace(context, job);
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await WriteAsync(context, StatusCodes.Status200OK, job).ConfigureAwait(false);
    }

    public Task ListAsync(HttpContext context, Caller caller)
    {
        var query = context.Request.Query;
        var limit = Number(query["limit"], "limit", 1, MaxPage) ?? 50;
        var before = Number(query["next"], "next", 0, long.MaxValue);
        JobState? state = query["status"].ToString() is { Length: > 0 } name ? JobStates.Parse(name) : null;
        if (state == JobState.Unknown)
        {
            throw ProblemException.Invalid($"There is no status '{query["status"]}'; accepted are queued, running, succeeded, failed, cancelled and expired.");
        }

        var page = desk.List(caller.Owner, state, before, (int)limit + 1);
        var next = page.Count > limit ? page[(int)limit - 1].Place.ToString(CultureInfo.InvariantCulture) : null;
        return Answer.JsonAsync(context, 200, new WireJobPage([.. page.Take((int)limit).Select(j => Show(j.Record))], next), WorkerJson.Default.WireJobPage);
    }

    public async Task ResultAsync(HttpContext context, Caller caller)
    {
        var id = Id(context);
        desk.Get(caller.Owner, id);
        await waiting.ForAsync(context, desk.Active(caller.Owner, id)).ConfigureAwait(false);
        var job = desk.Get(caller.Owner, id);
        switch (job.State)
        {
            case JobState.Succeeded when job.DryRun:
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            case JobState.Succeeded when job.Children is null && desk.Result(job) is { } result:
                await Answer.BytesAsync(context, 200, result).ConfigureAwait(false);
                break;
            case JobState.Succeeded when job.Children is not null:
                throw new ProblemException(409, "several-results", "The job has several circuits: each part has a result of its own.") { Errors = [.. job.Children] };
            case JobState.Succeeded or JobState.Expired:
                throw new ProblemException(410, "expired", "The result was kept for its time and is gone.");
            case JobState.Failed or JobState.Cancelled:
                throw new ProblemException(409, $"job-{job.State.Name()}", job.Failure?.Message ?? "The job was cancelled; it has no result.");
            default:
                throw new ProblemException(409, "not-ready", $"The job is {job.State.Name()}; it has no result yet.") { RetryAfter = Pause(job) };
        }
    }

    public async Task CancelAsync(HttpContext context, Caller caller)
    {
        var id = Id(context);
        if (desk.Get(caller.Owner, id) is { IsFinal: true } ended)
        {
            throw new ProblemException(409, "already-ended", $"The job has ended ({ended.State.Name()}); it cannot be cancelled.");
        }

        var job = await desk.CancelAsync(caller.Owner, id).ConfigureAwait(false);
        await WriteAsync(context, job.IsFinal ? StatusCodes.Status200OK : StatusCodes.Status202Accepted, job).ConfigureAwait(false);
    }

    public async Task DeleteAsync(HttpContext context, Caller caller)
    {
        await desk.DeleteAsync(caller.Owner, Id(context)).ConfigureAwait(false);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task EstimateAsync(HttpContext context, Caller caller, TimeProvider time)
    {
        var submission = Read(await bodies.ReadAsync(context).ConfigureAwait(false));
        var recommendation = desk.Recommend(submission.Wire, submission.Circuit, caller.Owner);
        var (prediction, cost) = (recommendation.ExpectedPerformance, recommendation.Decision.Chosen.Candidate.Cost);
        await Answer.JsonAsync(
            context, 200,
            new WireEstimate
            {
                Device = recommendation.Backend.Id,
                RunMs = Interval(prediction.Seconds, 1e3),
                WaitMs = desk.Wait(null).TotalMilliseconds + 1e3 * prediction.WaitSeconds.Median,
                PeakMemoryBytes = Interval(prediction.PeakBytes, 1),
                Fidelity = Interval(prediction.Fidelity, 1),
                Cost = new WireInterval((double)cost.Median, (double)cost.Lower, (double)cost.Upper),
                Currency = cost.Currency,
                AsOf = time.GetUtcNow(),
            },
            WorkerJson.Default.WireEstimate).ConfigureAwait(false);
    }

    private Submission Read(byte[] body)
    {
        WireSubmission? wire;
        try
        {
            wire = JsonSerializer.Deserialize(body, WorkerJson.Default.WireSubmission);
        }
        catch (JsonException exception)
        {
            throw ProblemException.Invalid($"The body is not the JSON of a job: {(exception.Message.Length > 300 ? exception.Message[..300] : exception.Message)}");
        }

        return wire is null ? throw ProblemException.Invalid("The body is null.") : new Submission(wire, reader.Read(wire), body);
    }

    private async Task WriteAsync(HttpContext context, int status, JobRecord job)
    {
        context.Response.Headers.ETag = Tag(job);
        context.Response.Headers.CacheControl = "private, no-cache";
        Pace(context, job);
        await Answer.JsonAsync(context, status, Show(job), WorkerJson.Default.WireJob).ConfigureAwait(false);
    }

    private void Pace(HttpContext context, JobRecord job)
    {
        if (!job.IsFinal)
        {
            Answer.RetryAfter(context, Pause(job));
        }
    }

    // A quarter of the predicted rest: late by a quarter at the most, and few questions.
    private TimeSpan Pause(JobRecord job)
    {
        var active = desk.Active(job.Owner, job.Id);
        var rest = (active is null || job.State == JobState.Running ? TimeSpan.Zero : desk.Wait(active)) + TimeSpan.FromSeconds(job.PredictedSeconds);
        return TimeSpan.FromSeconds(Math.Clamp(rest.TotalSeconds / 4, 1, 60));
    }

    private WireJob Show(JobRecord job)
    {
        var waits = job.State == JobState.Queued ? desk.Active(job.Owner, job.Id) : null;
        return new WireJob
        {
            Id = job.Id,
            Status = job.State,
            Device = job.Device,
            Backend = job.Backend,
            Name = job.Name,
            Metadata = job.Metadata,
            Shots = job.Shots,
            DryRun = job.DryRun,
            NumQubits = job.NumQubits,
            SubmittedAt = job.SubmittedAt,
            StartedAt = job.StartedAt,
            EndedAt = job.EndedAt,
            QueuePosition = waits is null ? null : desk.Queue.Before(waits).Ahead,
            EstimatedWaitMs = waits is null ? null : desk.Wait(waits).TotalMilliseconds,
            EstimatedRunMs = job.IsFinal ? null : 1e3 * job.PredictedSeconds,
            Cost = new WireCost(job.EstimatedCost, job.Cost, job.Currency),
            Failure = job.Failure,
        };
    }

    // Weak: position and estimates change without a new version.
    private static string Tag(JobRecord job) => string.Create(CultureInfo.InvariantCulture, $"W/\"{job.Version}-{job.State.Name()}\"");

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static WireInterval Interval(Prediction.Estimate estimate, double unit) => new(estimate.Median * unit, estimate.Lower * unit, estimate.Upper * unit);

    private static long? Number(string? text, string name, long least, long most) =>
        string.IsNullOrEmpty(text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw ProblemException.Invalid($"'{name}' is no integer from {least} to {most}.");

    private static string? Key(HttpContext context)
    {
        var header = context.Request.Headers[WorkerProtocol.IdempotencyKeyHeader];
        return header.Count == 0 ? null
            : header is [{ Length: > 0 and <= WorkerProtocol.MaxKeyLength } key] && key.All(c => c is > ' ' and <= '~') ? key
            : throw ProblemException.Invalid($"The header {WorkerProtocol.IdempotencyKeyHeader} takes one value of 1 to {WorkerProtocol.MaxKeyLength} printable ASCII characters without spaces.");
    }
}

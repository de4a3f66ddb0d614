using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>Jobs by IonQ's protocol: created, shown, listed, cancelled, deleted, and what they cost.</summary>
internal sealed class IonQJobs(JobDesk desk, IonQReader reader, BodyReader bodies, IonQJobWriter shown)
{
    private const int MaxPage = 1000;
    private const int MaxIds = 1000;

    public async Task CreateAsync(HttpContext context, Caller caller)
    {
        var body = await bodies.ReadAsync(context).ConfigureAwait(false);
        var (common, envelope, parts) = reader.Read(body);
        var job = envelope.Type == "ionq.multi-circuit.v1"
            ? await desk.SubmitManyAsync(caller, common, envelope, parts).ConfigureAwait(false)
            : (await desk.SubmitAsync(caller, null, null, () => parts[0]).ConfigureAwait(false)).Job;
        await IonQAnswer.WriteAsync(context, StatusCodes.Status201Created, w =>
        {
            w.WriteStartObject();
            w.WriteString("id", job.Id);
            w.WriteString("status", IonQWords.Status(job.State));
            w.WriteNull("session_id");
            w.WriteEndObject();
        }).ConfigureAwait(false);
    }

    public Task GetAsync(HttpContext context, Caller caller)
    {
        var job = desk.Get(caller.Owner, IonQAnswer.Id(context));
        return IonQAnswer.WriteAsync(context, 200, w => shown.Write(w, job));
    }

    public async Task ListAsync(HttpContext context, Caller caller)
    {
        var query = context.Request.Query;
        var limit = await LimitAsync(context).ConfigureAwait(false);
        IReadOnlyList<(long Place, JobRecord Record)> jobs;
        if (query["ids"].ToString() is { Length: > 0 } ids)
        {
            var wanted = ids.Split(',', MaxIds + 1);
            jobs = wanted.Length > MaxIds ? throw ProblemException.Invalid($"'ids' names more than {MaxIds} jobs.") : [.. wanted.Select(i => (0L, desk.Get(caller.Owner, i)))];
        }
        else if (query["parent_job_id"].ToString() is { Length: > 0 } parent)
        {
            jobs = [.. desk.ChildrenOf(desk.Get(caller.Owner, parent)).Select(j => (0L, j))];
        }
        else
        {
            JobState? state = query["status"].ToString() is { Length: > 0 } status ? IonQWords.State(status) : null;
            long? before = query["next"].ToString() is { Length: > 0 } next ? long.TryParse(next, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : throw ProblemException.Invalid("'next' is no place in the list.") : null;
            jobs = desk.List(caller.Owner, state, before, limit + 1);
        }

        await IonQAnswer.WriteAsync(context, 200, w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("jobs");
            foreach (var (_, job) in jobs.Take(limit))
            {
                shown.Write(w, job);
            }

            w.WriteEndArray();

            // Left out on the last page: a public client asks on as long as it is there, even if it is null.
            if (jobs.Count > limit && jobs[limit].Place > 0)
            {
                w.WriteString("next", jobs[limit - 1].Place.ToString(CultureInfo.InvariantCulture));
            }

            w.WriteEndObject();
        }).ConfigureAwait(false);
    }

    public async Task CancelAsync(HttpContext context, Caller caller)
    {
        // A job that has ended stays as it is; its client is told so.
        var job = await desk.CancelAsync(caller.Owner, IonQAnswer.Id(context)).ConfigureAwait(false);
        await IonQAnswer.WriteAsync(context, 200, w => State(w, job.Id, job.IsFinal ? IonQWords.Status(job.State) : "canceled")).ConfigureAwait(false);
    }

    public async Task DeleteAsync(HttpContext context, Caller caller)
    {
        var id = IonQAnswer.Id(context);
        await desk.DeleteAsync(caller.Owner, id).ConfigureAwait(false);
        await IonQAnswer.WriteAsync(context, 200, w => State(w, id, "deleted")).ConfigureAwait(false);
    }

    public async Task CancelManyAsync(HttpContext context, Caller caller)
    {
        var ids = await IdsAsync(context).ConfigureAwait(false);
        foreach (var id in ids)
        {
            await desk.CancelAsync(caller.Owner, id).ConfigureAwait(false);
        }

        await IonQAnswer.WriteAsync(context, 200, w => States(w, ids, "canceled")).ConfigureAwait(false);
    }

    public async Task DeleteManyAsync(HttpContext context, Caller caller)
    {
        var ids = await IdsAsync(context).ConfigureAwait(false);
        foreach (var id in ids)
        {
            await desk.DeleteAsync(caller.Owner, id).ConfigureAwait(false);
        }

        await IonQAnswer.WriteAsync(context, 200, w => States(w, ids, "deleted")).ConfigureAwait(false);
    }

    public Task CostAsync(HttpContext context, Caller caller)
    {
        var job = desk.Get(caller.Owner, IonQAnswer.Id(context));
        return IonQAnswer.WriteAsync(context, 200, w =>
        {
            void Amount(string name, decimal value)
            {
                w.WriteStartObject(name);
                w.WriteNumber("value", value);
                w.WriteString("unit", job.Currency.ToLowerInvariant());
                w.WriteEndObject();
            }

            w.WriteStartObject();
            w.WriteBoolean("dry_run", job.DryRun);
            Amount("estimated_cost", job.EstimatedCost);
            if (job.IsFinal)
            {
                Amount("cost", job.Cost ?? 0);
            }

            w.WriteEndObject();
        });
    }

    private static void State(Utf8JsonWriter w, string id, string status)
    {
        w.WriteStartObject();
        w.WriteString("id", id);
        w.WriteString("status", status);
        w.WriteEndObject();
    }

    private static void States(Utf8JsonWriter w, IReadOnlyList<string> ids, string status)
    {
        w.WriteStartObject();
        w.WriteStartArray("ids");
        foreach (var id in ids)
        {
            w.WriteStringValue(id);
        }

        w.WriteEndArray();
        w.WriteString("status", status);
        w.WriteEndObject();
    }

    private async Task<string[]> IdsAsync(HttpContext context)
    {
        try
        {
            using var document = JsonDocument.Parse(await bodies.ReadAsync(context).ConfigureAwait(false), new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("ids", out var ids) && ids.ValueKind == JsonValueKind.Array && ids.GetArrayLength() <= MaxIds)
            {
                return [.. ids.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.String ? i.GetString()! : throw ProblemException.Invalid("'ids' holds something that is no id.", ["ids"]))];
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw ProblemException.Invalid($"The body is no JSON object with 'ids', at most {MaxIds}.", ["ids"]);
    }

    // The limit comes in the query, or, from one public client, in the body of the GET.
    private async Task<int> LimitAsync(HttpContext context)
    {
        var text = context.Request.Query["limit"].ToString();
        if (text.Length == 0 && context.Request.ContentLength is > 0 and < 4096)
        {
            try
            {
                using var document = JsonDocument.Parse(await bodies.ReadAsync(context).ConfigureAwait(false), new JsonDocumentOptions { MaxDepth = 8 });
                text = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("limit", out var limit) ? limit.ToString() : text;
            }
            catch (JsonException)
            {
                // No limit, then.
            }
        }

        return text.Length == 0 ? 100 : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1 ? Math.Min(value, MaxPage) : throw ProblemException.Invalid("'limit' is no integer of 1 or more.", ["limit"]);
    }
}

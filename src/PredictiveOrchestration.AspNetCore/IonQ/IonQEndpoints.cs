using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Simulation.Noisy;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>The jobs of this worker in the words of IonQ's protocol v0.4, so that its public clients can be aimed at it.</summary>
internal sealed class IonQEndpoints(WorkerOptions options, PredictiveOrchestrator orchestrator, JobDesk desk, IonQReader reader, BodyReader bodies, TimeProvider time)
{
    private const string Prefix = "/v0.4";
    private const string ProbabilitiesFormat = "ionq.result.probabilities.json.v2";
    private const string HistogramFormat = "ionq.result.histogram.json.v2";
    private const int MaxPage = 1000;
    private const int MaxIds = 1000;

    public void Map(IEndpointRouteBuilder group, Gatekeeper gate)
    {
        RequestDelegate Guard(Func<HttpContext, Caller, Task> handle) => Guarded.By(gate, handle, RefuseAsync);
        group.MapPost("/jobs", Guard(CreateAsync));
        group.MapGet("/jobs", Guard(ListAsync));
        group.MapDelete("/jobs", Guard(DeleteManyAsync));
        group.MapGet("/jobs/estimate", Guard(EstimateAsync));
        group.MapPut("/jobs/status/cancel", Guard(CancelManyAsync));
        group.MapGet("/jobs/{id}", Guard(GetAsync));
        group.MapDelete("/jobs/{id}", Guard(DeleteAsync));
        group.MapPut("/jobs/{id}/status/cancel", Guard(CancelAsync));
        group.MapGet("/jobs/{id}/cost", Guard(CostAsync));
        group.MapGet("/jobs/{id}/results/probabilities", Guard((c, o) => ResultAsync(c, o, IonQResults.WriteProbabilities)));
        group.MapGet("/jobs/{id}/results/probabilities/aggregated", Guard(AggregatedAsync));
        group.MapGet("/jobs/{id}/results/histogram", Guard((c, o) => ResultAsync(c, o, IonQResults.WriteHistogram)));
        group.MapGet("/jobs/{id}/results/shots", Guard((c, o) => ResultAsync(c, o, IonQResults.WriteShots)));
        group.MapGet("/jobs/{id}/artifacts/{artifact}", Guard(ArtifactAsync));
        group.MapGet("/backends", Guard((c, o) => WriteAsync(c, 200, w =>
        {
            w.WriteStartArray();
            Backend(w);
            foreach (var device in options.NoisyDevices)
            {
                Backend(w, device.Id);
            }

            w.WriteEndArray();
        })));
        group.MapGet("/backends/{backend}", Guard((c, o) =>
        {
            var name = (string)c.Request.RouteValues["backend"]!;
            var device = reader.Device(name);
            return device is not null || name == "simulator" ? WriteAsync(c, 200, w => Backend(w, device)) : throw ProblemException.NotFound("backend of that name");
        }));
        group.MapGet("/backends/{backend}/characterizations", Guard((c, o) => WriteAsync(c, 200, w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("characterizations");
            if (reader.Device((string)c.Request.RouteValues["backend"]!) is { } device && orchestrator.Backends.Current.Find(device) is NoisySimulator simulated)
            {
                IonQCharacterizations.Write(w, simulated, time.GetUtcNow());
            }

            w.WriteEndArray();
            w.WriteNumber("pages", 0);
            w.WriteEndObject();
        })));
        group.MapGet("/backends/{backend}/characterizations/{id}", Guard((c, o) =>
            reader.Device((string)c.Request.RouteValues["backend"]!) is { } device && orchestrator.Backends.Current.Find(device) is NoisySimulator simulated
                && Guid.TryParse((string)c.Request.RouteValues["id"]!, out var id) && id == IonQCharacterizations.IdOf(device)
                ? WriteAsync(c, 200, w => IonQCharacterizations.Write(w, simulated, time.GetUtcNow()))
                : throw ProblemException.NotFound("characterization of that backend")));
        group.MapGet("/whoami", Guard((c, o) => WriteAsync(c, 200, w =>
        {
            w.WriteStartObject();
            w.WriteString("key_id", o.Owner);
            w.WriteString("key_name", o.Owner);
            w.WriteEndObject();
        })));
    }

    private async Task CreateAsync(HttpContext context, Caller caller)
    {
        var body = await bodies.ReadAsync(context).ConfigureAwait(false);
        var (common, envelope, parts) = reader.Read(body);
        var job = envelope.Type == "ionq.multi-circuit.v1"
            ? await desk.SubmitManyAsync(caller, common, envelope, parts).ConfigureAwait(false)
            : (await desk.SubmitAsync(caller, null, null, () => parts[0]).ConfigureAwait(false)).Job;
        await WriteAsync(context, StatusCodes.Status201Created, w =>
        {
            w.WriteStartObject();
            w.WriteString("id", job.Id);
            w.WriteString("status", Status(job.State));
            w.WriteNull("session_id");
            w.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private Task GetAsync(HttpContext context, Caller caller)
    {
        var job = desk.Get(caller.Owner, Id(context));
        return WriteAsync(context, 200, w => Job(w, job));
    }

    private async Task ListAsync(HttpContext context, Caller caller)
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
            JobState? state = query["status"].ToString() is { Length: > 0 } status ? State(status) : null;
            long? before = query["next"].ToString() is { Length: > 0 } next ? long.TryParse(next, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : throw ProblemException.Invalid("'next' is no place in the list.") : null;
            jobs = desk.List(caller.Owner, state, before, limit + 1);
        }

        await WriteAsync(context, 200, w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("jobs");
            foreach (var (_, job) in jobs.Take(limit))
            {
                Job(w, job);
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

    private async Task CancelAsync(HttpContext context, Caller caller)
    {
        // A job that has ended stays as it is; its client is told so.
        var job = await desk.CancelAsync(caller.Owner, Id(context)).ConfigureAwait(false);
        await WriteAsync(context, 200, w => State(w, job.Id, job.IsFinal ? Status(job.State) : "canceled")).ConfigureAwait(false);
    }

    private async Task DeleteAsync(HttpContext context, Caller caller)
    {
        var id = Id(context);
        await desk.DeleteAsync(caller.Owner, id).ConfigureAwait(false);
        await WriteAsync(context, 200, w => State(w, id, "deleted")).ConfigureAwait(false);
    }

    private async Task CancelManyAsync(HttpContext context, Caller caller)
    {
        var ids = await IdsAsync(context).ConfigureAwait(false);
        foreach (var id in ids)
        {
            await desk.CancelAsync(caller.Owner, id).ConfigureAwait(false);
        }

        await WriteAsync(context, 200, w => States(w, ids, "canceled")).ConfigureAwait(false);
    }

    private async Task DeleteManyAsync(HttpContext context, Caller caller)
    {
        var ids = await IdsAsync(context).ConfigureAwait(false);
        foreach (var id in ids)
        {
            await desk.DeleteAsync(caller.Owner, id).ConfigureAwait(false);
        }

        await WriteAsync(context, 200, w => States(w, ids, "deleted")).ConfigureAwait(false);
    }

    private Task CostAsync(HttpContext context, Caller caller)
    {
        var job = desk.Get(caller.Owner, Id(context));
        return WriteAsync(context, 200, w =>
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

    // From numbers of gates only: a circuit with as many, on one line of qubits.
    private Task EstimateAsync(HttpContext context, Caller caller)
    {
        var query = context.Request.Query;
        int Number(string name, int otherwise, int most) =>
            query[name].ToString() is not { Length: > 0 } text ? otherwise
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most ? value : throw ProblemException.Invalid($"'{name}' is no integer from 0 to {most}.", [name]);

        var (qubits, shots, one, two) = (Number("qubits", 1, options.MaxQubits), Number("shots", 1000, options.MaxShots), Number("1q_gates", 0, 100_000), Number("2q_gates", 0, 100_000));
        var builder = new Circuits.CircuitBuilder(Math.Max(1, qubits));
        for (var i = 0; i < one; i++)
        {
            builder.H(i % builder.NumQubits);
        }

        for (var i = 0; i < two && builder.NumQubits > 1; i++)
        {
            builder.Gate(Circuits.GateCatalog.X, 1, [], [i % (builder.NumQubits - 1), (i % (builder.NumQubits - 1)) + 1]);
        }

        var backend = query["backend"].ToString() is { Length: > 0 } asked ? asked : "simulator";
        var device = reader.Device(backend);
        var recommendation = desk.Recommend(new WireSubmission { Shots = shots, Device = device ?? WorkerProtocol.AutoDevice, RequireExact = device is null }, builder.Build(), caller.Owner);
        var cost = recommendation.Decision.Chosen.Candidate.Cost;
        var run = 1e3 * recommendation.ExpectedPerformance.Seconds.Median;
        var wait = desk.Wait(null).TotalMilliseconds;
        var unit = cost.Currency.ToLowerInvariant();
        return WriteAsync(context, 200, w =>
        {
            void Context(string name)
            {
                w.WriteStartObject(name);
                w.WriteString("backend", backend);
                w.WriteString("type", query["type"].ToString());
                w.WriteNumber("qubits", qubits);
                w.WriteNumber("shots", shots);
                w.WriteNumber("1q_gates", one);
                w.WriteNumber("2q_gates", two);
                w.WriteBoolean("error_mitigation", false);
                w.WriteNull("organization");
                w.WriteNull("project");
                w.WriteEndObject();
            }

            // Both shapes that clients read.
            w.WriteStartObject();
            Context("estimate_context");
            Context("input_values");
            w.WriteString("estimated_at", time.GetUtcNow());
            w.WriteString("estimated_unit", unit);
            w.WriteString("cost_unit", unit);
            w.WriteNumber("estimated_total_cost", cost.Median);
            w.WriteNumber("estimated_cost", cost.Median);
            w.WriteNumber("estimated_execution_time", run);
            w.WriteNumber("current_predicted_queue_time", wait);
            w.WriteStartObject("rate_card");
            w.WriteString("id", "worker");
            w.WriteStartArray("rates");
            w.WriteEndArray();
            w.WriteEndObject();
            w.WriteStartObject("rate_information");
            w.WriteNumber("job_cost_minimum", 0);
            w.WriteNumber("cost_1q_gate", 0);
            w.WriteNumber("cost_2q_gate", 0);
            w.WriteEndObject();
            w.WriteEndObject();
        });
    }

    private Task ResultAsync(HttpContext context, Caller caller, Action<Utf8JsonWriter, WireResult> write)
    {
        var job = desk.Get(caller.Owner, Id(context));
        if (job.Children is [var only])
        {
            // A public client puts every circuit into a job of several, and reads the result as if it were alone.
            job = desk.Get(caller.Owner, only);
        }

        if (job.Children is not null)
        {
            return AggregatedAsync(context, caller);
        }

        var result = Result(job);
        return WriteAsync(context, 200, w => write(w, result));
    }

    private Task AggregatedAsync(HttpContext context, Caller caller)
    {
        var job = desk.Get(caller.Owner, Id(context));
        var children = job.Children is not null && job.State == JobState.Succeeded ? desk.ChildrenOf(job) : throw ProblemException.NotFound("result of several circuits of that job");
        return WriteAsync(context, 200, w =>
        {
            w.WriteStartObject();
            foreach (var child in children)
            {
                w.WritePropertyName(child.Id);
                IonQResults.WriteProbabilities(w, Result(child));
            }

            w.WriteEndObject();
        });
    }

    private Task ArtifactAsync(HttpContext context, Caller caller)
    {
        var result = Result(desk.Get(caller.Owner, Id(context)));
        return (string)context.Request.RouteValues["artifact"]! switch
        {
            "probabilities" => WriteAsync(context, 200, w => IonQResults.WriteVersion2(w, "probabilities", IonQResults.Probabilities(result))),
            "histogram" => WriteAsync(context, 200, w => IonQResults.WriteVersion2(w, "histogram", result.Counts.Select(c => (c.Key, (double)c.Value)))),
            _ => throw ProblemException.NotFound("artifact of that name"),
        };
    }

    private WireResult Result(JobRecord job) =>
        job is { State: JobState.Succeeded, DryRun: false } && desk.Result(job) is { } bytes
            ? JsonSerializer.Deserialize(bytes, WorkerJson.Default.WireResult)!
            : throw ProblemException.NotFound("result of that job (yet)");

    private void Job(Utf8JsonWriter w, JobRecord job)
    {
        var envelope = job.IonQ ?? new IonQEnvelope("ionq.qasm3.v1", "simulator", null, null);
        var done = job is { State: JobState.Succeeded, DryRun: false };
        w.WriteStartObject();
        w.WriteString("id", job.Id);
        w.WriteString("status", Status(job.State));
        w.WriteString("type", envelope.Type);
        w.WriteString("backend", envelope.Backend);
        w.WriteString("target", envelope.Backend);
        w.WriteBoolean("dry_run", job.DryRun);
        w.WriteString("submitter_id", job.Owner);
        w.WriteNull("project_id");
        w.WriteString("parent_job_id", job.Parent);
        if (job.Children is { } children)
        {
            w.WriteStartArray("child_job_ids");
            foreach (var child in children)
            {
                w.WriteStringValue(child);
            }

            w.WriteEndArray();
        }
        else
        {
            w.WriteNull("child_job_ids");
        }

        w.WriteNull("session_id");
        w.WriteStartObject("metadata");
        foreach (var (key, value) in job.Metadata ?? new Dictionary<string, string>())
        {
            w.WriteString(key, value);
        }

        w.WriteEndObject();
        w.WriteString("name", job.Name);
        w.WriteString("submitted_at", job.SubmittedAt);
        Moment(w, "started_at", job.StartedAt);
        Moment(w, "completed_at", job.EndedAt);
        w.WriteNumber("predicted_execution_duration_ms", Math.Round(1e3 * job.PredictedSeconds, 3));
        if (job.State == JobState.Queued && desk.Active(job.Owner, job.Id) is { } waiting)
        {
            w.WriteNumber("predicted_wait_time_ms", Math.Round(desk.Wait(waiting).TotalMilliseconds));
        }
        else
        {
            w.WriteNull("predicted_wait_time_ms");
        }

        if (job.IsFinal)
        {
            w.WriteNumber("execution_duration_ms", Math.Round(1e3 * job.RunSeconds, 3));
        }
        else
        {
            w.WriteNull("execution_duration_ms");
        }

        w.WriteNumber("shots", job.Shots);
        w.WriteNumber("qubits", job.NumQubits);
        w.WriteStartObject("noise");
        w.WriteString("model", envelope.NoiseModel ?? "ideal");
        w.WriteEndObject();
        Failure(w, job);
        w.WriteString("cost_model", "QCT");
        w.WritePropertyName("settings");
        w.WriteRawValue(envelope.Settings ?? "{}");
        w.WriteStartObject("stats");
        w.WriteNumber("qubits", job.NumQubits);
        w.WriteNumber("circuits", job.Children?.Count ?? 1);
        w.WriteStartObject("gate_counts");
        w.WriteNumber("1q", job.OneQubitGates);
        w.WriteNumber("2q", job.TwoQubitGates);
        w.WriteEndObject();
        w.WriteEndObject();
        w.WriteStartObject("output");
        w.WriteEndObject();
        if (done)
        {
            Results(w, job);
        }
        else
        {
            w.WriteNull("results");
        }

        w.WriteEndObject();
    }

    // One public client needs the field even where nothing failed; another trips over null in a job that has not completed.
    private static void Failure(Utf8JsonWriter w, JobRecord job)
    {
        if (job.State is JobState.Succeeded or JobState.Expired)
        {
            w.WriteNull("failure");
            return;
        }

        w.WriteStartObject("failure");
        if (job.State is JobState.Failed or JobState.Cancelled)
        {
            var message = job.Failure?.Message ?? "The job was cancelled.";
            w.WriteString("code", job.State == JobState.Failed ? FailureCode(job.Failure?.Code) : "SystemCancel");
            w.WriteString("message", message);
            w.WriteString("error", message);
        }

        w.WriteEndObject();
    }

    // Both layouts that clients read: addresses, and artifacts by format.
    private static void Results(Utf8JsonWriter w, JobRecord job)
    {
        void Address(string name, string path)
        {
            w.WriteStartObject(name);
            w.WriteString("url", $"{Prefix}/jobs/{job.Id}/results/{path}");
            w.WriteEndObject();
        }

        void Artifact(string format, string id)
        {
            w.WriteStartObject(format);
            w.WriteString("id", id);
            w.WriteString("format", format);
            w.WriteString("media_type", "application/json");
            w.WriteEndObject();
        }

        w.WriteStartObject("results");
        Address("probabilities", job.Children is null ? "probabilities" : "probabilities/aggregated");
        if (job.Children is null)
        {
            Address("histogram", "histogram");
            Address("shots", "shots");
            Artifact(ProbabilitiesFormat, "probabilities");
            Artifact(HistogramFormat, "histogram");
        }

        w.WriteEndObject();
    }

    private void Backend(Utf8JsonWriter w) => Backend(w, null);

    private void Backend(Utf8JsonWriter w, string? device)
    {
        w.WriteStartObject();
        w.WriteString("backend", device is null ? "simulator" : IonQReader.Prefix + device);
        w.WriteString("status", desk.IsOpen ? "available" : "unavailable");
        w.WriteNumber("qubits", Math.Min(options.MaxQubits, orchestrator.GetAvailableBackends().Where(b => b.IsAvailable && (device is null || b.Descriptor.Id == device)).Select(b => b.Descriptor.Capabilities.MaxQubits).DefaultIfEmpty(0).Max()));
        w.WriteNumber("average_queue_time", Math.Round(desk.Wait(null).TotalMilliseconds));
        w.WriteString("last_updated", time.GetUtcNow());
        w.WriteBoolean("has_access", true);
        w.WriteBoolean("degraded", false);
        if (device is not null)
        {
            w.WriteString("characterization_id", IonQCharacterizations.IdOf(device));
        }

        if (device is null)
        {
            w.WriteStartArray("noise_models");
            w.WriteStringValue("ideal");
            foreach (var noisy in options.NoisyDevices)
            {
                w.WriteStringValue(noisy.Id);
            }

            w.WriteEndArray();
        }

        w.WriteEndObject();
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

    private static void Moment(Utf8JsonWriter w, string name, DateTimeOffset? moment)
    {
        if (moment is { } at)
        {
            w.WriteString(name, at);
        }
        else
        {
            w.WriteNull(name);
        }
    }

    private static Task RefuseAsync(HttpContext context, ProblemException problem)
    {
        Answer.Headers(context, problem);
        return WriteAsync(context, problem.Status == 422 ? 400 : problem.Status, w =>
        {
            w.WriteStartObject();
            w.WriteNumber("statusCode", problem.Status == 422 ? 400 : problem.Status);
            w.WriteString("error", problem.IonQCode ?? problem.Code);
            w.WriteString("message", problem.Errors is { Count: > 0 } errors && problem.Status == 422 ? $"{problem.Message} {string.Join(' ', errors.Take(5))}" : problem.Message);
            if (problem.Status == 400 && problem.Errors is { Count: > 0 } keys)
            {
                w.WriteStartObject("validation");
                w.WriteString("source", "body");
                w.WriteStartArray("keys");
                foreach (var key in keys)
                {
                    w.WriteStringValue(key);
                }

                w.WriteEndArray();
                w.WriteEndObject();
            }

            w.WriteEndObject();
        });
    }

    private static Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return Answer.BytesAsync(context, status, buffer.WrittenSpan.ToArray());
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

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static string Status(JobState state) => state switch
    {
        JobState.Queued => "ready",
        JobState.Running => "started",
        JobState.Succeeded or JobState.Expired => "completed",
        JobState.Failed => "failed",
        _ => "canceled",
    };

    private static JobState State(string status) => status switch
    {
        "submitted" or "ready" => JobState.Queued,
        "started" or "running" => JobState.Running,
        "completed" => JobState.Succeeded,
        "failed" => JobState.Failed,
        "canceled" => JobState.Cancelled,
        _ => throw ProblemException.Invalid("'status' is none of submitted, ready, started, completed, failed and canceled.", ["status"]),
    };

    private static string FailureCode(string? code) => code switch
    {
        "time_limit" => "SimulationTimeout",
        "out_of_memory" or "unsupported" => "QuantumCircuitComplexityError",
        "budget_refused" => "QuotaExhaustedError",
        "interrupted" => "SystemCancel",
        _ => "SimulationError",
    };
}

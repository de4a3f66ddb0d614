using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Remote.IonQ;

/// <summary>
/// IonQ's cloud, version 0.4. It has no idempotency key: a job carries its tag as metadata and as name, and is looked up by it among the latest jobs.
/// Results come as probabilities; every qubit is read at the end.
/// </summary>
internal sealed class IonQProtocol(string backendId, IonQOptions options) : IRemoteProtocol
{
    private const string TagKey = "client_tag";
    private const int PageSize = 100;
    private const int MaxPages = 200;

    // How far the service's clock may be behind this one.
    private static readonly TimeSpan Skew = TimeSpan.FromDays(1);
    private volatile DeviceCalibration? _calibration;

    public string Name => "ionq-v0.4";

    public SubmissionSafety Safety => SubmissionSafety.LookUp;

    public ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken)
    {
        var readout = Readout.OfTerminalMeasurements(request.Circuit, backendId);
        var circuit = IonQCircuits.InVocabulary(request.Circuit, cancellationToken);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "ionq.circuit.v1");
            json.WriteString("backend", options.Target);
            json.WriteString("name", tag);
            json.WriteNumber("shots", request.Shots);
            json.WriteStartObject("metadata");
            json.WriteString(TagKey, tag);
            json.WriteEndObject();
            if (options.NoiseModel is { } noise)
            {
                json.WriteStartObject("noise");
                json.WriteString("model", noise);
                json.WriteNumber("seed", (int)(request.Seed & int.MaxValue));
                json.WriteEndObject();
            }

            if (options.Debiasing is { } debiasing)
            {
                json.WriteStartObject("settings");
                json.WriteStartObject("error_mitigation");
                json.WriteBoolean("debiasing", debiasing);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteStartObject("input");
            json.WriteNumber("qubits", Math.Max(1, circuit.NumQubits));
            json.WriteString("gateset", "qis");
            IonQCircuits.Write(json, circuit);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        const int limit = 10 << 20;
        return buffer.Length <= limit
            ? ValueTask.FromResult(new RemotePlan(Encoding.UTF8.GetString(buffer.ToArray()), readout, circuit))
            : throw new BackendException(BackendErrorKind.Unsupported, backendId, $"The circuit takes {buffer.Length} bytes of JSON; backend '{backendId}' takes at most {limit}. Use a shorter one.");
    }

    public async ValueTask<RemoteEstimate?> EstimateAsync(RemoteTransport http, RemotePlan plan, int shots, CancellationToken cancellationToken)
    {
        var (one, two) = Count(plan.Circuit);
        var query = string.Create(
            CultureInfo.InvariantCulture,
            $"jobs/estimate?backend={Uri.EscapeDataString(options.Target)}&type=ionq.circuit.v1&qubits={plan.Circuit.NumQubits}&shots={shots}&1q_gates={one}&2q_gates={two}&error_mitigation={(options.Debiasing == true ? "true" : "false")}");
        var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, query) { MaxRetries = 1 }, cancellationToken).ConfigureAwait(false)).Json();

        // Two shapes are about: the newer one has milliseconds, the older one seconds.
        var isNew = json.Get("estimated_total_cost") is not null || json.Get("estimate_context") is not null;
        var unit = json.Get("estimated_unit").Text() ?? json.Get("cost_unit").Text() ?? "usd";
        var amount = (json.Get("estimated_total_cost") ?? json.Get("estimated_cost")).Amount();
        TimeSpan? Time(string name) => json.Get(name).Number() is { } t and >= 0 and < 1e12 ? TimeSpan.FromSeconds(isNew ? t / 1000 : t) : null;
        return new RemoteEstimate(amount is { } a ? new RemoteCost(a, unit.ToUpperInvariant()) : null, Time("current_predicted_queue_time"), Time("estimated_execution_time"));
    }

    public async Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Post, "jobs") { Body = job.Payload }, cancellationToken).ConfigureAwait(false);
        return reply.Json().Get("id").Text() ?? throw new FormatException("The answer to the submission holds no id.");
    }

    public async Task<string?> FindAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        string? next = null;
        string? oldest = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var path = $"jobs?limit={PageSize}" + (next is null ? string.Empty : $"&next={Uri.EscapeDataString(next)}");
            var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, path), cancellationToken).ConfigureAwait(false)).Json();
            var isPast = false;
            foreach (var item in json.Get("jobs").Items())
            {
                if (item.Get("metadata", TagKey).Text() == job.Tag || item.Get("name").Text() == job.Tag)
                {
                    oldest = item.Get("id").Text() ?? throw new FormatException("A listed job has no id.");
                }

                isPast |= item.Get("submitted_at").Moment() is { } at && at < job.CreatedAt - Skew;
            }

            next = json.Get("next").Text();
            if (oldest is not null || next is null || isPast)
            {
                return oldest;
            }
        }

        throw new FormatException($"The job was not among the latest {MaxPages * PageSize}.");
    }

    public async Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, $"jobs/{Id(job)}"), cancellationToken).ConfigureAwait(false)).Json();
        var word = json.Get("status").Text() ?? throw new FormatException("The job has no status.");
        var phase = word.ToLowerInvariant() switch
        {
            "submitted" or "ready" => RemotePhase.Queued,
            "started" or "running" => RemotePhase.Running,
            "completed" => RemotePhase.Succeeded,
            "failed" => RemotePhase.Failed,
            "canceled" or "cancelled" => RemotePhase.Cancelled,
            _ => RemotePhase.Unknown,
        };
        TimeSpan? Milliseconds(string name) => json.Get(name).Number() is { } ms and >= 0 and < 1e13 ? TimeSpan.FromMilliseconds(ms) : null;
        var failure = json.Get("failure");
        return new RemoteStatus(phase, word)
        {
            Reason = failure is { } f ? $"{f.Get("code").Text()} {f.Get("message").Text() ?? f.Get("error").Text()}".Trim() : null,
            Wait = Milliseconds("predicted_wait_time_ms"),
            RunTime = Milliseconds("execution_duration_ms"),
            ResultAddress = Address(json.Get("results"), job),
        };
    }

    public async Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken)
    {
        // Version 1 of the format first: its bit order is documented. A service that no longer has it names an artifact.
        var path = status.ResultAddress is { } address && !address.Contains("/artifacts/", StringComparison.Ordinal) ? address : $"jobs/{Id(job)}/results/probabilities";
        var hasOther = status.ResultAddress is { } other && other != path;
        var call = new RemoteCall(HttpMethod.Get, path) { Accepts = hasOther ? [HttpStatusCode.NotFound, HttpStatusCode.Gone] : [] };
        var reply = await http.SendAsync(call, cancellationToken).ConfigureAwait(false);
        return (reply.IsSuccess ? reply : await http.SendAsync(new RemoteCall(HttpMethod.Get, status.ResultAddress!), cancellationToken).ConfigureAwait(false)).Text;
    }

    public RemoteOutcome Read(RemoteJob job, string result) => IonQResults.Read(job, result);

    public Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) =>
        http.SendAsync(new RemoteCall(HttpMethod.Put, $"jobs/{Id(job)}/status/cancel") { Accepts = [HttpStatusCode.BadRequest, HttpStatusCode.Conflict] }, cancellationToken);

    public async Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var call = new RemoteCall(HttpMethod.Get, $"jobs/{Id(job)}/cost") { Accepts = [HttpStatusCode.NotFound], MaxRetries = 2 };
        var reply = await http.SendAsync(call, cancellationToken).ConfigureAwait(false);
        var cost = reply.IsSuccess ? reply.Json().Get("cost") : null;
        return cost?.Get("value").Amount() is { } amount ? new RemoteCost(amount, (cost?.Get("unit").Text() ?? "usd").ToUpperInvariant()) : null;
    }

    public async Task<RemoteQueue?> GetQueueAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var json = await BackendAsync(http, cancellationToken).ConfigureAwait(false);
        var status = json.Get("status").Text() ?? "unknown";

        // The unit is not documented; recorded values make sense as milliseconds only.
        TimeSpan? wait = json.Get("average_queue_time").Number() is { } ms and >= 0 and < 1e13 ? TimeSpan.FromMilliseconds(ms) : null;
        return new RemoteQueue(status is "available" or "running", status, null, wait, json.Get("last_updated").Moment() ?? options.Time.GetUtcNow());
    }

    public async Task<DeviceCalibration?> GetCalibrationAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var call = new RemoteCall(HttpMethod.Get, $"backends/{Uri.EscapeDataString(options.Target)}/characterizations?limit=1") { Accepts = [HttpStatusCode.NotFound] };
        var reply = await http.SendAsync(call, cancellationToken).ConfigureAwait(false);
        return reply.IsSuccess && reply.Json().Get("characterizations").Items().FirstOrDefault() is { ValueKind: JsonValueKind.Object } json ? _calibration = IonQCharacterization.Read(json) : null;
    }

    /// <summary>The service compiles for its devices, on which every pair of qubits meets: what is counted is what is sent.</summary>
    public DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken) =>
        _calibration is { } calibration && circuit.Operations.Length <= DeviceCompiler.LongestCircuit && DeviceCompiler.Measured(circuit) is { } measured
            ? DeviceCompiler.Count(IonQCircuits.InVocabulary(measured, cancellationToken), calibration)
            : null;

    private async Task<JsonElement> BackendAsync(RemoteTransport http, CancellationToken cancellationToken) =>
        (await http.SendAsync(new RemoteCall(HttpMethod.Get, $"backends/{Uri.EscapeDataString(options.Target)}"), cancellationToken).ConfigureAwait(false)).Json();

    private static string Id(RemoteJob job) => Uri.EscapeDataString(job.RemoteId ?? throw new InvalidOperationException($"Job '{job.Tag}' has no id at the service."));

    // Two layouts: an address for each kind of result, relative and with the version in it; or artifacts by format.
    private static string? Address(JsonElement? results, RemoteJob job)
    {
        if (results is not { } r)
        {
            return null;
        }

        if (r.Get("probabilities", "url").Text() is { } url)
        {
            var version = url.IndexOf("/jobs/", StringComparison.Ordinal);
            return version >= 0 ? url[(version + 1)..] : url;
        }

        var artifact = r.Get("ionq.result.probabilities.json.v1", "id").Text() ?? r.Get("ionq.result.probabilities.json.v2", "id").Text();
        return artifact is null ? null : $"jobs/{Id(job)}/artifacts/{Uri.EscapeDataString(artifact)}";
    }

    private static (long One, long Two) Count(Circuit circuit)
    {
        long one = 0, two = 0;
        foreach (ref readonly var op in circuit.Operations)
        {
            one += op.Kind == OperationKind.Gate && op.QubitCount == 1 ? 1 : 0;
            two += op.Kind == OperationKind.Gate && op.QubitCount == 2 ? 1 : 0;
        }

        return (one, two);
    }
}

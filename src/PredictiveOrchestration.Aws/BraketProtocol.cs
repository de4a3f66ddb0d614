using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Aws;

/// <summary>
/// Amazon Braket. A task carries its tag as client token, under which submitting again is the same task, and as tag, by which it is looked up before a
/// submission that is long past is repeated: how long tokens are kept is not documented. Results are objects in S3.
/// </summary>
internal sealed class BraketProtocol(string backendId, BraketOptions options, ResultStore store) : IRemoteProtocol, IDisposable
{
    private const string TagKey = "client_tag";
    private const int PageSize = 100;
    private const int MaxPages = 200;
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(10);

    // How far the service's clock may be behind this one.
    private static readonly TimeSpan Skew = TimeSpan.FromDays(1);

    // Without it GetDevice leaves out what devices accept as OpenQASM.
    private static readonly KeyValuePair<string, string>[] Agent = [new("User-Agent", "PredictiveOrchestration/0.1 BraketSchemas/1.8.0")];
    private readonly SemaphoreSlim _reading = new(1);
    private BraketDevice? _device;

    public string Name => "amazon-braket";

    public SubmissionSafety Safety => SubmissionSafety.IdempotencyKey;

    public async ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken)
    {
        var readout = Readout.OfTerminalMeasurements(request.Circuit, backendId);
        var gates = BraketCircuits.Vocabulary((await DeviceAsync(http, cancellationToken).ConfigureAwait(false)).Operations);
        Circuit circuit;
        try
        {
            circuit = gates.Express(request.Circuit, cancellationToken);
        }
        catch (TranspilationException exception)
        {
            throw new BackendException(BackendErrorKind.Unsupported, backendId, $"Backend '{backendId}' cannot run the circuit: {exception.Message}", exception);
        }

        var action = new JsonObject
        {
            ["braketSchemaHeader"] = new JsonObject { ["name"] = "braket.ir.openqasm.program", ["version"] = "1" },
            ["source"] = BraketCircuits.Write(circuit, gates),
            ["inputs"] = new JsonObject(),
        };
        var payload = new JsonObject
        {
            ["clientToken"] = tag,
            ["deviceArn"] = options.Target,
            ["action"] = action.ToJsonString(),
            ["shots"] = request.Shots,
            ["outputS3Bucket"] = options.ResultBucket,
            ["outputS3KeyPrefix"] = options.ResultPrefix,
            ["tags"] = new JsonObject { [TagKey] = tag },
        };
        return new RemotePlan(payload.ToJsonString(), readout, circuit);
    }

    public ValueTask<RemoteEstimate?> EstimateAsync(RemoteTransport http, RemotePlan plan, int shots, CancellationToken cancellationToken)
    {
        // What is charged by time is known afterwards only: then the prediction counts.
        var price = options.Price is { PerSecond: 0, PerMinute: 0, PerHour: 0 } p ? p : null;
        return ValueTask.FromResult(price is null ? null : new RemoteEstimate(new RemoteCost(price.Price(BillableUsage.Of(plan.Circuit, shots)), price.Currency), null, null));
    }

    public async Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        if (options.Time.GetUtcNow() - job.CreatedAt > TokenLife && await FindAsync(http, job, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Post, "quantum-task") { Body = job.Payload, Headers = Agent, IsRepeatable = true }, cancellationToken).ConfigureAwait(false);
        return reply.Json().Get("quantumTaskArn").Text() ?? throw new FormatException("The answer to the submission holds no ARN.");
    }

    public async Task<string?> FindAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        static JsonObject Filter(string name, string comparison, string value) => new() { ["name"] = name, ["operator"] = comparison, ["values"] = new JsonArray(value) };
        string? next = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var since = (job.CreatedAt - Skew).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var body = new JsonObject { ["filters"] = new JsonArray(Filter("deviceArn", "EQUAL", job.Target), Filter("createdAt", "GTE", since)), ["maxResults"] = PageSize };
            if (next is not null)
            {
                body["nextToken"] = next;
            }

            var call = new RemoteCall(HttpMethod.Post, "quantum-tasks") { Body = body.ToJsonString(), Headers = Agent, IsRepeatable = true };
            var json = (await http.SendAsync(call, cancellationToken).ConfigureAwait(false)).Json();
            foreach (var task in (json.Get("quantumTasks") ?? throw new FormatException("The answer lists no tasks.")) is var tasks ? ((JsonElement?)tasks).Items() : [])
            {
                if (task.Get("tags", TagKey).Text() == job.Tag)
                {
                    return task.Get("quantumTaskArn").Text() ?? throw new FormatException("A listed task has no ARN.");
                }
            }

            next = json.Get("nextToken").Text();
            if (next is null)
            {
                return null;
            }
        }

        throw new FormatException($"The task was not among {MaxPages * PageSize}.");
    }

    public async Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var call = new RemoteCall(HttpMethod.Get, $"quantum-task/{Id(job)}?additionalAttributeNames=QueueInfo") { Headers = Agent };
        var json = (await http.SendAsync(call, cancellationToken).ConfigureAwait(false)).Json();
        var word = json.Get("status").Text() ?? throw new FormatException("The task has no status.");
        var phase = word switch
        {
            "CREATED" or "QUEUED" => RemotePhase.Queued,
            "RUNNING" or "CANCELLING" => RemotePhase.Running,
            "COMPLETED" => RemotePhase.Succeeded,
            "FAILED" => RemotePhase.Failed,
            "CANCELLED" => RemotePhase.Cancelled,
            _ => RemotePhase.Unknown,
        };
        return new RemoteStatus(phase, word)
        {
            Reason = json.Get("failureReason").Text(),

            // A wish for seldom questions is heeded; one for frequent ones would load a service with a long queue.
            NextPoll = _device?.PollInterval is { } wish && wish > options.MaxPollInterval ? wish : null,
            ResultAddress = json.Get("outputS3Bucket").Text() is { } bucket && json.Get("outputS3Directory").Text() is { } folder ? $"{bucket}/{folder}/results.json" : null,
        };
    }

    public Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken)
    {
        var (bucket, key) = status.ResultAddress?.Split('/', 2) is [var b, var k] ? (b, k) : throw new FormatException("The task does not say where its result is.");
        return store.ReadAsync(bucket, key, cancellationToken);
    }

    public RemoteOutcome Read(RemoteJob job, string result) => BraketResults.Read(job, result);

    // A conflict says that it has ended.
    public Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => http.SendAsync(
        new RemoteCall(HttpMethod.Put, $"quantum-task/{Id(job)}/cancel") { Body = new JsonObject { ["clientToken"] = job.Tag }.ToJsonString(), Headers = Agent, Accepts = [HttpStatusCode.Conflict], ExpectsJson = false },
        cancellationToken);

    public Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        RemoteCost? cost = null;
        if (options.Price is { } price)
        {
            // Tasks that failed or were cancelled cost nothing, unless the price says otherwise: then it is not known.
            var result = job.Result is null ? default : JsonReading.Parse(job.Result);
            var isByTime = price.PerSecond + price.PerMinute + price.PerHour > 0;
            decimal? amount = job.Result is null ? (price.ChargesFailedRuns ? null : 0)
                : isByTime && BraketResults.Seconds(result) is null ? null
                : price.Price(new BillableUsage { Shots = job.Shots, Duration = BraketResults.Seconds(result) ?? 0 });
            cost = amount is { } a ? new RemoteCost(a, price.Currency) : null;
        }

        return Task.FromResult(cost);
    }

    public async Task<RemoteQueue?> GetQueueAsync(RemoteTransport http, CancellationToken cancellationToken) =>
        (await ReadDeviceAsync(http, cancellationToken).ConfigureAwait(false)).Queue(options.Time.GetUtcNow());

    public async Task<DeviceCalibration?> GetCalibrationAsync(RemoteTransport http, CancellationToken cancellationToken) =>
        (await ReadDeviceAsync(http, cancellationToken).ConfigureAwait(false)).Calibration(options.Target);

    /// <summary>What the device says of itself; asked for once.</summary>
    public async Task<BraketDevice> DeviceAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _device ??= await ReadDeviceAsync(http, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose()
    {
        store.Dispose();
        _reading.Dispose();
    }

    private async Task<BraketDevice> ReadDeviceAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Get, $"device/{Uri.EscapeDataString(options.Target)}") { Headers = Agent }, cancellationToken).ConfigureAwait(false);
        try
        {
            return new BraketDevice(reply.Json());
        }
        catch (JsonException exception)
        {
            throw new RemoteCallException(BackendErrorKind.Fault, backendId, $"The device of '{backendId}' is not described as documented: {exception.Message}", RemoteFailure.NotAccepted, null, exception);
        }
    }

    private static string Id(RemoteJob job) => Uri.EscapeDataString(job.RemoteId ?? throw new InvalidOperationException($"Job '{job.Tag}' has no id at the service."));
}

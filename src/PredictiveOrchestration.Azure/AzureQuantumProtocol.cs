using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Azure;

/// <summary>
/// Azure Quantum's data plane. The id of a job is chosen here: it is its tag, so submitting again is the same job. Input and output are blobs, reached by
/// signed addresses that end within hours: they are asked for when they are needed, and never kept.
/// </summary>
internal sealed class AzureQuantumProtocol(string backendId, AzureQuantumOptions options, AzureFormat format) : IRemoteProtocol
{
    private const int MaxPages = 20;
    private static readonly KeyValuePair<string, string> StorageVersion = new("x-ms-version", "2021-12-02");

    public string Name => "azure-quantum";

    public SubmissionSafety Safety => SubmissionSafety.IdempotencyKey;

    public ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken)
    {
        try
        {
            var program = format.Write(request.Circuit, backendId, cancellationToken);
            return ValueTask.FromResult(new RemotePlan(program.Text, program.Readout, program.Circuit, program.Notes));
        }
        catch (TranspilationException exception)
        {
            throw new BackendException(BackendErrorKind.Unsupported, backendId, $"Backend '{backendId}' cannot run the circuit: {exception.Message}", exception);
        }
    }

    public ValueTask<RemoteEstimate?> EstimateAsync(RemoteTransport http, RemotePlan plan, int shots, CancellationToken cancellationToken)
    {
        // What is charged by time is known afterwards only: then the prediction counts.
        var price = options.Price is { PerSecond: 0, PerMinute: 0, PerHour: 0 } p ? p : null;
        return ValueTask.FromResult(price is null ? null : new RemoteEstimate(new RemoteCost(price.Price(BillableUsage.Of(plan.Circuit, shots)), price.Currency), null, null));
    }

    public async Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var container = await UploadAsync(http, job, cancellationToken).ConfigureAwait(false);
        var body = new JsonObject
        {
            ["id"] = job.Tag,
            ["name"] = job.Tag,
            ["providerId"] = options.Provider,
            ["target"] = job.Target,
            ["itemType"] = "Job",
            ["containerUri"] = container.AbsoluteUri,
            ["inputDataUri"] = Blob(container, "inputData", signed: false).AbsoluteUri,
            ["inputDataFormat"] = format.Input,
            ["outputDataFormat"] = format.Output,
            ["inputParams"] = new JsonObject { [format.Shots] = job.Shots },
        };
        var call = new RemoteCall(HttpMethod.Put, Path($"jobs/{Uri.EscapeDataString(job.Tag)}")) { Body = body.ToJsonString(), Accepts = [HttpStatusCode.Conflict] };
        var reply = await http.SendAsync(call, cancellationToken).ConfigureAwait(false);

        // A conflict says that the id is taken: by this job, or else asking for it fails.
        var json = reply.IsSuccess ? reply.Json() : await JobAsync(http, job.Tag, cancellationToken).ConfigureAwait(false);
        return json.Get("id").Text() ?? throw new FormatException("The answer to the submission holds no id.");
    }

    public async Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var json = await JobAsync(http, Id(job), cancellationToken).ConfigureAwait(false);
        var word = json.Get("status").Text() ?? throw new FormatException("The job has no status.");
        var phase = word switch
        {
            "Queued" or "Waiting" => RemotePhase.Queued,
            "Executing" or "Finishing" or "CancellationRequested" or "Cancelling" => RemotePhase.Running,
            "Succeeded" or "Completed" => RemotePhase.Succeeded,
            "Failed" => RemotePhase.Failed,
            "Cancelled" => RemotePhase.Cancelled,
            _ => RemotePhase.Unknown,
        };
        var error = json.Get("errorData");
        return new RemoteStatus(phase, word)
        {
            Reason = error is null ? null : $"{error?.Get("code").Text()} {error?.Get("message").Text()}".Trim(),
            RunTime = json.Get("endExecutionTime").Moment() - json.Get("beginExecutionTime").Moment() is { } run && run > TimeSpan.Zero ? run : null,
        };
    }

    public async Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken)
    {
        var json = await JobAsync(http, Id(job), cancellationToken).ConfigureAwait(false);
        var address = json.Get("outputDataUri").Text() ?? throw new FormatException("The job does not say where its result is.");
        var call = new RemoteCall(HttpMethod.Get, Absolute(address).AbsoluteUri) { IsAuthorized = false, MayLeaveHost = true, Headers = [StorageVersion] };
        return (await http.SendAsync(call, cancellationToken).ConfigureAwait(false)).Text;
    }

    public RemoteOutcome Read(RemoteJob job, string result) => format.Read(job, JsonReading.Parse(result));

    public Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => http.SendAsync(
        new RemoteCall(HttpMethod.Post, Path($"jobs/{Uri.EscapeDataString(Id(job))}:cancel")) { IsRepeatable = true, Accepts = [HttpStatusCode.Conflict], ExpectsJson = false }, cancellationToken);

    public async Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var cost = (await JobAsync(http, Id(job), cancellationToken, retries: 2).ConfigureAwait(false)).Get("costEstimate");
        return cost?.Get("estimatedTotal").Amount() is { } amount ? new RemoteCost(amount, (cost?.Get("currencyCode").Text() ?? "USD").ToUpperInvariant()) : null;
    }

    public async Task<RemoteQueue?> GetQueueAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        await foreach (var provider in ListAsync(http, "providerStatus", cancellationToken).ConfigureAwait(false))
        {
            foreach (var target in provider.Get("targets").Items().Where(t => t.Get("id").Text() == options.Target))
            {
                var word = target.Get("currentAvailability").Text() ?? "unknown";
                TimeSpan? wait = target.Get("averageQueueTime").Number() is { } seconds and >= 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : null;
                var used = word is "Available" or "Degraded" ? await UsedUpAsync(http, cancellationToken).ConfigureAwait(false) : null;
                return new RemoteQueue(word is "Available" or "Degraded" && used is null, used ?? word, null, wait, options.Time.GetUtcNow());
            }
        }

        return null;
    }

    // The quota of the provider of which nothing is left, or null.
    private async Task<string?> UsedUpAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        await foreach (var quota in ListAsync(http, "quotas", cancellationToken).ConfigureAwait(false))
        {
            if (quota.Get("providerId").Text() == options.Provider && quota.Get("limit").Number() is > 0 and var limit
                && (quota.Get("utilization").Number() ?? 0) + (quota.Get("holds").Number() ?? 0) >= limit)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the quota of {limit} {quota.Get("dimension").Text()} is used up");
            }
        }

        return null;
    }

    // All that comes before the job itself: whatever fails here, the job was not submitted by it.
    private async Task<Uri> UploadAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        try
        {
            var ask = new RemoteCall(HttpMethod.Post, Path("storage/sasUri")) { Body = new JsonObject { ["containerName"] = "job-" + job.Tag.ToLowerInvariant() }.ToJsonString(), IsRepeatable = true };
            var container = Absolute((await http.SendAsync(ask, cancellationToken).ConfigureAwait(false)).Json().Get("sasUri").Text() ?? throw new FormatException("no address of a container was given"));
            var make = new RemoteCall(HttpMethod.Put, container.AbsoluteUri + (container.Query.Length > 0 ? "&" : "?") + "restype=container");
            await http.SendAsync(make with { IsAuthorized = false, MayLeaveHost = true, ExpectsJson = false, Accepts = [HttpStatusCode.Conflict], Headers = [StorageVersion] }, cancellationToken).ConfigureAwait(false);
            var upload = new RemoteCall(HttpMethod.Put, Blob(container, "inputData", signed: true).AbsoluteUri) { Body = job.Payload, ContentType = format.ContentType };
            await http.SendAsync(upload with { IsAuthorized = false, MayLeaveHost = true, ExpectsJson = false, Headers = [StorageVersion, new("x-ms-blob-type", "BlockBlob")] }, cancellationToken).ConfigureAwait(false);
            return container;
        }
        catch (RemoteCallException exception)
        {
            throw new RemoteCallException(exception.Kind, backendId, $"The input could not be stored. {exception.Message}", RemoteFailure.NotAccepted, exception.Status, exception) { RetryAfter = exception.RetryAfter };
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw new RemoteCallException(BackendErrorKind.Fault, backendId, $"The input of the job could not be stored: {exception.Message}.", RemoteFailure.NotAccepted, null, exception);
        }
    }

    private async IAsyncEnumerable<JsonElement> ListAsync(RemoteTransport http, string what, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = Path(what);
        for (var page = 0; page < MaxPages && next is not null; page++)
        {
            var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, next), cancellationToken).ConfigureAwait(false)).Json();
            foreach (var item in json.Get("value").Items())
            {
                yield return item;
            }

            next = json.Get("nextLink").Text() is { Length: > 0 } link ? link : null;
        }
    }

    private async Task<JsonElement> JobAsync(RemoteTransport http, string id, CancellationToken cancellationToken, int? retries = null) =>
        (await http.SendAsync(new RemoteCall(HttpMethod.Get, Path($"jobs/{Uri.EscapeDataString(id)}")) { MaxRetries = retries }, cancellationToken).ConfigureAwait(false)).Json();

    private string Path(string below) => $"{below}?api-version={Uri.EscapeDataString(options.ApiVersion)}";

    private static Uri Absolute(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri : throw new FormatException("an address of storage is none");

    private static Uri Blob(Uri container, string name, bool signed) =>
        new UriBuilder(container) { Path = container.AbsolutePath.TrimEnd('/') + "/" + name, Query = signed ? container.Query : string.Empty }.Uri;

    private static string Id(RemoteJob job) => job.RemoteId ?? throw new InvalidOperationException($"Job '{job.Tag}' has no id at the service.");
}

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Remote;

/// <summary>One call, before credentials.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path and query below the service's address, or a whole address on the same host.</param>
internal sealed record RemoteCall(HttpMethod Method, string Path)
{
    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether sending it twice is the same as sending it once: true for GET, for PUT and DELETE by convention, and for a POST with an idempotency key.</summary>
    public bool IsRepeatable { get; init; } = Method != HttpMethod.Post && Method != HttpMethod.Patch;

    /// <summary>Statuses besides 2xx that are an answer, not an error.</summary>
    public IReadOnlyList<HttpStatusCode> Accepts { get; init; } = [];

    /// <summary>Whether a successful answer must be JSON.</summary>
    public bool ExpectsJson { get; init; } = true;

    /// <summary>Whether credentials are sent along.</summary>
    public bool IsAuthorized { get; init; } = true;

    /// <summary>Whether it may go to another host than the service's, as signed storage addresses do; only without credentials.</summary>
    public bool MayLeaveHost { get; init; }

    /// <summary>How often it is repeated at most; null for the backend's option.</summary>
    public int? MaxRetries { get; init; }
}

/// <summary>One answer, read to its end.</summary>
internal sealed class RemoteReply(HttpStatusCode status, byte[] body, HttpResponseHeaders headers, TimeSpan? retryAfter)
{
    public HttpStatusCode Status => status;

    public byte[] Body => body;

    public bool IsSuccess => (int)status is >= 200 and < 300;

    /// <summary>The spacing that the service asks for, with its own clock as the measure.</summary>
    public TimeSpan? RetryAfter => retryAfter;

    public string Text => Encoding.UTF8.GetString(body);

    public string? Header(string name) => headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>Reads the body.</summary>
    /// <exception cref="JsonException">It is no JSON, or nested too deeply.</exception>
    public JsonElement Json() => JsonReading.Parse(body);
}

/// <summary>What a failed call means for whoever made it.</summary>
internal enum RemoteFailure
{
    /// <summary>The service surely has not acted on it.</summary>
    NotAccepted,

    /// <summary>The service may have acted on it.</summary>
    Unknown,
}

/// <summary>A call failed for good, after the repetitions that were safe.</summary>
internal sealed class RemoteCallException(BackendErrorKind kind, string backendId, string message, RemoteFailure failure, HttpStatusCode? status, Exception? inner = null)
    : BackendException(kind, backendId, message, inner)
{
    public RemoteFailure Failure => failure;

    public HttpStatusCode? Status => status;

    /// <summary>Whether asking again later may help: the service did not answer, was busy or was broken.</summary>
    public bool IsTransient => status is null ? Kind == BackendErrorKind.Unavailable : RemoteRetries.IsTransient(status.Value);

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The words of error bodies.</summary>
internal static class RemoteJson
{
    /// <summary>The words of an error body in the shapes that services use, at most some hundred characters; never a page of HTML.</summary>
    public static string ErrorText(RemoteReply reply)
    {
        try
        {
            var json = reply.Json();
            var first = json.Get("errors").Items().FirstOrDefault();
            var text = json.Get("message").Text() ?? json.Get("error", "message").Text() ?? first.Get("message").Text() ?? json.Get("detail").Text() ?? json.Get("title").Text()
                ?? json.Get("error").Text() ?? json.Get("Message").Text();
            return text is null ? "no reason given" : text.Length > 400 ? text[..400] + "…" : text;
        }
        catch (JsonException)
        {
            return reply.Body.Length == 0 ? "no reason given" : "the answer is not JSON, perhaps of a proxy in between";
        }
    }
}

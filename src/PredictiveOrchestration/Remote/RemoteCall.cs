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
public sealed record RemoteCall(HttpMethod Method, string Path)
{
    /// <summary>Gets the text that is sent, or null.</summary>
    public string? Body { get; init; }

    /// <summary>Gets the type of <see cref="Body"/>; default JSON.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>Gets further headers; one of the transport's own, such as User-Agent, is replaced.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Gets whether sending it twice is the same as sending it once: true for GET, for PUT and DELETE by convention, and for a POST with an idempotency key.</summary>
    public bool IsRepeatable { get; init; } = Method != HttpMethod.Post && Method != HttpMethod.Patch;

    /// <summary>Gets the statuses besides 2xx that are an answer, not an error.</summary>
    public IReadOnlyList<HttpStatusCode> Accepts { get; init; } = [];

    /// <summary>Gets whether a successful answer must be JSON.</summary>
    public bool ExpectsJson { get; init; } = true;

    /// <summary>Gets whether credentials are sent along.</summary>
    public bool IsAuthorized { get; init; } = true;

    /// <summary>Gets whether it may go to another host than the service's, as signed storage addresses do; only without credentials.</summary>
    public bool MayLeaveHost { get; init; }

    /// <summary>Gets how often it is repeated at most; null for the backend's option.</summary>
    public int? MaxRetries { get; init; }
}

/// <summary>One answer, read to its end.</summary>
public sealed class RemoteReply
{
    private readonly HttpResponseHeaders _headers;

    internal RemoteReply(HttpStatusCode status, ReadOnlyMemory<byte> body, HttpResponseHeaders headers, TimeSpan? retryAfter)
    {
        (Status, Body, RetryAfter) = (status, body, retryAfter);
        _headers = headers;
    }

    /// <summary>Gets the status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>Gets the body as received.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Gets a value indicating whether the status is one of success.</summary>
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>Gets the spacing that the service asks for, with its own clock as the measure.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Gets the body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name) => _headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>Reads the body.</summary>
    /// <exception cref="JsonException">It is no JSON, or nested too deeply.</exception>
    public JsonElement Json() => JsonReading.Parse(Body);
}

/// <summary>What a failed call means for whoever made it.</summary>
public enum RemoteFailure
{
    /// <summary>The service surely has not acted on it.</summary>
    NotAccepted,

    /// <summary>The service may have acted on it.</summary>
    Unknown,
}

/// <summary>A call failed for good, after the repetitions that were safe.</summary>
public sealed class RemoteCallException : BackendException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">Why it failed; <see cref="BackendErrorKind.Unavailable"/> without a status means that asking again may help.</param>
    /// <param name="backendId">The backend.</param>
    /// <param name="message">What was asked for and what came of it; no secret.</param>
    /// <param name="failure">Whether the service may have acted on it.</param>
    /// <param name="status">The status of the answer, if there was one.</param>
    /// <param name="innerException">The cause, if any.</param>
    public RemoteCallException(BackendErrorKind kind, string backendId, string message, RemoteFailure failure, HttpStatusCode? status, Exception? innerException = null)
        : base(kind, backendId, message, innerException) => (Failure, Status) = (failure, status);

    /// <summary>Gets whether the service may have acted on the call.</summary>
    public RemoteFailure Failure { get; }

    /// <summary>Gets the status of the answer, or null if there was none.</summary>
    public HttpStatusCode? Status { get; }

    /// <summary>Gets a value indicating whether asking again later may help: the service did not answer, was busy or was broken.</summary>
    public bool IsTransient => Status is { } status ? RemoteRetries.IsTransient(status) : Kind == BackendErrorKind.Unavailable;

    /// <summary>Gets the pause that the service asks for, or null.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The words of error bodies.</summary>
internal static class RemoteJson
{
    /// <summary>The words of an error body in the shapes that services use, at most some hundred characters; never a page of HTML.</summary>
    internal static string ErrorText(RemoteReply reply)
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

using System.Net;
using System.Text;
using Microsoft.Extensions.Http.Resilience;
using Polly.CircuitBreaker;
using Polly.Timeout;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Remote;

/// <summary>Calls to one service for one backend: resilience, credentials, rate and limits in one place. Thread-safe.</summary>
public sealed class RemoteTransport : IDisposable
{
    internal static readonly HttpRequestOptionsKey<RemoteCall> CallKey = new("PredictiveOrchestration.Call");
    internal static readonly HttpRequestOptionsKey<RemoteAttempts> AttemptsKey = new("PredictiveOrchestration.Attempts");
    private readonly string _backendId;
    private readonly HttpClient _client;
    private readonly HttpMessageHandler? _owned;
    private readonly TimeProvider _time;
    private readonly IDisposable? _authorizer;

    internal RemoteTransport(string backendId, Uri endpoint, RemoteBackendOptions options, IRemoteAuthorizer authorizer, RemoteRateLimit? limit)
    {
        _backendId = backendId;
        _time = options.Time;
        _authorizer = authorizer as IDisposable;
        Endpoint = endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");
        Retries = new RemoteRetries(options);
        if (options.Handler is null)
        {
            _owned = new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.All,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                ConnectTimeout = TimeSpan.FromSeconds(15),
            };
        }

        // Whoever gave a handler disposes it.
        var account = new AccountHandler(options.Handler ?? _owned!, authorizer, options.RateLimit ?? limit, options.MaxResponseBytes, options.Time);
        _client = new HttpClient(new ResilienceHandler(Retries.Pipeline) { InnerHandler = account }, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Gets the service's address, with a slash at its end.</summary>
    public Uri Endpoint { get; }

    internal RemoteRetries Retries { get; }

    /// <summary>Makes a call.</summary>
    /// <exception cref="RemoteCallException">It failed for good, and whether the service may have acted on it.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<RemoteReply> SendAsync(RemoteCall call, CancellationToken cancellationToken)
    {
        var address = new Uri(Endpoint, call.Path);
        if (!RemoteAddress.IsSafe(address) || !(RemoteAddress.SameHost(address, Endpoint) || (call is { MayLeaveHost: true, IsAuthorized: false })))
        {
            throw new RemoteCallException(BackendErrorKind.Fault, _backendId, $"The service names the address '{address.GetLeftPart(UriPartial.Authority)}', which is not its own; nothing is sent there.", RemoteFailure.NotAccepted, null);
        }

        using var request = new HttpRequestMessage(call.Method, address);
        request.Options.Set(CallKey, call);
        var attempts = new RemoteAttempts();
        request.Options.Set(AttemptsKey, attempts);
        if (call.Body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(call.Body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", call.ContentType);
        }

        request.Headers.TryAddWithoutValidation("Accept", "application/json, */*;q=0.1");
        request.Headers.TryAddWithoutValidation("User-Agent", "PredictiveOrchestration/0.1");
        foreach (var (name, value) in call.Headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        RemoteReply reply;
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            reply = new RemoteReply(response.StatusCode, body, response.Headers, RemoteRetries.RetryAfter(response, _time.GetUtcNow()));
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw Failed(call, attempts, exception);
        }

        return reply.IsSuccess || call.Accepts.Contains(reply.Status) ? reply : throw Refused(call, attempts, reply);
    }

    /// <summary>Frees what is held; the backend does it.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _owned?.Dispose();
        _authorizer?.Dispose();
    }

    private RemoteCallException Failed(RemoteCall call, RemoteAttempts attempts, Exception exception)
    {
        var (kind, what) = exception switch
        {
            BrokenCircuitException => (BackendErrorKind.Unavailable, "the service failed too often in the last minute, and is left alone for a while"),
            TimeoutRejectedException or OperationCanceledException => (BackendErrorKind.Unavailable, "no whole answer came in time"),
            RedirectRefusedException or ResponseTooLongException => (BackendErrorKind.Fault, exception.Message),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => (BackendErrorKind.Unavailable, exception.Message),
            HttpRequestException or IOException => (BackendErrorKind.Unavailable, $"the connection failed ({exception.Message})"),
            _ => (BackendErrorKind.Unavailable, exception.Message),
        };

        // A redirect is an answer, and not one that accepts; what failed before sending (a credential, say) was not accepted either.
        var failure = attempts.MayHaveActed ? RemoteFailure.Unknown : exception switch
        {
            RedirectRefusedException => RemoteFailure.NotAccepted,
            HttpRequestException or IOException or TimeoutRejectedException or OperationCanceledException or ResponseTooLongException or BrokenCircuitException => RemoteRetries.FailureOf(exception),
            _ => RemoteFailure.NotAccepted,
        };
        return new RemoteCallException(kind, _backendId, $"{call.Method} to '{Endpoint.Host}' for backend '{_backendId}': {what}.", failure, null, exception)
        {
            RetryAfter = exception is BrokenCircuitException ? Retries.OpenFor : null,
        };
    }

    private RemoteCallException Refused(RemoteCall call, RemoteAttempts attempts, RemoteReply reply)
    {
        var status = (int)reply.Status;
        var (kind, remedy) = status switch
        {
            401 => (BackendErrorKind.Unavailable, " Check the credential."),
            402 => (BackendErrorKind.BudgetRefused, " The account's quota or money is used up."),
            410 or 424 => (BackendErrorKind.Unavailable, " The device is retired or offline."),
            403 => (BackendErrorKind.Unavailable, " The credential does not allow it."),
            413 => (BackendErrorKind.Unsupported, " The circuit is too large for the service."),
            400 or 422 => (BackendErrorKind.Unsupported, string.Empty),
            429 or 408 or >= 500 => (BackendErrorKind.Unavailable, string.Empty),
            _ => (BackendErrorKind.Fault, string.Empty),
        };

        // What the last attempt was told says nothing of an earlier one whose answer was lost.
        var failure = attempts.MayHaveActed ? RemoteFailure.Unknown : RemoteFailure.NotAccepted;
        return new RemoteCallException(
            kind, _backendId, $"{call.Method} to '{Endpoint.Host}' for backend '{_backendId}' was answered with {status}: {RemoteJson.ErrorText(reply)}.{remedy}", failure, reply.Status)
        {
            RetryAfter = reply.RetryAfter,
        };
    }
}

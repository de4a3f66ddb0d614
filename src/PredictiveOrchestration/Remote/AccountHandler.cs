using System.Net;
using System.Text.Json;

namespace PredictiveOrchestration.Remote;

/// <summary>
/// One attempt: waits for its turn, puts credentials on, sends, refuses redirects to other hosts, and reads the answer to its end within the limit, so
/// that what breaks in the middle of an answer counts as a failed attempt.
/// </summary>
internal sealed class AccountHandler(HttpMessageHandler inner, IRemoteAuthorizer authorizer, RemoteRateLimit? limit, long maxBytes, TimeProvider time) : DelegatingHandler(inner)
{
    private const int MaxRedirects = 3;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = request.Options.TryGetValue(RemoteTransport.CallKey, out var found) ? found : throw new InvalidOperationException("The request was not made by the transport.");
        var address = request.RequestUri!;
        try
        {
            var response = await AttemptAsync(request, call, false, cancellationToken).ConfigureAwait(false);
            if (call.IsAuthorized && authorizer.IsRefusal(response))
            {
                // A token that ran out in mid-wait: the service refused, so even a submission may be sent again.
                response.Dispose();
                response = await AttemptAsync(request, call, true, cancellationToken).ConfigureAwait(false);
            }

            for (var hop = 0; (int)response.StatusCode is 301 or 302 or 303 or 307 or 308; hop++)
            {
                var target = response.Headers.Location is { } location ? new Uri(request.RequestUri!, location) : null;
                response.Dispose();
                if (target is null || request.Method != HttpMethod.Get || hop == MaxRedirects || !RemoteAddress.SameHost(target, address))
                {
                    throw new RedirectRefusedException($"The service sent the call on to '{target?.GetLeftPart(UriPartial.Authority) ?? "nowhere"}'; only redirects of GET on the same host are followed, at most {MaxRedirects}.");
                }

                request.RequestUri = target;
                response = await AttemptAsync(request, call, false, cancellationToken).ConfigureAwait(false);
            }

            return response;
        }
        finally
        {
            request.RequestUri = address;
        }
    }

    private async Task<HttpResponseMessage> AttemptAsync(HttpRequestMessage request, RemoteCall call, bool refused, CancellationToken cancellationToken)
    {
        if (limit is not null)
        {
            await limit.TakeAsync(time, cancellationToken).ConfigureAwait(false);
        }

        if (call.IsAuthorized)
        {
            await authorizer.AuthorizeAsync(request, refused, cancellationToken).ConfigureAwait(false);
        }

        var attempts = request.Options.TryGetValue(RemoteTransport.AttemptsKey, out var known) ? known : new RemoteAttempts();
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            var body = await ReadAsync(response.Content, cancellationToken).ConfigureAwait(false);
            if (call.ExpectsJson && response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NoContent && body.Length > 0)
            {
                Check(body);
            }

            var buffered = new ByteArrayContent(body);
            foreach (var header in response.Content.Headers)
            {
                buffered.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            response.Content.Dispose();
            response.Content = buffered;
            attempts.Answered(response.StatusCode);
            return response;
        }
        catch (IOException exception)
        {
            response?.Dispose();
            attempts.Failed(exception);
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The answer broke off.", exception);
        }
        catch (Exception exception)
        {
            response?.Dispose();
            attempts.Failed(exception);
            throw;
        }
    }

    private async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > maxBytes)
        {
            throw TooLong();
        }

        using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (body.Length + read > maxBytes)
            {
                throw TooLong();
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private ResponseTooLongException TooLong() => new($"The answer is longer than the {maxBytes} bytes that are read. Raise MaxResponseBytes if that is right.");

    private static void Check(byte[] body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            throw new HttpRequestException(HttpRequestError.InvalidResponse, "The answer is no whole JSON text.", exception);
        }
    }
}

/// <summary>A redirect that is not followed.</summary>
internal sealed class RedirectRefusedException(string message) : Exception(message);

/// <summary>An answer beyond the limit.</summary>
internal sealed class ResponseTooLongException(string message) : Exception(message);

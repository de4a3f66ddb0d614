using System.Net;
using Amazon.Runtime;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>
/// Signs every attempt with the credentials of that moment. AWS answers 403 to credentials that ran out and to signatures of a wrong clock; then the
/// credentials are renewed, the clock is set by the answer's date, and the call is sent once more.
/// </summary>
internal sealed class SigV4Authorizer(CredentialSource credentials, string region, string service, TimeProvider time) : IRemoteAuthorizer
{
    // AWS takes signatures within 5 minutes of its clock.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);
    private static readonly HashSet<string> ClockWords = new(StringComparer.Ordinal)
    {
        "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "AuthFailure",
    };

    private static readonly HashSet<string> CredentialWords = new(StringComparer.Ordinal)
    {
        "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidToken", "TokenRefreshRequired",
    };

    private long _skewTicks;

    public async ValueTask AuthorizeAsync(HttpRequestMessage request, bool refused, CancellationToken cancellationToken)
    {
        var keys = await credentials.GetAsync(refused, cancellationToken).ConfigureAwait(false);
        var scope = new SigV4Scope(region, service, time.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _skewTicks)));
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var address = request.RequestUri!;
        var signed = new List<(string Name, string Value)> { ("host", address.IsDefaultPort ? address.IdnHost : $"{address.IdnHost}:{address.Port}"), ("x-amz-date", scope.Stamp) };
        Set(request, "x-amz-date", scope.Stamp);
        Set(request, "x-amz-security-token", keys.UseToken ? keys.Token : null);
        if (keys.UseToken)
        {
            signed.Add(("x-amz-security-token", keys.Token));
        }

        if (request.Content?.Headers.ContentType is { } type)
        {
            signed.Add(("content-type", type.ToString()));
        }

        Set(request, "Authorization", SigV4Signer.Authorize(request.Method.Method, address.AbsolutePath, address.Query.TrimStart('?'), signed, body, keys.AccessKey, keys.SecretKey, scope));
    }

    public bool IsRefusal(HttpResponseMessage answer)
    {
        if (answer.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.BadRequest))
        {
            return answer.StatusCode == HttpStatusCode.Unauthorized;
        }

        var word = answer.Headers.TryGetValues("x-amzn-ErrorType", out var values) ? values.First().Split(':')[0] : string.Empty;
        if (!ClockWords.Contains(word))
        {
            return CredentialWords.Contains(word);
        }

        var skew = answer.Headers.Date is { } date ? date - time.GetUtcNow() : TimeSpan.Zero;
        Volatile.Write(ref _skewTicks, skew.Duration() > Tolerance ? skew.Ticks : 0);
        return true;
    }

    private static void Set(HttpRequestMessage request, string name, string? value)
    {
        request.Headers.Remove(name);
        if (value is not null)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }
}

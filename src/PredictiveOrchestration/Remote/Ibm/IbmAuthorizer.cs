using System.Globalization;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Remote.Ibm;

/// <summary>Exchanges the API key for a token that lives about an hour, renews it before it ends, and names instance and version at every call.</summary>
internal sealed class IbmAuthorizer : IRemoteAuthorizer, IDisposable
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);
    private readonly IbmQuantumOptions _options;
    private readonly RemoteTransport _identity;
    private readonly SemaphoreSlim _renewing = new(1);
    private string? _token;
    private DateTimeOffset _until;

    public IbmAuthorizer(string backendId, IbmQuantumOptions options)
    {
        _options = options;
        _identity = new RemoteTransport(backendId, options.IdentityEndpoint, options, new HeaderAuthorizer(null), null);
    }

    public async ValueTask AuthorizeAsync(HttpRequestMessage request, bool refused, CancellationToken cancellationToken)
    {
        var token = await TokenAsync(refused, cancellationToken).ConfigureAwait(false);
        request.Headers.Remove("Authorization");
        request.Headers.Remove("Service-CRN");
        request.Headers.Remove("IBM-API-Version");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        request.Headers.TryAddWithoutValidation("Service-CRN", _options.Instance);
        request.Headers.TryAddWithoutValidation("IBM-API-Version", _options.ApiVersion);
    }

    public void Dispose()
    {
        _identity.Dispose();
        _renewing.Dispose();
    }

    private async Task<string> TokenAsync(bool refused, CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token is { } known && !refused && _options.Time.GetUtcNow() < _until)
            {
                return known;
            }

            var key = _options.Credential is { } credential ? await credential.GetAsync(refused, cancellationToken).ConfigureAwait(false) : throw new InvalidOperationException("IBM Quantum needs a Credential, an IBM Cloud API key.");
            var call = new RemoteCall(HttpMethod.Post, "identity/token")
            {
                Body = $"grant_type={Uri.EscapeDataString("urn:ibm:params:oauth:grant-type:apikey")}&apikey={Uri.EscapeDataString(key)}",
                ContentType = "application/x-www-form-urlencoded",
                IsRepeatable = true,
                IsAuthorized = false,
            };
            var json = (await _identity.SendAsync(call, cancellationToken).ConfigureAwait(false)).Json();

            // Counted from now, not by the service's clock.
            var life = TimeSpan.FromSeconds(Math.Clamp(json.Get("expires_in").Number() ?? 600, 0, 86_400));
            _until = _options.Time.GetUtcNow() + (life > 2 * Early ? life - Early : life / 2);
            return _token = json.Get("access_token").Text() ?? throw new FormatException("The identity service gave no token.");
        }
        finally
        {
            _renewing.Release();
        }
    }
}

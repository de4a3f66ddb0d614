using Azure.Core;
using Azure.Identity;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Azure;

/// <summary>Puts the token of an identity on calls; it is kept until it is about to end, or is refused.</summary>
internal sealed class AzureAuthorizer(AzureQuantumOptions options) : IRemoteAuthorizer, IDisposable
{
    private static readonly string[] Scopes = ["https://quantum.microsoft.com/.default"];
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);
    private readonly Lazy<TokenCredential> _identity = new(() => options.Identity ?? new DefaultAzureCredential());
    private readonly SemaphoreSlim _renewing = new(1);
    private AccessToken? _token;

    public async ValueTask AuthorizeAsync(HttpRequestMessage request, bool refused, CancellationToken cancellationToken)
    {
        var token = await TokenAsync(refused, cancellationToken).ConfigureAwait(false);
        request.Headers.Remove("Authorization");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
    }

    public void Dispose() => _renewing.Dispose();

    private async Task<string> TokenAsync(bool refused, CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token is not { } known || refused || options.Time.GetUtcNow() >= known.ExpiresOn - Early)
            {
                known = await _identity.Value.GetTokenAsync(new TokenRequestContext(Scopes), cancellationToken).ConfigureAwait(false);
                _token = known;
            }

            return known.Token;
        }
        finally
        {
            _renewing.Release();
        }
    }
}

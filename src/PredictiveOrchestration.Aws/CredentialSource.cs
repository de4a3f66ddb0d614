using Amazon.Runtime;
using Amazon.Runtime.Credentials;

namespace PredictiveOrchestration.Aws;

/// <summary>The given credentials, or those that AWS's SDK finds; looked for at the first call, not before.</summary>
internal sealed class CredentialSource(AWSCredentials? given)
{
    private readonly Lazy<AWSCredentials> _credentials = new(() => given ?? DefaultAWSCredentialsIdentityResolver.GetCredentials());

    public AWSCredentials Credentials => _credentials.Value;

    /// <summary>The keys of this moment.</summary>
    /// <param name="refused">The last ones were refused: those kept are dropped, and fetched anew.</param>
    /// <param name="cancellationToken">Gives up the wait.</param>
    public async ValueTask<ImmutableCredentials> GetAsync(bool refused, CancellationToken cancellationToken)
    {
        if (refused)
        {
            Drop();
        }

        return await Credentials.GetCredentialsAsync().WaitAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("AWS's SDK found no credentials; see BraketOptions.Credentials.");
    }

    public void Drop() => (Credentials as RefreshingAWSCredentials)?.ClearCredentials();
}

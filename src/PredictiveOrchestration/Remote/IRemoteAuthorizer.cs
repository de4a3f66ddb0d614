namespace PredictiveOrchestration.Remote;

/// <summary>Puts credentials on a request, anew for every attempt.</summary>
public interface IRemoteAuthorizer
{
    /// <summary>Adds the headers; those of an earlier attempt are replaced.</summary>
    /// <param name="request">The request, complete but for credentials; its content is in memory.</param>
    /// <param name="refused">The service refused the last credentials: do not give cached ones.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask AuthorizeAsync(HttpRequestMessage request, bool refused, CancellationToken cancellationToken);

    /// <summary>
    /// Whether an answer refuses the credentials rather than the call. Then the service has done nothing, and the call, even a submission, is sent once more
    /// with fresh ones.
    /// </summary>
    /// <param name="answer">The answer; its content is in memory.</param>
    bool IsRefusal(HttpResponseMessage answer) => answer.StatusCode == System.Net.HttpStatusCode.Unauthorized;
}

/// <summary>A secret in one header.</summary>
/// <param name="credential">The secret; null to send none.</param>
/// <param name="prefix">What stands before it.</param>
/// <param name="header">The header's name.</param>
public sealed class HeaderAuthorizer(RemoteCredential? credential, string prefix = "Bearer ", string header = "Authorization") : IRemoteAuthorizer
{
    /// <inheritdoc/>
    public async ValueTask AuthorizeAsync(HttpRequestMessage request, bool refused, CancellationToken cancellationToken)
    {
        if (credential is not null)
        {
            var secret = await credential.GetAsync(refused, cancellationToken).ConfigureAwait(false);
            request.Headers.Remove(header);
            request.Headers.TryAddWithoutValidation(header, prefix + secret);
        }
    }
}

namespace PredictiveOrchestration.Remote;

/// <summary>Puts credentials on a request, anew for every attempt.</summary>
internal interface IRemoteAuthorizer
{
    /// <summary>Adds the headers; those of an earlier attempt are replaced.</summary>
    /// <param name="request">The request, complete but for credentials; its content is in memory.</param>
    /// <param name="refused">The service refused the last credentials: do not give cached ones.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask AuthorizeAsync(HttpRequestMessage request, bool refused, CancellationToken cancellationToken);
}

/// <summary>A secret in one header.</summary>
internal sealed class HeaderAuthorizer(RemoteCredential? credential, string prefix = "Bearer ", string header = "Authorization") : IRemoteAuthorizer
{
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

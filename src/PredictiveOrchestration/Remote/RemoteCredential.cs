namespace PredictiveOrchestration.Remote;

/// <summary>
/// A secret for a service. It is asked for before every call, so that one that was renewed meanwhile is used, and never written to logs, records or messages.
/// </summary>
public sealed class RemoteCredential
{
    private readonly Func<bool, CancellationToken, ValueTask<string>> _get;

    private RemoteCredential(Func<bool, CancellationToken, ValueTask<string>> get) => _get = get;

    /// <summary>Takes a fixed secret.</summary>
    public static RemoteCredential FromSecret(string secret)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(secret);
        return new RemoteCredential((_, _) => ValueTask.FromResult(secret));
    }

    /// <summary>Reads the secret from an environment variable at each call.</summary>
    /// <param name="variable">The variable's name.</param>
    public static RemoteCredential FromEnvironment(string variable)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(variable);
        return new RemoteCredential((_, _) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } secret
            ? ValueTask.FromResult(secret)
            : throw new InvalidOperationException($"The environment variable '{variable}' holds no secret. Set it, or give the credential otherwise."));
    }

    /// <summary>Asks a callback at each call.</summary>
    /// <param name="callback">Gives the secret; its first argument says that the service refused the last one, so that a cached one must not be given again.</param>
    public static RemoteCredential FromCallback(Func<bool, CancellationToken, ValueTask<string>> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return new RemoteCredential(callback);
    }

    /// <summary>Says nothing about the secret.</summary>
    public override string ToString() => "RemoteCredential (secret)";

    /// <summary>Gives the secret, for the headers of one call; it must go nowhere else.</summary>
    /// <param name="refused">The service refused the last one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<string> GetAsync(bool refused, CancellationToken cancellationToken) => _get(refused, cancellationToken);
}

using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Http;

namespace PredictiveOrchestration.AspNetCore.Access;

/// <summary>
/// Says who a caller is. With keys: by the SHA-256 of the key sent, compared with every key's in constant time. Without: whoever connects from this machine.
/// </summary>
internal sealed class Gatekeeper
{
    private const int MaxHeaderLength = 600;
    private readonly Caller[] _callers;
    private readonly Caller _local = new(Caller.Local, null, null);

    public Gatekeeper(WorkerOptions options, TimeProvider time) => _callers =
    [
        .. options.ApiKeys.Select(k => new Caller(k.Name, k, k.SubmissionsPerSecond is { } rate ? new SubmissionRate(rate, k.SubmissionBurst, time) : null)),
    ];

    /// <summary>Whether keys are needed.</summary>
    public bool HasKeys => _callers.Length > 0;

    /// <summary>Finds the caller.</summary>
    /// <exception cref="ProblemException">401: no key or a wrong one; 403: not from this machine.</exception>
    public Caller Admit(HttpContext context)
    {
        if (!HasKeys)
        {
            return LocalCaller.Is(context) ? _local : throw new ProblemException(
                StatusCodes.Status403Forbidden, "local-only", "This worker has no API keys and serves callers on its own machine only. Give it a key (WorkerOptions.ApiKeys).");
        }

        var header = context.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { Length: <= MaxHeaderLength } text || KeyOf(text) is not { Length: > 0 } key)
        {
            throw Unauthorized("no API key is given. Send `Authorization: Bearer KEY`");
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        Caller? found = null;
        foreach (var caller in _callers)
        {
            // No early way out: how long it takes says nothing about which key, if any, it is.
            if (CryptographicOperations.FixedTimeEquals(hash, caller.Key!.Hash))
            {
                found = caller;
            }
        }

        return found ?? throw Unauthorized("the API key is not known");
    }

    private static ProblemException Unauthorized(string what) => new(StatusCodes.Status401Unauthorized, "unauthorized", $"The request is refused: {what}.");

    // IonQ's clients say "apiKey KEY".
    private static string? KeyOf(string header)
    {
        foreach (var scheme in (ReadOnlySpan<string>)["Bearer ", "apiKey "])
        {
            if (header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                return header[scheme.Length..].Trim();
            }
        }

        return null;
    }
}

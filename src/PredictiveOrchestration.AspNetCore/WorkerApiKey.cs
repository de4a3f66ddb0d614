using System.Security.Cryptography;
using System.Text;

namespace PredictiveOrchestration.AspNetCore;

/// <summary>
/// A key that may use the worker, with its limits. The key itself is not kept: only its SHA-256, which for a long random key is as good as a slow
/// hash for a password.
/// </summary>
public sealed record WorkerApiKey
{
    private const int MinimumLength = 16;
    private readonly byte[] _hash;

    private WorkerApiKey(string name, byte[] hash)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
        _hash = hash;
    }

    /// <summary>Gets the name under which jobs, budgets and metrics are kept; unique, and not secret.</summary>
    public string Name { get; }

    /// <summary>Gets the submissions that are let through in a second over a longer time; null (default) for no limit.</summary>
    public double? SubmissionsPerSecond { get; init; }

    /// <summary>Gets the submissions that are let through at once after a pause; default 100.</summary>
    public int SubmissionBurst { get; init; } = 100;

    /// <summary>Gets the most that all jobs of this key may cost together, in the orchestrator's currency; null (default) for no limit.</summary>
    public decimal? Budget { get; init; }

    /// <summary>Gets the most jobs of this key that may wait; null (default) for the worker's own limit.</summary>
    public int? MaxQueueLength { get; init; }

    /// <summary>The SHA-256 of the key.</summary>
    internal ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Makes a key from its text.</summary>
    /// <param name="name">The name.</param>
    /// <param name="key">The text, 16 to 512 characters; make it with a random generator.</param>
    /// <exception cref="ArgumentException">The key is too short or too long.</exception>
    public static WorkerApiKey FromText(string name, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Length is >= MinimumLength and <= 512
            ? new WorkerApiKey(name, SHA256.HashData(Encoding.UTF8.GetBytes(key)))
            : throw new ArgumentException($"The API key '{name}' has {key.Length} characters; accepted are {MinimumLength} to 512. Make one with `openssl rand -hex 24`.", nameof(key));
    }

    /// <summary>Makes a key from the SHA-256 of its text, so that a configuration file need not hold the key.</summary>
    /// <param name="name">The name.</param>
    /// <param name="sha256">64 hexadecimal digits: SHA-256 of the key in UTF-8.</param>
    /// <exception cref="ArgumentException">It is not 64 hexadecimal digits.</exception>
    public static WorkerApiKey FromSha256(string name, string sha256)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        return sha256.Length == 64 && sha256.All(char.IsAsciiHexDigit)
            ? new WorkerApiKey(name, Convert.FromHexString(sha256))
            : throw new ArgumentException($"The SHA-256 of the API key '{name}' has {sha256.Length} characters; accepted are 64 hexadecimal digits.", nameof(sha256));
    }

    /// <inheritdoc/>
    public override string ToString() => $"API key '{Name}'";
}

namespace PredictiveOrchestration.Remote;

/// <summary>What all remote backends have in common. Checked once, when the backend is made; all failures are reported together.</summary>
public abstract record RemoteBackendOptions
{
    /// <summary>Gets the backend's id; null (default) for one made of the service's and the target's name.</summary>
    public string? Id { get; init; }

    /// <summary>Gets the name shown to people; null (default) for the id.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Gets the device or simulator at the service.</summary>
    public string Target { get; init; } = string.Empty;

    /// <summary>Gets the secret; null (default) if the service wants none.</summary>
    public RemoteCredential? Credential { get; init; }

    /// <summary>Gets where jobs are written down before they are waited for; null (default) for a journal in memory, which does not survive the process.</summary>
    public IRemoteJobJournal? Journal { get; init; }

    /// <summary>Gets where money is reserved and settled when the backend is used without an orchestrator, which brings its own; null (default) for nowhere.</summary>
    public Backends.ISpendGate? SpendGate { get; init; }

    /// <summary>Gets the currency of the account in which is reserved and settled; default USD. A service's amounts in another one are not used.</summary>
    public string Currency { get; init; } = "USD";

    /// <summary>Gets the most that the service may estimate for one job, in <see cref="Currency"/>; null (default) for no limit of its own.</summary>
    public decimal? MaxCostPerJob { get; init; }

    /// <summary>Gets the rate of calls, shared by the backends of one account; null (default) for the service's documented one.</summary>
    public RemoteRateLimit? RateLimit { get; init; }

    /// <summary>Gets the hours in which the device takes work; empty (default) for always.</summary>
    public IReadOnlyList<AvailabilityWindow> Availability { get; init; } = [];

    /// <summary>Gets the longest time that a job may wait in the service's queue; null (default) for no limit.</summary>
    public TimeSpan? QueueDeadline { get; init; }

    /// <summary>Gets the longest time that a job may run once it has begun; null for no limit; default 1 hour.</summary>
    public TimeSpan? RunDeadline { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Gets the longest time for which a service that does not answer is asked again for a submitted job; default 1 hour. The job can be resumed later.</summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Gets a value indicating whether the job is cancelled at the service when the caller cancels or a deadline passes; default false: it can be resumed.</summary>
    public bool CancelRemoteJobs { get; init; }

    /// <summary>Gets the least spacing of questions for a job's state; default 1 s.</summary>
    public TimeSpan MinPollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the greatest spacing; default 30 s.</summary>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the longest time of one attempt at one call, answer included; default 100 s.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Gets how often a call that may be repeated is repeated; default 5.</summary>
    public int MaxRetries { get; init; } = 5;

    /// <summary>Gets the largest answer that is read, in bytes; default 64 MiB.</summary>
    public long MaxResponseBytes { get; init; } = 64L << 20;

    /// <summary>Gets the handler that sends; null (default) for sockets. It must not follow redirects by itself. Not disposed.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>Gets the clock; default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Gets the logger; null (default) for none.</summary>
    public Microsoft.Extensions.Logging.ILogger? Logger { get; init; }

    /// <summary>Gets the seed of jitter.</summary>
    public ulong Seed { get; init; }

    /// <summary>Gets the maker of job tags: each must be unique, 1 to 64 letters, digits and hyphens; null (default) for version-7 UUIDs.</summary>
    public Func<string>? NewTag { get; init; }

    /// <summary>Says nothing of the values, among which are secrets.</summary>
    public sealed override string ToString() => $"{GetType().Name} for '{Target}'";

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">Values are wrong; the message names each.</exception>
    /// <param name="endpoint">The service's address.</param>
    /// <param name="more">What is wrong with the values of the derived options.</param>
    public void Validate(Uri endpoint, params IEnumerable<string> more)
    {
        var failures = new List<string>(more);
        void Check(bool valid, string failure)
        {
            if (!valid)
            {
                failures.Add(failure);
            }
        }

        Check(endpoint is { IsAbsoluteUri: true } && RemoteAddress.IsSafe(endpoint), $"the address is '{endpoint}'; accepted is https, or http on this machine (loopback)");
        Check(endpoint is not { IsAbsoluteUri: true, UserInfo.Length: > 0 }, "the address holds a user name or password; give a credential instead");
        Check(!string.IsNullOrWhiteSpace(Target), "Target is empty; name the device or simulator");
        Check(!string.IsNullOrWhiteSpace(Currency), "Currency is empty; accepted is a code such as USD");
        Check(MaxCostPerJob is null or >= 0, $"MaxCostPerJob is {MaxCostPerJob}; accepted is 0 or more");
        Check(QueueDeadline is null || QueueDeadline > TimeSpan.Zero, $"QueueDeadline is {QueueDeadline}; accepted is more than 0, or null");
        Check(RunDeadline is null || RunDeadline > TimeSpan.Zero, $"RunDeadline is {RunDeadline}; accepted is more than 0, or null");
        Check(MinPollInterval > TimeSpan.Zero && MinPollInterval <= MaxPollInterval, $"MinPollInterval is {MinPollInterval}, MaxPollInterval {MaxPollInterval}; accepted is 0 < least <= greatest");
        Check(MaxPollInterval <= TimeSpan.FromDays(1), $"MaxPollInterval is {MaxPollInterval}; accepted is up to a day");
        Check(AttemptTimeout > TimeSpan.Zero && AttemptTimeout <= TimeSpan.FromHours(1), $"AttemptTimeout is {AttemptTimeout}; accepted is more than 0, up to an hour");
        Check(MaxOutage >= TimeSpan.Zero, $"MaxOutage is {MaxOutage}; accepted is 0 or more");
        Check(MaxRetries is >= 0 and <= 20, $"MaxRetries is {MaxRetries}; accepted are 0 to 20");
        Check(MaxResponseBytes is >= 1024 and <= 1L << 31, $"MaxResponseBytes is {MaxResponseBytes}; accepted are 1 KiB to 2 GiB");
        Check(Time is not null, "Time is null");
        if (failures.Count > 0)
        {
            throw new ArgumentException($"{failures.Count} option(s) of the remote backend are wrong: {string.Join("; ", failures)}.");
        }
    }
}

/// <summary>Which addresses secrets may be sent to.</summary>
public static class RemoteAddress
{
    /// <summary>Whether an address is HTTPS, or on this machine.</summary>
    public static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    internal static bool SameHost(Uri a, Uri b) => Uri.Compare(a, b, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;
}

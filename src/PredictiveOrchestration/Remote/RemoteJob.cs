namespace PredictiveOrchestration.Remote;

/// <summary>How far a remote job has come, as far as is known here.</summary>
public enum RemoteJobState
{
    /// <summary>Written down, and being submitted: if the process ends now, nobody knows whether the service has it.</summary>
    Submitting,

    /// <summary>Nobody knows whether the service accepted it; it waits for <see cref="RemoteBackend.ReconcileAsync(System.Threading.CancellationToken)"/>.</summary>
    Held,

    /// <summary>The service has it.</summary>
    Submitted,

    /// <summary>Its result is here.</summary>
    Fetched,

    /// <summary>It failed, or was cancelled, at the service.</summary>
    Failed,

    /// <summary>The service surely never accepted it.</summary>
    NotAccepted,
}

/// <summary>
/// A job at a service: what is needed to go on with it in another process. It holds no secret. Written to the journal before anybody waits for it.
/// </summary>
public sealed record RemoteJob
{
    /// <summary>Gets the name of the job in this library and, as tag, at the service: unique, 1 to 64 characters.</summary>
    public required string Tag { get; init; }

    /// <summary>Gets the id of the backend that submitted it.</summary>
    public required string BackendId { get; init; }

    /// <summary>Gets the name of the wire protocol.</summary>
    public required string Protocol { get; init; }

    /// <summary>Gets the address of the service.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Gets the device or simulator at the service.</summary>
    public required string Target { get; init; }

    /// <summary>Gets how far it has come.</summary>
    public RemoteJobState State { get; init; }

    /// <summary>Gets the service's id of the job, or null as long as it is not known.</summary>
    public string? RemoteId { get; init; }

    /// <summary>Gets the shots.</summary>
    public required int Shots { get; init; }

    /// <summary>Gets the seed that the request gave.</summary>
    public ulong Seed { get; init; }

    /// <summary>Gets when it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets what is sent to submit it, so that it can be sent again.</summary>
    public string Payload { get; init; } = string.Empty;

    /// <summary>Gets, for each bit of the outcome from the least significant, where the service's result has it; -1 for a bit that is always 0.</summary>
    public IReadOnlyList<int> Readout { get; init; } = [];

    /// <summary>Gets what else the protocol needs to read the result, or null.</summary>
    public string? Notes { get; init; }

    /// <summary>Gets the key under which money is reserved for it, or null.</summary>
    public string? SpendKey { get; init; }

    /// <summary>Gets what it is expected to cost, in the account's currency.</summary>
    public decimal ExpectedCost { get; init; }

    /// <summary>Gets the service's answer, as received, or null.</summary>
    public string? Result { get; init; }

    /// <summary>Gets what it cost, as far as settled, or null.</summary>
    public decimal? Cost { get; init; }

    /// <summary>Gets why it failed, or null.</summary>
    public string? Error { get; init; }

    /// <summary>Gets a value indicating whether there is something left to do or to learn about it.</summary>
    public bool IsPending => State is RemoteJobState.Submitting or RemoteJobState.Held or RemoteJobState.Submitted;

    /// <summary>Names the job; nothing of what was sent or received.</summary>
    public override string ToString() => $"job {Tag} on {BackendId} ({RemoteId ?? "no id yet"}): {State}";
}

/// <summary>A remote job did not end well; the job can be resumed or reconciled with what is in <see cref="Job"/>.</summary>
public sealed class RemoteJobException : Backends.BackendException
{
    /// <summary>Creates the exception.</summary>
    public RemoteJobException(Backends.BackendErrorKind kind, RemoteJob job, string message, Exception? innerException = null)
        : base(kind, (job ?? throw new ArgumentNullException(nameof(job))).BackendId, message, innerException) => Job = job;

    /// <summary>Gets the job.</summary>
    public RemoteJob Job { get; }
}

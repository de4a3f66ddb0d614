namespace PredictiveOrchestration.Backends;

/// <summary>
/// Where paid work asks before it spends: reserve before submitting, then settle, release, or hold while the outcome is unknown. Every call is safe
/// to repeat with the same key.
/// </summary>
public interface ISpendGate
{
    /// <summary>Sets money aside for a job.</summary>
    /// <param name="request">The job's key, provider, tag and the most it may cost.</param>
    /// <param name="cancellationToken">Gives up waiting; money that was set aside meanwhile stays so until released.</param>
    /// <exception cref="BackendException">Of kind <see cref="BackendErrorKind.BudgetRefused"/>: a cap has no room, or the ledger cannot be reached.</exception>
    ValueTask ReserveAsync(SpendRequest request, CancellationToken cancellationToken = default);

    /// <summary>Books what a job cost and frees the rest of its reservation.</summary>
    ValueTask SettleAsync(string key, decimal amount, CancellationToken cancellationToken = default);

    /// <summary>Frees the reservation of a job that surely costs nothing.</summary>
    ValueTask ReleaseAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Keeps the reservation of a job of which nobody knows whether it was accepted, until it is settled or released.</summary>
    ValueTask HoldAsync(string key, CancellationToken cancellationToken = default);
}

/// <summary>A wish to spend.</summary>
/// <param name="Key">The job's idempotency key: unique for each job, 1 to 200 characters.</param>
/// <param name="Amount">The most that it may cost, in the account's currency; 0 or more.</param>
/// <param name="Provider">The provider or backend.</param>
/// <param name="Tag">What the money is for, or null.</param>
public sealed record SpendRequest(string Key, decimal Amount, string Provider, string? Tag = null);

/// <summary>The leave to spend on one job.</summary>
/// <param name="Gate">Where to reserve and settle.</param>
/// <param name="Key">The job's key.</param>
/// <param name="Expected">What it is expected to cost, in the account's currency; booked if the provider never says what it did cost.</param>
/// <param name="Most">What it may cost at most by prediction; reserved if the provider gives no estimate.</param>
/// <param name="Tag">What the money is for, or null.</param>
public sealed record SpendPermit(ISpendGate Gate, string Key, decimal Expected, decimal Most, string? Tag = null)
{
    /// <summary>Gets a value indicating whether runs count down what a plan includes: then they are reserved even where nothing may be charged.</summary>
    public bool IsMetered { get; init; }
}

/// <summary>A backend that reserves and settles by itself through <see cref="ExecutionRequest.Spending"/>, because only it learns what a job really cost.</summary>
public interface IPayingBackend : IQuantumBackend
{
    /// <summary>
    /// Says where jobs settle that are resumed, reconciled or cancelled outside a run. The orchestrator that a backend belongs to says so when it starts and before runs; the default does
    /// nothing.
    /// </summary>
    /// <param name="account">The account.</param>
    void UseAccount(ISpendGate account)
    {
    }
}

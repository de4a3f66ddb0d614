using System.Globalization;
using Orleans;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Orleans.Money;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans;

/// <summary>
/// The one budget of a cluster, from any silo or client. Where it cannot be reached nothing is spent: paid runs are refused, and runs that cost nothing go on. Exact also while the cluster is divided.
/// Thread-safe.
/// </summary>
public sealed class ClusterLedger : ISpendGate
{
    /// <summary>Parts the job from its try in a key: <c>job#try/0</c>.</summary>
    internal const char TryMark = '#';

    private readonly IGrainFactory _grains;

    /// <summary>Makes a client of the ledger.</summary>
    /// <param name="grains">The cluster's client, or a silo's own grain factory.</param>
    public ClusterLedger(IGrainFactory grains) => _grains = grains ?? throw new ArgumentNullException(nameof(grains));

    private ILedgerGrain Grain => _grains.GetGrain<ILedgerGrain>(0);

    /// <inheritdoc/>
    public async ValueTask ReserveAsync(SpendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (key, attempt) = Parse(request.Key);
        var answer = await AskAsync(request.Provider, g => g.ReserveAsync(key, attempt, request.Amount, request.Provider, request.Tag), cancellationToken).ConfigureAwait(false);
        if (answer.Shortage is { } shortage)
        {
            throw new BackendException(
                BackendErrorKind.BudgetRefused, request.Provider, string.Create(CultureInfo.InvariantCulture, $"Job '{key}' on '{request.Provider}' may cost up to {request.Amount:0.######}; {shortage}. Raise the cap, choose a cheaper backend or fewer shots."));
        }

        if (answer.Taken is { } taken)
        {
            throw new BackendException(BackendErrorKind.OutcomeUnknown, request.Provider, $"Job '{key}' is not paid for a second time: {taken}.");
        }

        Check(answer);
    }

    /// <inheritdoc/>
    public async ValueTask SettleAsync(string key, decimal amount, CancellationToken cancellationToken = default) =>
        Check(await AskAsync("budget", g => g.CloseAsync(Parse(key).Key, amount), cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(string key, CancellationToken cancellationToken = default) =>
        Check(await AskAsync("budget", g => g.CloseAsync(Parse(key).Key, null), cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async ValueTask HoldAsync(string key, CancellationToken cancellationToken = default) =>
        Check(await AskAsync("budget", g => g.HoldAsync(Parse(key).Key), cancellationToken).ConfigureAwait(false));

    /// <summary>What was spent and is reserved in one place.</summary>
    /// <param name="scope">The kind of place.</param>
    /// <param name="name">The tenant, provider, day (yyyy-MM-dd) or month (yyyy-MM); empty for the total.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackendException">The ledger cannot be reached.</exception>
    public async ValueTask<Balance> GetBalanceAsync(BudgetScope scope = BudgetScope.Total, string name = "", CancellationToken cancellationToken = default)
    {
        var balance = await AskAsync("budget", g => g.GetBalanceAsync((int)scope, name), cancellationToken).ConfigureAwait(false);
        return new Balance(balance.Spent, balance.Reserved);
    }

    /// <summary>What is reserved: runs under way, and those of which nobody knows whether they were paid. Settle or release the latter when that is known.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackendException">The ledger cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<OpenReservation>> GetOpenReservationsAsync(CancellationToken cancellationToken = default) =>
        [.. (await AskAsync("budget", g => g.GetOpenAsync(), cancellationToken).ConfigureAwait(false)).Select(o => o.ToReservation())];

    /// <summary>The key of a job in the ledger, and the try; the whole key is both where it names no try.</summary>
    internal static (string Key, string Try) Parse(string key)
    {
        var mark = key.IndexOf(TryMark, StringComparison.Ordinal);
        if (mark < 0)
        {
            return (key, string.Empty);
        }

        var slash = key.IndexOf('/', mark);
        return slash < 0 ? (key[..mark], key[(mark + 1)..]) : (key[..mark] + key[slash..], key[(mark + 1)..slash]);
    }

    private static void Check(LedgerAnswer answer)
    {
        if ((answer.Wrong ?? answer.Taken) is { } wrong)
        {
            throw new ArgumentException(wrong);
        }
    }

    private async Task<T> AskAsync<T>(string provider, Func<ILedgerGrain, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask(Grain).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RunDriver.IsTransient(exception))
        {
            throw new BackendException(BackendErrorKind.BudgetRefused, provider, $"The cluster's ledger cannot be reached ({exception.Message}); nothing is spent until it can.", exception);
        }
    }
}

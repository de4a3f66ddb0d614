using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>
/// The budget ledger as one job sees it: what plans include is set aside first, and money only for what is beyond it. Without a job it is where others settle that are cleared up
/// later.
/// </summary>
internal sealed class MeteredSpending(ISpendGate ledger, PriceTable prices, RoutingDecision? decision = null, CircuitProfile? profile = null) : ISpendGate
{
    public async ValueTask ReserveAsync(SpendRequest request, CancellationToken cancellationToken = default)
    {
        if (!prices.IsMetered(request.Provider) || decision?.Made.FirstOrDefault(r => r.Candidate.Backend.Id == request.Provider)?.Candidate is not { } candidate)
        {
            await ledger.ReserveAsync(request, cancellationToken).ConfigureAwait(false);
            return;
        }

        var beyond = await Task.Run(() => prices.Reserve(request.Key, candidate.Backend, candidate.Prediction, profile!, candidate.Shape), cancellationToken).ConfigureAwait(false);
        try
        {
            // A provider's own estimate counts as it is.
            await ledger.ReserveAsync(request.Amount == candidate.Cost.Upper ? request with { Amount = beyond } : request, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await Task.Run(() => prices.Release(request.Key, request.Provider), CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask SettleAsync(string key, decimal amount, CancellationToken cancellationToken = default) => ledger.SettleAsync(key, amount, cancellationToken);

    public async ValueTask ReleaseAsync(string key, CancellationToken cancellationToken = default)
    {
        await ledger.ReleaseAsync(key, cancellationToken).ConfigureAwait(false);
        if (prices.HasAllowances)
        {
            await Task.Run(() => prices.Release(key), CancellationToken.None).ConfigureAwait(false);
        }
    }

    public ValueTask HoldAsync(string key, CancellationToken cancellationToken = default) => ledger.HoldAsync(key, cancellationToken);
}

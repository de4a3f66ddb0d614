using System.Globalization;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Costs;

/// <summary>Spent and reserved amounts by place, from the entries of a ledger in their order. Not thread-safe.</summary>
internal sealed class BudgetBalances(IReadOnlyList<BudgetCap> caps)
{
    private readonly Dictionary<(BudgetScope Scope, string Name), Balance> _balances = [];
    private readonly Dictionary<string, OpenReservation> _open = new(StringComparer.Ordinal);

    /// <summary>The number of the last entry taken in.</summary>
    public long LastSequence { get; private set; }

    public IReadOnlyDictionary<string, OpenReservation> Open => _open;

    /// <summary>All balances.</summary>
    public IReadOnlyDictionary<(BudgetScope Scope, string Name), Balance> All => _balances;

    /// <summary>Begins with what was before.</summary>
    public void Restore(IEnumerable<KeyValuePair<(BudgetScope Scope, string Name), Balance>> balances, IEnumerable<OpenReservation> open)
    {
        foreach (var (place, balance) in balances)
        {
            _balances[place] = balance;
        }

        foreach (var reservation in open)
        {
            _open[reservation.Key] = reservation;
        }
    }

    public Balance Of(BudgetScope scope, string name) => _balances.GetValueOrDefault((scope, name));

    /// <summary>The tightest cap without room for the reservation, or null.</summary>
    public BudgetShortage? Shortage(LedgerEntry reservation)
    {
        BudgetShortage? tightest = null;
        foreach (var cap in caps)
        {
            if (Place(cap.Scope, reservation) is not { } where || (cap.Name is not null && cap.Name != where))
            {
                continue;
            }

            var balance = cap.Scope == BudgetScope.Job ? default : Of(cap.Scope, where);
            var left = cap.Limit - balance.Spent - balance.Reserved;
            if (reservation.Amount > left && (tightest is null || left < tightest.Left))
            {
                tightest = new BudgetShortage(cap, where, left);
            }
        }

        return tightest;
    }

    /// <summary>Takes an entry in.</summary>
    public void Apply(LedgerEntry entry)
    {
        LastSequence = Math.Max(LastSequence, entry.Sequence);
        switch (entry.Kind)
        {
            case LedgerEntryKind.Reserve:
                _open[entry.Key] = new OpenReservation(entry.Key, entry.Amount, entry.Provider, entry.Tag, entry.At, false);
                Move(entry, entry.Amount, 0);
                break;
            case LedgerEntryKind.Hold when _open.TryGetValue(entry.Key, out var held):
                _open[entry.Key] = held with { IsOutcomeUnknown = true };
                break;
            case LedgerEntryKind.Settle or LedgerEntryKind.Release when _open.Remove(entry.Key, out var reservation):
                // Booked where it was reserved: a job reserved before midnight counts for the day before.
                Move(entry with { Provider = reservation.Provider, Tag = reservation.Tag, At = reservation.At }, -reservation.Amount, entry.Kind == LedgerEntryKind.Settle ? entry.Amount : 0);
                break;
        }
    }

    private void Move(LedgerEntry entry, decimal reserved, decimal spent)
    {
        foreach (var scope in (ReadOnlySpan<BudgetScope>)[BudgetScope.Total, BudgetScope.Day, BudgetScope.Month, BudgetScope.Tag, BudgetScope.Provider])
        {
            if (Place(scope, entry) is { } where)
            {
                ref var balance = ref CollectionsMarshal.GetValueRefOrAddDefault(_balances, (scope, where), out _);
                balance = new Balance(balance.Spent + spent, balance.Reserved + reserved);
            }
        }
    }

    private static string? Place(BudgetScope scope, LedgerEntry entry) => scope switch
    {
        BudgetScope.Total or BudgetScope.Job => string.Empty,
        BudgetScope.Day => entry.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        BudgetScope.Month => entry.At.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture),
        BudgetScope.Tag => entry.Tag,
        BudgetScope.Provider => entry.Provider,
        _ => null,
    };
}

/// <summary>What was spent and what is reserved in one place.</summary>
/// <param name="Spent">Settled amounts.</param>
/// <param name="Reserved">Amounts of jobs under way or of unknown outcome.</param>
public readonly record struct Balance(decimal Spent, decimal Reserved);

/// <summary>Money set aside for a job.</summary>
/// <param name="Key">The job's idempotency key.</param>
/// <param name="Amount">The amount.</param>
/// <param name="Provider">The provider or backend.</param>
/// <param name="Tag">The tag, or null.</param>
/// <param name="At">When it was reserved.</param>
/// <param name="IsOutcomeUnknown">Whether nobody knows yet if the provider took the job; it stays reserved until reconciled.</param>
public sealed record OpenReservation(string Key, decimal Amount, string Provider, string? Tag, DateTimeOffset At, bool IsOutcomeUnknown);

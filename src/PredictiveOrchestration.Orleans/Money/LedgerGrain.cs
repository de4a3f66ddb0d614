using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using PredictiveOrchestration.Costs;

namespace PredictiveOrchestration.Orleans.Money;

/// <summary>
/// Keeps the cluster's money within hard caps, by the rules of a single machine's ledger. Every answer is written first, under the state's version: where a divided cluster has two of it, only
/// one can write, so that caps hold exactly. Callers share writes. A reservation belongs to one try of a job: no other try pays while nobody knows whether that one did, or after it has.
/// </summary>
[Reentrant]
internal sealed class LedgerGrain(
    [PersistentState("ledger", OrleansWorkerOptions.StorageName)] IPersistentState<LedgerState> state, IOptions<ClusterLedgerOptions> options, TimeProvider time) : Grain, ILedgerGrain
{
    private readonly BudgetBalances _balances = new(options.Value.All);
    private readonly Dictionary<string, OpenEntry> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClosedEntry> _closed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpenEntry> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClosedEntry> _paid = new(StringComparer.Ordinal);
    private SharedWrites? _writes;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.State.Currency.Length > 0 && state.State.Currency != options.Value.Currency)
        {
            throw new InvalidOperationException($"The cluster's ledger is in {state.State.Currency}; {options.Value.Currency} is asked for. Use the same currency or another database.");
        }

        foreach (var entry in state.State.Open)
        {
            _open.Add(entry.Key, entry);
            Index(entry);
        }

        foreach (var entry in state.State.Closed)
        {
            _closed.Add(entry.Key, entry);
            Index(entry);
        }

        _balances.Restore(
            state.State.Balances.Select(b => KeyValuePair.Create(((BudgetScope)b.Scope, b.Name), new Balance(b.Spent, b.Reserved))), state.State.Open.Select(o => o.ToReservation()));
        return Task.CompletedTask;
    }

    public async Task<LedgerAnswer> ReserveAsync(string key, string attempt, decimal amount, string provider, string? tag)
    {
        if (key is not { Length: > 0 and <= 200 } || amount is < 0 or > 1_000_000_000_000m)
        {
            return new LedgerAnswer { Wrong = $"The key has {key?.Length ?? 0} characters and the amount is {amount}; accepted are 1 to 200 and 0 to 10^12." };
        }

        if (Taken(key, attempt) is { } taken)
        {
            return new LedgerAnswer { Taken = taken };
        }

        if (_open.TryGetValue(key, out var own))
        {
            if (own.Amount != amount)
            {
                return new LedgerAnswer { Wrong = $"Job '{key}' has {own.Amount} {options.Value.Currency} reserved already; {amount} is asked for." };
            }

            await WriteAsync();
            return LedgerAnswer.Done;
        }

        var entry = new LedgerEntry(0, key, LedgerEntryKind.Reserve, amount, provider, tag, time.GetUtcNow());
        if (_balances.Shortage(entry) is { } shortage)
        {
            return new LedgerAnswer { Shortage = shortage.ToString() };
        }

        _balances.Apply(entry);
        _closed.Remove(key);
        var open = new OpenEntry(key, attempt, amount, provider, tag, entry.At, false);
        _open.Add(key, open);
        Index(open);
        await WriteAsync();
        return LedgerAnswer.Done;
    }

    public async Task<LedgerAnswer> CloseAsync(string key, decimal? amount)
    {
        if (amount is < 0 or > 1_000_000_000_000m)
        {
            return new LedgerAnswer { Wrong = $"The amount is {amount}; accepted are 0 to 10^12." };
        }

        if (!_open.Remove(key, out var open))
        {
            // Asked again, because the answer was lost.
            var same = _closed.TryGetValue(key, out var closed) && closed.IsSettled == amount is not null && closed.Amount == (amount ?? 0);
            await WriteAsync();
            return same ? LedgerAnswer.Done : new LedgerAnswer { Wrong = $"Job '{key}' has nothing reserved, or was closed otherwise." };
        }

        var now = time.GetUtcNow();
        _balances.Apply(new LedgerEntry(0, key, amount is null ? LedgerEntryKind.Release : LedgerEntryKind.Settle, amount ?? 0, open.Provider, open.Tag, now));
        foreach (var (old, _) in _closed.Where(c => now - c.Value.At > options.Value.Retention).ToList())
        {
            _closed.Remove(old);
            _paid.Remove(JobOf(old));
        }

        if (_holders.TryGetValue(JobOf(key), out var holder) && holder.Key == key)
        {
            _holders.Remove(JobOf(key));
        }

        Index(_closed[key] = new ClosedEntry(key, open.Try, amount ?? 0, amount is not null, now));
        await WriteAsync();
        return LedgerAnswer.Done;
    }

    public async Task<LedgerAnswer> HoldAsync(string key)
    {
        if (!_open.TryGetValue(key, out var open))
        {
            return new LedgerAnswer { Wrong = $"Job '{key}' has nothing reserved." };
        }

        _open[key] = open with { IsOutcomeUnknown = true };
        _balances.Apply(new LedgerEntry(0, key, LedgerEntryKind.Hold, 0, open.Provider, open.Tag, open.At));
        await WriteAsync();
        return LedgerAnswer.Done;
    }

    public Task<PlaceBalance> GetBalanceAsync(int scope, string name)
    {
        var balance = _balances.Of((BudgetScope)scope, name);
        return Task.FromResult(new PlaceBalance(scope, name, balance.Spent, balance.Reserved));
    }

    public Task<OpenEntry[]> GetOpenAsync() => Task.FromResult(_open.Values.ToArray());

    // Why a try may not pay: another one of the same job holds money, or has spent some. What was freed without a cost keeps nobody off.
    private string? Taken(string key, string attempt)
    {
        var job = JobOf(key);
        if (_holders.TryGetValue(job, out var holder) && holder.Try != attempt)
        {
            return $"another try of job '{job}' has {holder.Amount} {options.Value.Currency} reserved for '{holder.Provider}' and may have paid; settle or release it when that is known";
        }

        if (_paid.TryGetValue(job, out var paid) && paid.Try != attempt)
        {
            return $"another try of job '{job}' has paid {paid.Amount} {options.Value.Currency} already, and its result was lost";
        }

        return _closed.TryGetValue(key, out var closed) && closed.Try == attempt ? $"job '{key}' is settled or released already" : null;
    }

    // The latest reservation and payment of each job, for finding them.
    private void Index(in OpenEntry open) => _holders[JobOf(open.Key)] = open;

    private void Index(in ClosedEntry closed)
    {
        if (closed is { IsSettled: true, Amount: > 0 })
        {
            _paid[JobOf(closed.Key)] = closed;
        }
    }

    // A key ends with the number of the backend that is tried within one run.
    private static string JobOf(string key) => key.LastIndexOf('/') is > 0 and var slash ? key[..slash] : key;

    private Task WriteAsync() => (_writes ??= new SharedWrites(async () =>
    {
        try
        {
            state.State = new LedgerState
            {
                Currency = options.Value.Currency, Open = [.. _open.Values], Closed = [.. _closed.Values],
                Balances = [.. _balances.All.Select(b => new PlaceBalance((int)b.Key.Scope, b.Key.Name, b.Value.Spent, b.Value.Reserved))],
            };
            await state.WriteStateAsync();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // What was decided in memory is not written: forget it, and begin again from what is.
            DeactivateOnIdle();
            throw;
        }
    })).WriteAsync();
}

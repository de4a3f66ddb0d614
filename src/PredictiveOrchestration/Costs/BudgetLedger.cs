using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// Keeps money within hard caps: reserve → settle or release, keyed by each job's idempotency key, in an append-only file that survives a kill at any
/// point (or in memory). What is reserved counts as spent until it is settled. Callers are served in batches by one writer, each batch one
/// transaction, so that a hundred concurrent submitters share the cost of a disk flush; several processes may share a file. Thread-safe.
/// </summary>
public sealed class BudgetLedger : ISpendGate, IAsyncDisposable
{
    /// <summary>The latest closed jobs that are known again without a file.</summary>
    internal const int MostClosedInMemory = 100_000;

    private const int LargestBatch = 256;
    private readonly IReadOnlyList<BudgetCap> _caps;
    private readonly LedgerStore? _store;
    private readonly TimeProvider _time;
    private readonly Channel<Command> _commands = Channel.CreateBounded<Command>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly Task _writer;
    private readonly Dictionary<string, LedgerEntry> _closedInMemory = new(StringComparer.Ordinal);
    private readonly Queue<string> _closedOrder = new();
    private readonly Lock _lock = new();
    private BudgetBalances _balances;
    private int _disposed;

    /// <summary>Opens a ledger.</summary>
    /// <param name="currency">The currency of all amounts.</param>
    /// <param name="caps">The hard caps; all that apply to a job must have room.</param>
    /// <param name="path">The file; null to keep the ledger in memory.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">A cap is negative, or the currency is missing.</exception>
    /// <exception cref="InvalidDataException">The file is no ledger, or in another currency.</exception>
    public BudgetLedger(string currency, IReadOnlyList<BudgetCap> caps, string? path = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(currency);
        ArgumentNullException.ThrowIfNull(caps);
        if (caps.FirstOrDefault(c => c.Limit < 0) is { } wrong)
        {
            throw new ArgumentException($"The cap on {wrong.Scope} '{wrong.Name}' is {wrong.Limit}; accepted are 0 and more.", nameof(caps));
        }

        Currency = currency;
        _caps = [.. caps];
        _time = time ?? TimeProvider.System;
        _balances = new BudgetBalances(_caps);
        _store = path is null ? null : new LedgerStore(path, currency);
        if (_store is not null)
        {
            Refresh();
            _store.Commit();
        }

        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Gets the currency of all amounts.</summary>
    public string Currency { get; }

    /// <inheritdoc/>
    public async ValueTask ReserveAsync(SpendRequest request, CancellationToken cancellationToken = default)
    {
        if (await TryReserveAsync(request, cancellationToken).ConfigureAwait(false) is { } shortage)
        {
            throw new BackendException(
                BackendErrorKind.BudgetRefused, request.Provider,
                $"Job '{request.Key}' on '{request.Provider}' may cost up to {request.Amount:0.######} {Currency}; {shortage}. Raise the cap, choose a cheaper backend or fewer shots.");
        }
    }

    /// <summary>Sets money aside for a job; repeating it with the same key and amount changes nothing.</summary>
    /// <returns>Null if it was reserved, else the tightest cap without room.</returns>
    /// <exception cref="ArgumentException">The key or amount is not acceptable, or the key was used for another amount.</exception>
    /// <exception cref="BackendException">The ledger cannot be written: paid work must wait.</exception>
    public async ValueTask<BudgetShortage?> TryReserveAsync(SpendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckKey(request.Key);
        CheckAmount(request.Amount);
        ArgumentException.ThrowIfNullOrEmpty(request.Provider);
        return await SendAsync(new LedgerEntry(0, request.Key, LedgerEntryKind.Reserve, request.Amount, request.Provider, request.Tag, _time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">No such job is reserved, or it was settled for another amount or released.</exception>
    public async ValueTask SettleAsync(string key, decimal amount, CancellationToken cancellationToken = default)
    {
        CheckAmount(amount);
        await CloseAsync(key, LedgerEntryKind.Settle, amount, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(string key, CancellationToken cancellationToken = default) =>
        await CloseAsync(key, LedgerEntryKind.Release, 0, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask HoldAsync(string key, CancellationToken cancellationToken = default) =>
        await CloseAsync(key, LedgerEntryKind.Hold, 0, cancellationToken).ConfigureAwait(false);

    /// <summary>Gets what was spent and what is reserved in one place: a tag, a provider, a day (yyyy-MM-dd), a month (yyyy-MM), or all (empty name).</summary>
    public async ValueTask<Balance> GetBalanceAsync(BudgetScope scope = BudgetScope.Total, string name = "", CancellationToken cancellationToken = default) =>
        await AskAsync(balances => balances.Of(scope, name), cancellationToken).ConfigureAwait(false);

    /// <summary>The closed jobs that are kept in memory.</summary>
    internal int ClosedInMemory
    {
        get
        {
            lock (_lock)
            {
                return _closedInMemory.Count;
            }
        }
    }

    /// <summary>What was spent and is reserved as far as this process knows.</summary>
    internal Balance Known(BudgetScope scope = BudgetScope.Total, string name = "")
    {
        lock (_lock)
        {
            return _balances.Of(scope, name);
        }
    }

    /// <summary>Gets the reservations that are neither settled nor released, oldest first; those of unknown outcome wait to be reconciled.</summary>
    public async ValueTask<IReadOnlyList<OpenReservation>> GetOpenReservationsAsync(CancellationToken cancellationToken = default) =>
        await AskAsync<IReadOnlyList<OpenReservation>>(balances => [.. balances.Open.Values.OrderBy(r => r.At).ThenBy(r => r.Key, StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false);

    /// <summary>Writes what was accepted and closes the file; reservations stay.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _commands.Writer.TryComplete();
            await _writer.ConfigureAwait(false);
            _store?.Dispose();
        }
    }

    private async ValueTask CloseAsync(string key, LedgerEntryKind kind, decimal amount, CancellationToken cancellationToken)
    {
        CheckKey(key);
        await SendAsync(new LedgerEntry(0, key, kind, amount, string.Empty, null, _time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
    }

    private async Task<BudgetShortage?> SendAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var command = new Command(entry, null);
        await EnqueueAsync(command, cancellationToken).ConfigureAwait(false);
        return (BudgetShortage?)await command.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> AskAsync<T>(Func<BudgetBalances, T> question, CancellationToken cancellationToken)
    {
        var command = new Command(null, balances => question(balances)!);
        await EnqueueAsync(command, cancellationToken).ConfigureAwait(false);
        return (T)(await command.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private async ValueTask EnqueueAsync(Command command, CancellationToken cancellationToken)
    {
        if (_store is null && Volatile.Read(ref _disposed) == 0)
        {
            // Nothing to wait for: what is only in memory is decided here and now.
            cancellationToken.ThrowIfCancellationRequested();
            Write([command]);
            return;
        }

        try
        {
            await _commands.Writer.WriteAsync(command, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(BudgetLedger));
        }
    }

    private async Task WriteAsync()
    {
        var batch = new List<Command>();
        while (await _commands.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < LargestBatch && _commands.Reader.TryRead(out var command))
            {
                batch.Add(command);
            }

            Write(batch);
        }
    }

    // Nobody is told before the transaction is on disk.
    private void Write(List<Command> batch)
    {
        try
        {
            lock (_lock)
            {
                Refresh();
                foreach (var command in batch)
                {
                    command.Decide(this);
                }
            }

            _store?.Commit();
            batch.ForEach(c => c.Tell());
        }
        catch (Exception exception) when (exception is SqliteException or IOException or InvalidOperationException)
        {
            // What was decided in memory was not written: forget it, and begin again from the file.
            _store?.Rollback();
            lock (_lock)
            {
                _balances = new BudgetBalances(_caps);
            }

            batch.ForEach(c => c.Fail(new BackendException(
                BackendErrorKind.BudgetRefused, c.Provider, $"The budget ledger cannot be written ({exception.Message}); nothing is spent until it can.", exception)));
        }
    }

    private void Refresh()
    {
        foreach (var entry in _store?.Begin(_balances.LastSequence) ?? [])
        {
            _balances.Apply(entry);
        }
    }

    private BudgetShortage? Decide(LedgerEntry entry)
    {
        var isOpen = _balances.Open.TryGetValue(entry.Key, out var open);
        if (entry.Kind == LedgerEntryKind.Reserve)
        {
            if (isOpen)
            {
                return open!.Amount == entry.Amount ? null : throw new ArgumentException($"Job '{entry.Key}' has {open.Amount} {Currency} reserved already; {entry.Amount} is asked for. Use a key of its own for each job.");
            }

            if (IsClosed(entry.Key))
            {
                throw new ArgumentException($"Job '{entry.Key}' is settled or released already. Use a key of its own for each job.");
            }

            if (_balances.Shortage(entry) is { } shortage)
            {
                return shortage;
            }
        }
        else if (!isOpen)
        {
            return Repeated(entry) ? null : throw new ArgumentException($"Job '{entry.Key}' has nothing reserved, or was closed otherwise; it cannot be taken to '{entry.Kind}'.");
        }
        else if (entry.Kind == LedgerEntryKind.Hold && open!.IsOutcomeUnknown)
        {
            return null;
        }

        _balances.Apply(_store?.Append(entry) ?? entry);
        if (_store is null && entry.Kind is LedgerEntryKind.Settle or LedgerEntryKind.Release)
        {
            _closedInMemory.Add(entry.Key, entry);
            _closedOrder.Enqueue(entry.Key);
            if (_closedOrder.Count > MostClosedInMemory)
            {
                _closedInMemory.Remove(_closedOrder.Dequeue());
            }
        }

        return null;
    }

    private bool IsClosed(string key) => _store is null
        ? _closedInMemory.ContainsKey(key)
        : _store.Find(key).Count > 0;

    private bool Repeated(LedgerEntry entry) => _store is null
        ? _closedInMemory.TryGetValue(entry.Key, out var closed) && closed.Kind == entry.Kind && closed.Amount == entry.Amount
        : _store.Find(entry.Key).Exists(e => e.Kind == entry.Kind && e.Amount == entry.Amount);

    private static void CheckKey(string key)
    {
        if (string.IsNullOrWhiteSpace(key) || key.Length > 200)
        {
            throw new ArgumentException($"The key '{key}' is not acceptable: 1 to 200 characters are.", nameof(key));
        }
    }

    private static void CheckAmount(decimal amount)
    {
        if (amount is < 0 or > 1_000_000_000_000m)
        {
            throw new ArgumentOutOfRangeException(nameof(amount), amount, $"The amount is {amount}; accepted are 0 to 10^12.");
        }
    }

    private sealed class Command(LedgerEntry? entry, Func<BudgetBalances, object>? question)
    {
        private object? _answer;
        private Exception? _error;

        public TaskCompletionSource<object?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Provider => entry is null or { Provider: "" } ? "budget" : entry.Provider;

        public void Decide(BudgetLedger ledger)
        {
            try
            {
                _answer = entry is null ? question!(ledger._balances) : ledger.Decide(entry);
            }
            catch (ArgumentException exception)
            {
                _error = exception;
            }
        }

        public void Tell()
        {
            if (_error is not null)
            {
                Done.TrySetException(_error);
            }
            else
            {
                Done.TrySetResult(_answer);
            }
        }

        public void Fail(Exception error) => Done.TrySetException(error);
    }
}

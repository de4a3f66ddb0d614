using Microsoft.Data.Sqlite;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// Counts included quantities down: set aside before a run, then used or given back. What is set aside or was free is never more than the allowance, however many threads and
/// processes run at once. In memory, or in a file that survives a kill: what a killed job had set aside counts as used. Thread-safe.
/// </summary>
internal sealed class AllowanceLedger : IDisposable
{
    // How old what other processes used may be in an estimate; what is set aside is always exact.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private readonly IReadOnlyDictionary<string, PriceAllowance> _allowances;
    private readonly AllowanceStore? _store;
    private readonly TimeProvider _time;
    private Dictionary<string, AllowanceWindow> _windows;
    private long _looked;
    private bool _isStale;

    /// <summary>Opens it.</summary>
    /// <param name="allowances">The allowances by backend.</param>
    /// <param name="path">The file, or null for memory; not opened if there are no allowances.</param>
    /// <param name="time">The clock.</param>
    public AllowanceLedger(IReadOnlyDictionary<string, PriceAllowance> allowances, string? path, TimeProvider time)
    {
        _allowances = allowances;
        _time = time;
        _windows = Windows();
        _store = path is null || allowances.Count == 0 ? null : new AllowanceStore(path);
        if (_store is not null)
        {
            Apply(_store.Changes());
            _looked = time.GetTimestamp();
        }
    }

    /// <summary>What is left of a backend's allowance, and when the next part of it comes back.</summary>
    public (decimal Left, DateTimeOffset? Next) Left(string backendId)
    {
        lock (_lock)
        {
            if (_store is not null && (_isStale || _time.GetElapsedTime(_looked) >= Freshness))
            {
                _looked = _time.GetTimestamp();
                try
                {
                    Apply(_store.Changes());
                    _isStale = false;
                }
                catch (SqliteException)
                {
                    // An estimate: what is set aside is asked for again, and fails then.
                }
            }

            return _windows[backendId].Left(_time.GetUtcNow());
        }
    }

    /// <summary>Sets a quantity aside for a job; repeating it changes nothing.</summary>
    /// <param name="key">The job.</param>
    /// <param name="backendId">The backend.</param>
    /// <param name="quantity">The most that it may use; as much of it as is left is set aside.</param>
    /// <param name="least">What must be left, or nothing is set aside.</param>
    /// <returns>What was set aside, or null if less than <paramref name="least"/> is left.</returns>
    /// <exception cref="BackendException">The file cannot be written: paid work must wait.</exception>
    public decimal? Reserve(string key, string backendId, decimal quantity, decimal least) => Change(backendId, (window, now) =>
    {
        var left = window.Left(now).Left;
        return window.Of(key) is { } already ? (null, already)
            : least > left ? (null, null)
            : (new AllowanceUse(key, backendId, now, Math.Min(left, quantity)), (decimal?)Math.Min(left, quantity));
    });

    /// <summary>Books what a job has used in place of what it had set aside.</summary>
    /// <returns>How much of it was free.</returns>
    /// <exception cref="BackendException">The file cannot be written; what was set aside stays so.</exception>
    public decimal Use(string key, string backendId, decimal quantity) => Change(backendId, (window, now) =>
    {
        var left = window.Left(now).Left;
        return (new AllowanceUse(key, backendId, window.Since(key) ?? now, quantity), (decimal?)Math.Min(quantity, left + (window.Of(key) ?? 0)));
    })!.Value;

    /// <summary>Gives back what a job had set aside.</summary>
    /// <exception cref="BackendException">The file cannot be written; it stays set aside.</exception>
    public void Release(string key, string backendId) => Change(backendId, (window, now) => (window.Of(key) is > 0 ? new AllowanceUse(key, backendId, window.Since(key) ?? now, 0) : null, (decimal?)0));

    public void Dispose()
    {
        lock (_lock)
        {
            _store?.Dispose();
        }
    }

    // One change after what all others changed; nobody is told before it is on disk.
    private decimal? Change(string backendId, Func<AllowanceWindow, DateTimeOffset, (AllowanceUse? Use, decimal? Answer)> decide)
    {
        lock (_lock)
        {
            try
            {
                Apply(_store?.Begin() ?? []);
                var now = _time.GetUtcNow();
                var (use, answer) = decide(_windows[backendId], now);
                if (use is { } written)
                {
                    _store?.Write(written, now - (2 * _allowances[backendId].Longest));
                }

                _store?.Commit();
                Apply(use is { } done ? [done] : []);
                return answer;
            }
            catch (Exception exception) when (exception is SqliteException or InvalidOperationException)
            {
                _store?.Rollback();
                (_windows, _isStale) = (Windows(), true);
                throw new BackendException(BackendErrorKind.BudgetRefused, backendId, $"The allowances of backend '{backendId}' cannot be written ({exception.Message}); nothing is run on it until they can.", exception);
            }
        }
    }

    private Dictionary<string, AllowanceWindow> Windows() => _allowances.ToDictionary(a => a.Key, a => new AllowanceWindow(a.Value), StringComparer.Ordinal);

    private void Apply(List<AllowanceUse> uses)
    {
        foreach (var use in uses)
        {
            if (_windows.TryGetValue(use.BackendId, out var window))
            {
                window.Set(use.Key, use.At, use.Quantity);
            }
        }
    }
}

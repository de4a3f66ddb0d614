namespace PredictiveOrchestration.Costs;

/// <summary>What was used or set aside of one allowance in its window or period, by job. Not thread-safe.</summary>
internal sealed class AllowanceWindow(PriceAllowance allowance)
{
    private readonly Dictionary<string, (DateTimeOffset At, decimal Quantity)> _used = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _byAge = new();
    private decimal _sum;

    /// <summary>What is left now, and when the next part of it comes back.</summary>
    public (decimal Left, DateTimeOffset? Next) Left(DateTimeOffset now)
    {
        while (_byAge.TryPeek(out var key, out var at) && now >= allowance.EndOf(at))
        {
            _byAge.Dequeue();
            if (_used.TryGetValue(key, out var use) && use.At == at)
            {
                _used.Remove(key);
                _sum -= use.Quantity;
            }
        }

        return (Math.Max(0, allowance.Quantity - _sum), _byAge.TryPeek(out _, out var first) ? allowance.EndOf(first) : null);
    }

    /// <summary>What a job has used or set aside, or null.</summary>
    public decimal? Of(string key) => _used.TryGetValue(key, out var use) ? use.Quantity : null;

    /// <summary>Since when it counts, or null.</summary>
    public DateTimeOffset? Since(string key) => _used.TryGetValue(key, out var use) ? use.At : null;

    /// <summary>Notes what a job has used or set aside, and since when it counts, in place of what was noted before.</summary>
    public void Set(string key, DateTimeOffset at, decimal quantity)
    {
        var isKnown = _used.TryGetValue(key, out var before);
        _sum += quantity - (isKnown ? before.Quantity : 0);
        _used[key] = (at, quantity);
        if (!isKnown || before.At != at)
        {
            _byAge.Enqueue(key, at);
        }
    }
}

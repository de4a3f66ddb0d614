namespace PredictiveOrchestration.Costs;

/// <summary>What was used or set aside of one allowance in its rolling window, by job. Not thread-safe.</summary>
internal sealed class AllowanceWindow(PriceAllowance allowance)
{
    private readonly Dictionary<string, (DateTimeOffset At, decimal Quantity)> _used = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _byAge = new();
    private decimal _sum;

    /// <summary>What is left now, and when the next part of it comes back.</summary>
    public (decimal Left, DateTimeOffset? Next) Left(DateTimeOffset now)
    {
        while (_byAge.TryPeek(out var key, out var at) && now - at >= allowance.Window)
        {
            _byAge.Dequeue();
            if (_used.TryGetValue(key, out var use) && use.At == at)
            {
                _used.Remove(key);
                _sum -= use.Quantity;
            }
        }

        return (Math.Max(0, allowance.Quantity - _sum), _byAge.TryPeek(out _, out var first) ? first + allowance.Window : null);
    }

    /// <summary>What a job has used or set aside, or null.</summary>
    public decimal? Of(string key) => _used.TryGetValue(key, out var use) ? use.Quantity : null;

    /// <summary>Notes what a job has used or set aside, in place of what was noted before.</summary>
    public void Set(string key, DateTimeOffset at, decimal quantity)
    {
        if (_used.TryGetValue(key, out var before))
        {
            _sum -= before.Quantity;
            at = before.At;
        }
        else
        {
            _byAge.Enqueue(key, at);
        }

        _used[key] = (at, quantity);
        _sum += quantity;
    }
}

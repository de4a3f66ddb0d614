namespace PredictiveOrchestration.Common;

/// <summary>Values of late, bounded in two generations: when the newer one is full the older one goes. Thread-safe.</summary>
/// <param name="room">The weight that a generation holds.</param>
internal sealed class RecentValues<TKey, TValue>(long room)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _lock = new();
    private Dictionary<TKey, (TValue Value, long Weight)> _newer = [], _older = [];
    private long _weight;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _newer.Count + _older.Count;
            }
        }
    }

    /// <summary>The value of a key, or null.</summary>
    public TValue? Find(TKey key)
    {
        lock (_lock)
        {
            return FindHere(key);
        }
    }

    /// <summary>Keeps a value and gives it back, or the one that was kept for the key meanwhile.</summary>
    public TValue Keep(TKey key, TValue value, long weight = 1)
    {
        lock (_lock)
        {
            if (FindHere(key) is { } known)
            {
                return known;
            }

            Add(key, (value, weight));
            return value;
        }
    }

    private TValue? FindHere(TKey key)
    {
        if (_newer.TryGetValue(key, out var found))
        {
            return found.Value;
        }

        if (!_older.Remove(key, out found))
        {
            return null;
        }

        Add(key, found);
        return found.Value;
    }

    private void Add(TKey key, (TValue Value, long Weight) entry)
    {
        if (_weight + entry.Weight > room && _newer.Count > 0)
        {
            (_newer, _older, _weight) = ([], _newer, 0);
        }

        _newer.Add(key, entry);
        _weight += entry.Weight;
    }
}

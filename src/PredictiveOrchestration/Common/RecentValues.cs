namespace PredictiveOrchestration.Common;

/// <summary>
/// Values of late, bounded in two generations: when the newer one is full the older one goes. A value is kept once its key has come for the second time of late: what comes once would do nothing but
/// live until the next collection, and be moved by it. Thread-safe.
/// </summary>
/// <param name="room">The weight that a generation holds.</param>
internal sealed class RecentValues<TKey, TValue>(long room)
    where TKey : notnull
    where TValue : class
{
    // Keys that are told apart by their hashes: of each slot the latest.
    private const int Slots = 1 << 12;
    private readonly int[] _came = new int[Slots];
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

    /// <summary>Keeps a value, where it is to be kept, and gives it back, or the one that was kept for the key meanwhile.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="weight">What it weighs.</param>
    /// <param name="isDear">Whether it is kept the first time already.</param>
    public TValue Keep(TKey key, TValue value, long weight = 1, bool isDear = false)
    {
        lock (_lock)
        {
            if (FindHere(key) is { } known)
            {
                return known;
            }

            if (isDear || CameBefore(key))
            {
                Add(key, (value, weight));
            }

            return value;
        }
    }

    private bool CameBefore(TKey key)
    {
        var hash = key.GetHashCode();
        ref var latest = ref _came[hash & (Slots - 1)];
        var isSame = latest == hash;
        latest = hash;
        return isSame;
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

namespace PredictiveOrchestration.Profiling;

/// <summary>Which qubits interact, directly or not.</summary>
internal sealed class UnionFind
{
    private readonly int[] _parent;
    private readonly bool[] _used;
    private int _joins;

    public UnionFind(int count)
    {
        _parent = new int[count];
        _used = new bool[count];
        for (var i = 0; i < count; i++)
        {
            _parent[i] = i;
        }
    }

    public void Touch(int item) => _used[item] = true;

    public void Join(int a, int b)
    {
        // All in one group: nothing can change any more.
        if (_joins == _parent.Length - 1)
        {
            return;
        }

        _used[a] = true;
        _used[b] = true;
        int from = Root(a), to = Root(b);
        _joins += from == to ? 0 : 1;
        _parent[from] = to;
    }

    /// <summary>The number of groups of used items, and the size of the largest.</summary>
    public (int Groups, int Largest) Count()
    {
        var sizes = new int[_parent.Length];
        int groups = 0, largest = 0;
        for (var i = 0; i < _parent.Length; i++)
        {
            if (_used[i])
            {
                var size = ++sizes[Root(i)];
                groups += size == 1 ? 1 : 0;
                largest = Math.Max(largest, size);
            }
        }

        return (groups, largest);
    }

    private int Root(int item)
    {
        while (_parent[item] != item)
        {
            _parent[item] = _parent[_parent[item]];
            item = _parent[item];
        }

        return item;
    }
}

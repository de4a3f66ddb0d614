namespace PredictiveOrchestration.Transpilation;

/// <summary>Which of a device's qubits are neighbours, and how far apart the others are.</summary>
internal sealed class CouplingGraph
{
    private readonly int[,]? _distance;

    public CouplingGraph(DeviceModel device)
    {
        var n = device.NumQubits;
        IsComplete = device.Couplings.Count == 0;
        Neighbours = new int[n][];
        var sets = Enumerable.Range(0, n).Select(_ => new SortedSet<int>()).ToArray();
        foreach (var (a, b) in device.Couplings.Where(c => !device.Unusable.Contains(c.First) && !device.Unusable.Contains(c.Second)))
        {
            sets[a].Add(b);
            sets[b].Add(a);
        }

        for (var q = 0; q < n; q++)
        {
            Neighbours[q] = [.. sets[q]];
        }

        if (IsComplete)
        {
            Usable = [.. Enumerable.Range(0, n).Where(q => !device.Unusable.Contains(q))];
            return;
        }

        _distance = new int[n, n];
        int[] largest = [];
        var seen = new bool[n];
        for (var q = 0; q < n; q++)
        {
            var reached = Distances(q);
            if (!seen[q])
            {
                reached.ForEach(r => seen[r] = true);
                if (reached.Count > largest.Length && !device.Unusable.Contains(q))
                {
                    largest = [.. reached.Order()];
                }
            }
        }

        Usable = largest;
    }

    public bool IsComplete { get; }

    public int[][] Neighbours { get; }

    /// <summary>The qubits of the largest connected part.</summary>
    public int[] Usable { get; }

    public int Distance(int a, int b) => _distance is null ? 1 : _distance[a, b];

    private List<int> Distances(int from)
    {
        for (var q = 0; q < Neighbours.Length; q++)
        {
            _distance![from, q] = q == from ? 0 : int.MaxValue / 4;
        }

        List<int> reached = [from];
        for (var i = 0; i < reached.Count; i++)
        {
            foreach (var next in Neighbours[reached[i]])
            {
                if (_distance![from, next] == int.MaxValue / 4)
                {
                    _distance[from, next] = _distance[from, reached[i]] + 1;
                    reached.Add(next);
                }
            }
        }

        return reached;
    }
}

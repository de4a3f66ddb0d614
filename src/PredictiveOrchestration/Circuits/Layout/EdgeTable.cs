using System.Buffers;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Circuits.Layout;

/// <summary>An edge between two wires.</summary>
/// <param name="Low">The lower wire.</param>
/// <param name="High">The higher wire.</param>
/// <param name="Weight">The sum of what was added.</param>
internal readonly record struct WireEdge(int Low, int High, int Weight);

/// <summary>The edges between wires, in the order in which they first came. They are looked up in a table where wires are few, and by hash where they are many.</summary>
internal sealed class EdgeTable : IDisposable
{
    private const int MostInTable = 128;
    private readonly int _numWires;
    private readonly List<WireEdge> _edges = [];
    private readonly Dictionary<long, int>? _places;

    // One more than the place of the edge.
    private readonly int[] _table = [];

    public EdgeTable(int numWires)
    {
        _numWires = numWires;
        if (numWires > MostInTable)
        {
            _places = [];
            return;
        }

        _table = ArrayPool<int>.Shared.Rent(numWires * numWires);
        _table.AsSpan(0, numWires * numWires).Clear();
    }

    /// <summary>The edges.</summary>
    public ReadOnlySpan<WireEdge> All => CollectionsMarshal.AsSpan(_edges);

    /// <summary>Adds to the edge between two wires.</summary>
    public void Add(int a, int b, int weight)
    {
        int low = Math.Min(a, b), high = Math.Max(a, b);
        ref var place = ref _places is null ? ref _table[(low * _numWires) + high] : ref CollectionsMarshal.GetValueRefOrAddDefault(_places, ((long)low << 32) | (uint)high, out _);
        if (place == 0)
        {
            _edges.Add(new WireEdge(low, high, weight));
            place = _edges.Count;
            return;
        }

        ref var edge = ref CollectionsMarshal.AsSpan(_edges)[place - 1];
        edge = edge with { Weight = edge.Weight + weight };
    }

    /// <summary>Gives the table back.</summary>
    public void Dispose() => ArrayPool<int>.Shared.Return(_table);
}

using System.Runtime.CompilerServices;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Layout;

/// <summary>
/// Wires in a row, improved by taking one out and putting it where the cuts cost least. What a step changes follows from the cut before
/// it and from what the wire passed has on its left, so that trying every place for a wire takes a few additions a place.
/// </summary>
internal sealed class LineArrangement
{
    private readonly WireGraph _graph;
    private readonly int _capLog2;
    private readonly int[] _position;
    private readonly int[] _left;
    private readonly int[] _cut;
    private readonly int[] _link;

    public LineArrangement(WireGraph graph, int capLog2, ReadOnlySpan<int> order)
    {
        _graph = graph;
        _capLog2 = capLog2;
        Order = order.ToArray();
        _position = new int[order.Length];
        _left = new int[order.Length];
        _cut = new int[order.Length];
        _link = new int[order.Length];
        Reset(order);
    }

    /// <summary>The wires from left to right.</summary>
    public int[] Order { get; }

    /// <summary>What the cuts cost: the work of <see cref="BondForecast"/>, the order in time left aside.</summary>
    public double Cost { get; private set; }

    /// <summary>Begins again from an order.</summary>
    public void Reset(ReadOnlySpan<int> order)
    {
        order.CopyTo(Order);
        for (var p = 0; p < order.Length; p++)
        {
            _position[order[p]] = p;
        }

        Cost = 0;
        var before = 0;
        for (var p = 0; p < order.Length; p++)
        {
            var v = order[p];
            var neighbours = _graph.Neighbours(v);
            var weights = _graph.Weights(v);
            var left = 0;
            for (var k = 0; k < neighbours.Length; k++)
            {
                left += _position[neighbours[k]] < p ? weights[k] : 0;
            }

            _left[v] = left;
            _cut[p] = before += _graph.Degree[v] - (2 * left);
            Cost += CostOf(p, _cut[p]);
        }
    }

    /// <summary>Moves wires until no move of one helps, or the steps are used up.</summary>
    public void Improve(ref long steps)
    {
        var n = Order.Length;
        for (int idle = 0, v = 0; idle < n && steps > 0; v = v + 1 == n ? 0 : v + 1)
        {
            idle = TryMove(v, ref steps) ? 0 : idle + 1;
        }
    }

    /// <summary>Moves a few wires anywhere.</summary>
    public void Disturb(SeededRandom random, int moves)
    {
        for (var k = 0; k < moves; k++)
        {
            var wire = random.Next(Order.Length);
            Link(wire, 1);
            Move(wire, random.Next(Order.Length));
            Link(wire, 0);
        }
    }

    // Compiled in full at once: the first search of a process is no slower than the others.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryMove(int wire, ref long steps)
    {
        Link(wire, 1);
        var (best, gain) = (_position[wire], -1e-9 * Cost);
        var from = best;
        var n = Order.Length;
        steps -= n + (2 * _graph.Neighbours(wire).Length);
        var cut = from == 0 ? 0 : _cut[from - 1];
        double delta = 0;
        for (var p = from; p + 1 < n; p++)
        {
            var passed = Order[p + 1];
            cut += _graph.Degree[passed] - (2 * (_left[passed] - _link[passed]));
            delta += CostOf(p, cut) - CostOf(p, _cut[p]);
            (best, gain) = delta < gain ? (p + 1, delta) : (best, gain);
        }

        cut = _cut[from];
        delta = 0;
        for (var p = from - 1; p >= 0; p--)
        {
            var passed = Order[p];
            cut -= _graph.Degree[passed] - (2 * (_left[passed] + _link[passed]));
            delta += CostOf(p, cut) - CostOf(p, _cut[p]);
            (best, gain) = delta < gain ? (p, delta) : (best, gain);
        }

        if (best != from)
        {
            Move(wire, best);
        }

        Link(wire, 0);
        return best != from;
    }

    private void Move(int wire, int to)
    {
        var p = _position[wire];
        for (; p < to; p++)
        {
            var passed = Order[p + 1];
            _left[passed] -= _link[passed];
            _left[wire] += _link[passed];
            Shift(p, passed, p, (p == 0 ? 0 : _cut[p - 1]) + _graph.Degree[passed] - (2 * _left[passed]));
        }

        for (; p > to; p--)
        {
            var passed = Order[p - 1];
            _left[wire] -= _link[passed];
            Shift(p, passed, p - 1, (p == 1 ? 0 : _cut[p - 2]) + _graph.Degree[wire] - (2 * _left[wire]));
            _left[passed] += _link[passed];
        }

        Order[to] = wire;
        _position[wire] = to;
    }

    private void Shift(int place, int passed, int cut, int value)
    {
        Order[place] = passed;
        _position[passed] = place;
        Cost += CostOf(cut, value) - CostOf(cut, _cut[cut]);
        _cut[cut] = value;
    }

    // The weights of a wire's edges where they can be looked up.
    private void Link(int wire, int factor)
    {
        var neighbours = _graph.Neighbours(wire);
        var weights = _graph.Weights(wire);
        for (var k = 0; k < neighbours.Length; k++)
        {
            _link[neighbours[k]] = factor * weights[k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double CostOf(int cut, int growth)
    {
        var bound = Math.Min(growth, BondForecast.Size(cut, Order.Length));
        var cube = BondForecast.Cube(bound, _capLog2);
        return bound <= BondForecast.FreeLog2 ? cube : cube * (1 + (BondForecast.SweepsPerGate * (growth - BondForecast.FreeLog2)));
    }
}

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

    // By the logarithm of a bond; exact, all being small numbers times powers of two.
    private readonly BondCost[] _costs;
    private readonly int[] _size;
    private readonly int[] _position;
    private readonly int[] _left;

    // Before the first place, and behind each.
    private readonly int[] _cut;

    // Of the cut behind each place.
    private readonly double[] _cost;

    // The weights of a wire's edges to those at each place, while it is tried.
    private readonly int[] _link;

    public LineArrangement(WireGraph graph, int capLog2, ReadOnlySpan<int> order)
    {
        var n = order.Length;
        _graph = graph;
        Order = order.ToArray();
        (_position, _left, _link, _size) = (new int[n], new int[n], new int[n], new int[n]);
        (_cut, _cost, _costs) = (new int[n + 1], new double[n], new BondCost[(n / 2) + 1]);
        for (var p = 0; p < n; p++)
        {
            _size[p] = BondForecast.Size(p, n);
        }

        for (var bond = 0; bond < _costs.Length; bond++)
        {
            var (cube, sweeps) = (BondForecast.Cube(bond, capLog2), bond > BondForecast.FreeLog2 ? BondForecast.SweepsPerGate : 0);
            _costs[bond] = new BondCost(cube * (1 - (sweeps * BondForecast.FreeLog2)), cube * sweeps);
        }

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
            _cut[p + 1] = before += _graph.Degree[v] - (2 * left);
            Cost += _cost[p] = CostOf(p, before);
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
    private unsafe bool TryMove(int wire, ref long steps)
    {
        Link(wire, 1);
        var (best, gain) = (_position[wire], -1e-9 * Cost);
        var from = best;
        var n = Order.Length;
        steps -= n + (2 * _graph.Neighbours(wire).Length);

        // A cut behind which the wire is put loses what goes from the wire to the left of the cut and gains what goes to its right.
        var alone = _graph.Degree[wire] - (2 * _left[wire]);
        double delta = 0;
        fixed (int* cuts = _cut, links = _link, sizes = _size)
        fixed (double* now = _cost)
        fixed (BondCost* costs = _costs)
        {
            for (int p = from, passed = 0; p + 1 < n; p++)
            {
                passed += links[p + 1];
                var growth = cuts[p + 2] - alone + (2 * passed);
                var bond = costs + Math.Min(growth, sizes[p]);
                delta += bond->Fixed + (bond->Growing * growth) - now[p];
                if (delta < gain)
                {
                    (best, gain) = (p + 1, delta);
                }
            }

            delta = 0;
            for (int p = from - 1, passed = 0; p >= 0; p--)
            {
                passed += links[p];
                var growth = cuts[p] + alone + (2 * passed);
                var bond = costs + Math.Min(growth, sizes[p]);
                delta += bond->Fixed + (bond->Growing * growth) - now[p];
                if (delta < gain)
                {
                    (best, gain) = (p, delta);
                }
            }
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
            var link = _link[p + 1];
            _left[passed] -= link;
            _left[wire] += link;
            Shift(p, passed, link, p, _cut[p] + _graph.Degree[passed] - (2 * _left[passed]));
        }

        for (; p > to; p--)
        {
            var passed = Order[p - 1];
            var link = _link[p - 1];
            _left[wire] -= link;
            Shift(p, passed, link, p - 1, _cut[p - 1] + _graph.Degree[wire] - (2 * _left[wire]));
            _left[passed] += link;
        }

        Order[to] = wire;
        _position[wire] = to;
        _link[to] = 0;
    }

    private void Shift(int place, int passed, int link, int cut, int value)
    {
        Order[place] = passed;
        _position[passed] = place;
        _link[place] = link;
        var cost = CostOf(cut, value);
        Cost += cost - _cost[cut];
        (_cost[cut], _cut[cut + 1]) = (cost, value);
    }

    // The weights of a wire's edges where they can be looked up.
    private void Link(int wire, int factor)
    {
        var neighbours = _graph.Neighbours(wire);
        var weights = _graph.Weights(wire);
        for (var k = 0; k < neighbours.Length; k++)
        {
            _link[_position[neighbours[k]]] = factor * weights[k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double CostOf(int cut, int growth)
    {
        ref readonly var bond = ref _costs[Math.Min(growth, _size[cut])];
        return bond.Fixed + (bond.Growing * growth);
    }

    // What a bond costs, and besides for each bit that gates let it grow.
    private readonly record struct BondCost(double Fixed, double Growing);
}

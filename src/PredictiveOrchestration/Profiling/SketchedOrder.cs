using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// About how well the engine's search for an order of the qubits will do, in a fraction of its time: every wire goes to the middle of those that it meets, again and again, and the best
/// order on the way counts.
/// </summary>
internal static class SketchedOrder
{
    // As for the engine: what another order must promise, and the work that a search must be worth, at all and for each wire.
    private const double WorthIt = 0.7, LeastWork = 2e5, LeastForWire = 1300;
    private const int Rounds = 8, Exchanges = 3;

    // Where wires meet more often than this, bonds are as large as they can be in any order.
    private const int MostMeetings = 12;

    /// <summary>The site of each wire.</summary>
    public static int[] Choose(int numWires, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires)
    {
        var identity = new int[numWires];
        for (var w = 0; w < numWires; w++)
        {
            identity[w] = w;
        }

        Span<int> loads = numWires <= 256 ? stackalloc int[numWires + 1] : new int[numWires + 1];
        var own = Cost(gates, wires, identity, loads);
        if (own < Math.Max(LeastWork, LeastForWire * numWires) || numWires < 4 || wires.Length > MostMeetings * numWires)
        {
            return identity;
        }

        var graph = new Meetings(numWires, gates, wires);
        if (graph.IsPath)
        {
            return identity;
        }

        var least = own;
        int[] best = identity, sites = (int[])identity.Clone(), order = (int[])identity.Clone();
        Span<double> at = numWires <= 256 ? stackalloc double[numWires] : new double[numWires];
        for (var round = 0; round < Rounds; round++)
        {
            for (var p = 0; p < numWires; p++)
            {
                // It stays a little where it is, so that ties keep their order.
                double sum = 0.5 * p, weight = 0.5;
                foreach (var other in graph.Of(order[p]))
                {
                    sum += sites[other];
                    weight++;
                }

                at[p] = sum / weight;
            }

            Sort(at, order);
            var moved = false;
            for (var p = 0; p < numWires; p++)
            {
                moved |= sites[order[p]] != p;
                sites[order[p]] = p;
            }

            if (!moved)
            {
                break;
            }

            if ((round & 1) == 1)
            {
                Keep(gates, wires, loads);
            }
        }

        best.CopyTo(sites, 0);
        for (var w = 0; w < numWires; w++)
        {
            order[sites[w]] = w;
        }

        for (var round = 0; round < Exchanges && Exchange(graph, order, sites); round++)
        {
        }

        Keep(gates, wires, loads);
        return least <= WorthIt * own ? best : identity;

        void Keep(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, Span<int> loads)
        {
            var cost = Cost(gates, wires, sites, loads);
            if (cost < least)
            {
                (least, best) = (cost, (int[])sites.Clone());
            }
        }
    }

    // By insertion: from the second time on few are out of place.
    private static void Sort(Span<double> at, int[] order)
    {
        if (order.Length > 64)
        {
            at.Sort(order.AsSpan());
            return;
        }

        for (var i = 1; i < order.Length; i++)
        {
            var (key, wire, k) = (at[i], order[i], i);
            for (; k > 0 && at[k - 1] > key; k--)
            {
                (at[k], order[k]) = (at[k - 1], order[k - 1]);
            }

            (at[k], order[k]) = (key, wire);
        }
    }

    // Neighbours change places where fewer bits then cross between them; tells whether any did.
    private static bool Exchange(Meetings graph, int[] order, int[] sites)
    {
        var any = false;
        for (var p = 0; p < order.Length - 1; p++)
        {
            int a = order[p], b = order[p + 1], more = 0;
            foreach (var other in graph.Of(a))
            {
                more += sites[other] < p ? 1 : sites[other] > p + 1 ? -1 : 0;
            }

            foreach (var other in graph.Of(b))
            {
                more += sites[other] > p + 1 ? 1 : sites[other] < p ? -1 : 0;
            }

            if (more < 0)
            {
                (order[p], order[p + 1], sites[a], sites[b]) = (b, a, p + 1, p);
                any = true;
            }
        }

        return any;
    }

    // χ³ of every cut, by the bits that gates bring across it.
    private static double Cost(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> sites, Span<int> loads)
    {
        loads.Clear();
        foreach (ref readonly var gate in gates)
        {
            int low = sites[wires[gate.First]], high = low;
            for (var k = 1; k < gate.Wires; k++)
            {
                var site = sites[wires[gate.First + k]];
                (low, high) = (Math.Min(low, site), Math.Max(high, site));
            }

            var bits = gate.Factor >> 1;
            loads[low] += bits;
            loads[high] -= bits;
        }

        double cost = 0;
        int load = 0, n = sites.Length;
        for (var cut = 0; cut < n - 1; cut++)
        {
            load += loads[cut];
            var bond = Math.Min(load, Math.Min(cut + 1, n - 1 - cut));
            cost += PowersOfTwo.Of(3 * bond) * (1 + (BondForecast.SweepsPerGate * Math.Max(0, load - BondForecast.FreeLog2)));
        }

        return cost;
    }

    // Whom each wire meets, as often as it does.
    private sealed class Meetings
    {
        private readonly int[] _first;
        private readonly int[] _other;

        public Meetings(int numWires, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires)
        {
            _first = new int[numWires + 2];
            var links = 0;
            IsPath = true;
            foreach (ref readonly var gate in gates)
            {
                for (var k = 1; k < gate.Wires; k++)
                {
                    int a = wires[gate.First + k - 1], b = wires[gate.First + k];
                    _first[a + 2]++;
                    _first[b + 2]++;
                    links += 2;
                    IsPath &= Math.Abs(a - b) == 1;
                }
            }

            for (var w = 2; w < _first.Length; w++)
            {
                _first[w] += _first[w - 1];
            }

            _other = new int[links];
            foreach (ref readonly var gate in gates)
            {
                for (var k = 1; k < gate.Wires; k++)
                {
                    int a = wires[gate.First + k - 1], b = wires[gate.First + k];
                    _other[_first[a + 1]++] = b;
                    _other[_first[b + 1]++] = a;
                }
            }
        }

        public bool IsPath { get; }

        public ReadOnlySpan<int> Of(int wire) => _other.AsSpan(_first[wire].._first[wire + 1]);
    }
}

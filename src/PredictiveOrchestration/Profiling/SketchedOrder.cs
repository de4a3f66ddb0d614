using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// About how well the engine's search for an order of the qubits will do, in a fraction of its time: every wire goes to the middle of those that it meets, again and again, and the best
/// order on the way counts.
/// </summary>
internal sealed class SketchedOrder
{
    // As for the engine: what another order must promise, and the work that a search must be worth, at all and for each wire.
    private const double WorthIt = 0.7, LeastWork = 2e5, LeastForWire = 1300;
    private const int Rounds = 8, Hasty = 4, Exchanges = 8;

    // Where wires meet more often than this, bonds are as large as they can be in any order.
    private const int MostMeetings = 12;

    // Gates times wires up to which their order in time counts.
    private const int MostFollowed = 4096;

    private readonly Meetings _graph = new();
    private byte[] _now = [];
    private byte[] _peak = [];
    private int[] _identity = [];
    private int[] _sites = [];
    private int[] _order = [];
    private int[] _best = [];
    private int[] _loads = [];
    private double[] _at = [];
    private bool[] _isNew = [];

    /// <summary>The site of each wire; good until the next choice.</summary>
    /// <param name="numWires">The number of wires.</param>
    /// <param name="gates">The gates.</param>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="ends">How many wires all gates have together.</param>
    /// <param name="isPath">Whether all gates join neighbours.</param>
    public ReadOnlySpan<int> Choose(int numWires, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, int ends, bool isPath)
    {
        Clear(numWires);
        var identity = _identity.AsSpan(0, numWires);
        if (isPath || numWires < 4 || ends > MostMeetings * numWires)
        {
            return identity;
        }

        var own = Cost(gates, wires, identity);
        if (own < Math.Max(LeastWork, LeastForWire * numWires))
        {
            return identity;
        }

        _graph.Read(numWires, gates, wires);
        if (_graph.IsComplete)
        {
            return identity;
        }

        var least = own;
        Span<int> sites = _sites.AsSpan(0, numWires), order = _order.AsSpan(0, numWires), best = _best.AsSpan(0, numWires);
        identity.CopyTo(sites);
        identity.CopyTo(order);
        identity.CopyTo(best);
        var at = _at.AsSpan(0, numWires);
        for (var round = 0; round < Rounds; round++)
        {
            for (var p = 0; p < order.Length; p++)
            {
                // It stays a little where it is, so that ties keep their order; later it goes half way, so that those that meet do not pass each other.
                var others = _graph.Of(order[p]);
                var stay = round < Hasty ? 0.5 : 0.5 + others.Length;
                var sum = 0;
                foreach (var other in others)
                {
                    sum += sites[other];
                }

                at[p] = ((stay * p) + sum) / (stay + others.Length);
            }

            Sort(at, order);
            var moved = false;
            for (var p = 0; p < order.Length; p++)
            {
                ref var site = ref sites[order[p]];
                moved |= site != p;
                site = p;
            }

            if (!moved && round >= Hasty)
            {
                break;
            }

            if ((round & 1) == 1)
            {
                least = Keep(gates, wires, sites, best, least);
            }
        }

        best.CopyTo(sites);
        for (var w = 0; w < sites.Length; w++)
        {
            order[sites[w]] = w;
        }

        var exchanged = false;
        var isNew = _isNew.AsSpan(0, numWires);
        isNew.Fill(true);
        for (var round = 0; round < Exchanges && Exchange(_graph, order, sites, isNew); round++)
        {
            exchanged = true;
        }

        if (exchanged)
        {
            least = Keep(gates, wires, sites, best, least);
        }

        return least <= WorthIt * own && IsBetter(gates, wires, best, identity) ? best : identity;
    }

    private void Clear(int numWires)
    {
        if (_identity.Length < numWires)
        {
            (_identity, _sites, _order) = (new int[numWires], new int[numWires], new int[numWires]);
            (_best, _loads, _at) = (new int[numWires], new int[numWires + 1], new double[numWires]);
            (_now, _peak, _isNew) = (new byte[numWires], new byte[numWires], new bool[numWires]);
            for (var w = 0; w < numWires; w++)
            {
                _identity[w] = w;
            }
        }
    }

    // As the engine decides, with the order of the gates in time: less work, and in no more memory.
    private bool IsBetter(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> found, ReadOnlySpan<int> own)
    {
        if (gates.Length * found.Length > MostFollowed)
        {
            return true;
        }

        var (work, bytes, greatest) = Follow(gates, wires, found);
        var (ownWork, ownBytes, ownGreatest) = Follow(gates, wires, own);
        return work <= WorthIt * ownWork && bytes <= ownBytes && greatest <= ownGreatest;
    }

    // As BondForecast does it.
    private (double Work, double Bytes, int Greatest) Follow(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> sites)
    {
        int n = sites.Length, cuts = n - 1;
        Span<byte> now = _now.AsSpan(0, cuts), peak = _peak.AsSpan(0, cuts);
        now.Clear();
        peak.Clear();
        double work = 0, bytes = 0;
        foreach (ref readonly var gate in gates)
        {
            var (low, high) = gate.Span(wires, sites);
            var bits = gate.Factor >> 1;
            for (var c = low; c < high; c++)
            {
                now[c] = (byte)Math.Min(Math.Min(now[c] + bits, BondForecast.Size(c, n)), c == 0 ? 1 : now[c - 1] + 1);
            }

            for (var c = high - 1; c >= low; c--)
            {
                now[c] = (byte)Math.Min(now[c], c == cuts - 1 ? 1 : now[c + 1] + 1);
                peak[c] = Math.Max(peak[c], now[c]);
                work += now[c] > BondForecast.FreeLog2 ? BondForecast.SweepsPerGate * PowersOfTwo.Of(3 * now[c]) : 0;
            }
        }

        var greatest = 0;
        for (var c = 0; c < n; c++)
        {
            bytes += PowersOfTwo.Of((c == 0 ? 0 : peak[c - 1]) + (c == cuts ? 0 : peak[c]));
            work += c == cuts ? 0 : PowersOfTwo.Of(3 * now[c]);
            greatest = c == cuts ? greatest : Math.Max(greatest, peak[c]);
        }

        return (work, bytes, greatest);
    }

    private double Keep(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> sites, Span<int> best, double least)
    {
        var cost = Cost(gates, wires, sites);
        if (cost >= least)
        {
            return least;
        }

        sites.CopyTo(best);
        return cost;
    }

    // By insertion: from the second time on few are out of place.
    private static void Sort(Span<double> at, Span<int> order)
    {
        if (order.Length > 64)
        {
            at.Sort(order);
            return;
        }

        for (var i = 1; i < order.Length; i++)
        {
            var key = at[i];
            if (at[i - 1] <= key)
            {
                continue;
            }

            var (wire, k) = (order[i], i);
            for (; k > 0 && at[k - 1] > key; k--)
            {
                (at[k], order[k]) = (at[k - 1], order[k - 1]);
            }

            (at[k], order[k]) = (key, wire);
        }
    }

    // Neighbours change places where fewer bits then cross between them; tells whether any did. A pair is looked at again only once another wire has come to one of its places:
    // all others are on the same side of it as before.
    private static bool Exchange(Meetings graph, Span<int> order, Span<int> sites, Span<bool> isNew)
    {
        var any = false;
        for (var p = 0; p < order.Length - 1; p++)
        {
            if (!isNew[p])
            {
                continue;
            }

            isNew[p] = false;
            int a = order[p], b = order[p + 1];
            if (Leaning(graph.Of(a), sites, p) < Leaning(graph.Of(b), sites, p))
            {
                (order[p], order[p + 1], sites[a], sites[b]) = (b, a, p + 1, p);
                isNew[Math.Max(0, p - 1)] = isNew[p + 1] = any = true;
            }
        }

        return any;
    }

    // How many more are left of the places p and p + 1 than right of them. Without a branch, which could not foresee it.
    private static int Leaning(ReadOnlySpan<int> others, ReadOnlySpan<int> sites, int p)
    {
        var more = 0;
        foreach (var other in others)
        {
            more += (int)((uint)(sites[other] - p) >> 31) - (int)((uint)(p + 1 - sites[other]) >> 31);
        }

        return more;
    }

    // χ³ of every cut, by the bits that gates bring across it.
    private double Cost(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> sites)
    {
        var loads = _loads.AsSpan(0, sites.Length + 1);
        loads.Clear();
        foreach (ref readonly var gate in gates)
        {
            var (low, high) = gate.Span(wires, sites);
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
        private readonly ulong[] _met = new ulong[64];
        private int[] _first = [];
        private int[] _other = [];

        /// <summary>Whether each wire meets all others, and each as often: no order is better than another.</summary>
        public bool IsComplete { get; private set; }

        public void Read(int numWires, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires)
        {
            _first = _first.Length < numWires + 2 ? new int[numWires + 2] : _first;
            var first = _first.AsSpan(0, numWires + 2);
            first.Clear();
            var links = 0;
            foreach (ref readonly var gate in gates)
            {
                for (var k = 1; k < gate.Wires; k++)
                {
                    var (a, b) = Pair(gate, wires, k);
                    first[a + 2]++;
                    first[b + 2]++;
                    links += 2;
                }
            }

            for (var w = 2; w < first.Length; w++)
            {
                first[w] += first[w - 1];
            }

            _other = _other.Length < links ? new int[2 * links] : _other;
            foreach (ref readonly var gate in gates)
            {
                for (var k = 1; k < gate.Wires; k++)
                {
                    var (a, b) = Pair(gate, wires, k);
                    _other[first[a + 1]++] = b;
                    _other[first[b + 1]++] = a;
                }
            }

            IsComplete = numWires <= _met.Length && links == numWires * (numWires - 1) && wires.Length == 0 && AllMeet(numWires, gates);
        }

        public ReadOnlySpan<int> Of(int wire) => _other.AsSpan(_first[wire].._first[wire + 1]);

        private static (int A, int B) Pair(in SketchedGate gate, ReadOnlySpan<int> wires, int k) =>
            gate.Wires == 2 ? (gate.First, gate.Second) : (wires[gate.First + k - 1], wires[gate.First + k]);

        // So many gates as there are pairs of wires: whether each is on another pair, and brings as many bits.
        private bool AllMeet(int numWires, ReadOnlySpan<SketchedGate> gates)
        {
            var met = _met.AsSpan(0, numWires);
            met.Clear();
            foreach (ref readonly var gate in gates)
            {
                ref var of = ref met[Math.Min(gate.First, gate.Second)];
                var other = 1UL << Math.Max(gate.First, gate.Second);
                if ((of & other) != 0 || gate.Factor != gates[0].Factor)
                {
                    return false;
                }

                of |= other;
            }

            return true;
        }
    }
}

using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// About the order of the qubits that the engine's search will find, in a third of its time: the same search without its disturbances.
/// </summary>
internal sealed class SketchedOrder
{
    // As for the engine: what another order must promise, and the work that a search must be worth, at all and for each wire.
    private const double WorthIt = 0.7, LeastWork = 2e5, LeastForWire = 1300;

    // Where wires meet more often than this, bonds are as large as they can be in any order.
    private const int MostMeetings = 12;

    // Some 15 µs: on many wires the search ends before it is done. With all steps 10 of 833 sketches fewer are off by more than 2.5, and profiles take 10 % longer.
    private const long MostSteps = 6000;

    // Gates times wires up to which their order in time counts.
    private const int MostFollowed = 4096;

    private byte[] _now = [];
    private byte[] _peak = [];
    private int[] _identity = [];
    private int[] _sites = [];
    private int[] _loads = [];

    /// <summary>The site of each wire; good until the next choice.</summary>
    /// <param name="numWires">The number of wires.</param>
    /// <param name="gates">The gates.</param>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="ends">How many wires all gates have together.</param>
    /// <param name="meetings">Two for each gate on two or three: those on more seldom fill bonds, and gain much where what they have in common is close by.</param>
    /// <param name="isPath">Whether all gates join neighbours.</param>
    public int[] Choose(int numWires, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, int ends, int meetings, bool isPath)
    {
        Clear(numWires);
        if (isPath || numWires < 4 || meetings > MostMeetings * numWires)
        {
            return _identity;
        }

        var identity = _identity.AsSpan(0, numWires);
        var own = Cost(gates, wires, identity);
        if (own < Math.Max(LeastWork, LeastForWire * numWires))
        {
            return _identity;
        }

        var graph = new WireGraph(numWires, EdgesOf(numWires, gates, wires));
        if (graph.IsComplete)
        {
            return _identity;
        }

        var order = ChainLayout.Search(graph, identity, byte.MaxValue, Math.Min(MostSteps, (long)ChainLayout.Budget(ends, own)), patience: 0);
        var sites = _sites.AsSpan(0, numWires);
        for (var p = 0; p < order.Length; p++)
        {
            sites[order[p]] = p;
        }

        return IsBetter(gates, wires, sites, identity) ? _sites : _identity;
    }

    private void Clear(int numWires)
    {
        if (_identity.Length < numWires)
        {
            (_identity, _sites, _loads) = (new int[numWires], new int[numWires], new int[numWires + 1]);
            (_now, _peak) = (new byte[numWires], new byte[numWires]);
            for (var w = 0; w < numWires; w++)
            {
                _identity[w] = w;
            }
        }
    }

    private static EdgeTable EdgesOf(int numWires, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires)
    {
        var edges = new EdgeTable(numWires);
        foreach (ref readonly var gate in gates)
        {
            var bits = gate.Factor >> 1;
            if (gate.Wires == 2)
            {
                edges.Add(gate.First, gate.Second, bits);
                continue;
            }

            var of = wires.Slice(gate.First, gate.Wires);
            for (var k = 1; k < of.Length; k++)
            {
                edges.Add(of[k - 1], of[k], bits);
            }
        }

        return edges;
    }

    // As the engine decides, with the order of the gates in time: less work, and in no more memory.
    private bool IsBetter(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> found, ReadOnlySpan<int> own)
    {
        if (gates.Length * found.Length > MostFollowed)
        {
            return Cost(gates, wires, found) <= WorthIt * Cost(gates, wires, own);
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
}

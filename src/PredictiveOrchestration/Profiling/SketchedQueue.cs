using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>Gates on their way to a sketched chain: as in the engine, one that needs room waits, with those behind it, until a compression is worth it.</summary>
internal sealed class SketchedQueue(int numQubits)
{
    // Half a second: beyond that nothing is counted; a run that long is worth a plan.
    private const double Enough = 5e9;

    private readonly SketchedChain _chain = new(numQubits);
    private readonly bool[] _blocked = new bool[numQubits];
    private List<SiteGate> _waiting = [];
    private List<SiteGate> _next = [];
    private int _patience;

    /// <summary>Applies gates; gives how many were, until it was enough.</summary>
    /// <param name="gates">The gates.</param>
    /// <param name="wires">Their wires.</param>
    /// <param name="siteOf">The site of each wire.</param>
    public int Run(ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> siteOf)
    {
        var walked = 0;
        while (walked < gates.Length && _chain.Work <= Enough)
        {
            ref readonly var gate = ref gates[walked++];
            int low = siteOf[wires[gate.First]], high = low;
            for (var k = 1; k < gate.Wires; k++)
            {
                var site = siteOf[wires[gate.First + k]];
                (low, high) = (Math.Min(low, site), Math.Max(high, site));
            }

            Pass(new SiteGate(low, high, gate.Factor, gate.Need, PowersOfTwo.Of(gate.SupportLog2)));
            if (_waiting.Count > _patience)
            {
                Round();
            }
        }

        while (_waiting.Count > 0 && _chain.Work <= Enough)
        {
            Round();
        }

        return walked;
    }

    /// <summary>The counts, with those of a readout.</summary>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public double[] Finish(int supportLog2)
    {
        if (_chain.Work <= Enough)
        {
            _chain.MoveToFront();
        }

        return _chain.Amounts(supportLog2);
    }

    private void Round()
    {
        _patience = _chain.Compress() ? 0 : numQubits;
        (_waiting, _next) = (_next, _waiting);
        _blocked.AsSpan().Clear();
        _chain.Apply(_next[0]);
        for (var k = 1; k < _next.Count; k++)
        {
            Pass(_next[k]);
        }

        _next.Clear();
    }

    private void Pass(in SiteGate gate)
    {
        if (!_blocked[gate.Low] && !_blocked[gate.High] && _chain.Fits(gate))
        {
            _chain.Apply(gate);
            return;
        }

        _waiting.Add(gate);
        _blocked[gate.Low] = _blocked[gate.High] = true;
    }
}

/// <summary>A gate between two sites.</summary>
/// <param name="Low">Its first site.</param>
/// <param name="High">Its last site.</param>
/// <param name="Factor">What bonds between grow by.</param>
/// <param name="Need">What the state needs more of them, typically.</param>
/// <param name="Most">What the state needs of them at most.</param>
internal readonly record struct SiteGate(int Low, int High, int Factor, double Need, double Most);

using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>Gates on their way to a sketched chain: as in the engine, one that needs room waits, with those behind it, until a compression is worth it.</summary>
internal sealed class SketchedQueue
{
    // Half a second: beyond that nothing is counted; a run that long is worth a plan.
    private const double Enough = 5e9;

    private readonly SketchedChain _chain = new();
    private bool[] _blocked = [];

    // The gates that wait stay where they are; what goes from round to round is their places.
    private SiteGate[] _gates = new SiteGate[64];
    private int[] _waiting = new int[64], _next = new int[64];
    private int _made, _waits;
    private int _numQubits;
    private int _patience;
    private double _enough;

    /// <summary>Applies gates to a new chain; gives how many were, until it was enough.</summary>
    /// <param name="numQubits">The number of sites.</param>
    /// <param name="gates">The gates.</param>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="stays">For each of those, whether the gate leaves one value where there is one.</param>
    /// <param name="siteOf">The site of each wire.</param>
    /// <param name="enough">The work beyond which nothing is counted, where that is less than half a second.</param>
    public int Run(int numQubits, ReadOnlySpan<SketchedGate> gates, int[] wires, bool[] stays, int[] siteOf, double enough)
    {
        Clear(numQubits);
        _chain.Clear(numQubits, wires, stays, siteOf);
        _enough = Math.Min(Enough, enough);
        var walked = 0;
        while (walked < gates.Length && _chain.Work <= _enough)
        {
            ref readonly var gate = ref gates[walked++];
            var (low, high) = gate.Span(wires, siteOf);
            if (_made == _gates.Length)
            {
                Array.Resize(ref _gates, 2 * _made);
            }

            var (first, second) = gate.Wires == 2 ? (siteOf[gate.First], siteOf[gate.Second]) : (0, 0);
            _gates[_made] = new SiteGate(low, high, first, second, PowersOfTwo.Of(gate.SupportLog2), gate);
            _made += Pass(_made) ? 0 : 1;
            if (_waits > _patience)
            {
                Round();
            }
        }

        while (_waits > 0 && _chain.Work <= _enough)
        {
            Round();
        }

        return walked;
    }

    /// <summary>The counts, with those of a readout.</summary>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    /// <param name="kept">The Pauli matrices that gates on each wire kept since the latest gate on several.</param>
    public double[] Finish(int supportLog2, ReadOnlySpan<byte> kept)
    {
        if (_chain.Work <= _enough)
        {
            for (var wire = 0; wire < kept.Length; wire++)
            {
                if (!OnWire.KeepsOne(kept[wire]))
                {
                    _chain.Spread(wire);
                }
            }

            _chain.MoveToFront();
        }

        return _chain.Amounts(supportLog2);
    }

    private void Clear(int numQubits)
    {
        if (_blocked.Length < numQubits)
        {
            _blocked = new bool[numQubits];
        }

        _blocked.AsSpan(0, numQubits).Clear();
        (_numQubits, _patience, _made, _waits) = (numQubits, 0, 0, 0);
    }

    private void Round()
    {
        _patience = _chain.Compress() ? 0 : _numQubits;
        (_waiting, _next) = (_next, _waiting);
        var next = _next.AsSpan(0, _waits);
        _waits = 0;
        _blocked.AsSpan(0, _numQubits).Clear();
        _chain.Apply(_gates[next[0]]);
        foreach (var gate in next[1..])
        {
            Pass(gate);
        }

        _made = _waits == 0 ? 0 : _made;
    }

    // Tells whether it could be applied; else it waits.
    private bool Pass(int place)
    {
        ref readonly var gate = ref _gates[place];
        if (!(_blocked[gate.Low] | _blocked[gate.High]) && _chain.Fits(gate))
        {
            _chain.Apply(gate);
            return true;
        }

        if (_waits == _waiting.Length)
        {
            Array.Resize(ref _waiting, 2 * _waits);
        }

        _waiting[_waits++] = place;
        _blocked[gate.Low] = _blocked[gate.High] = true;
        return false;
    }
}

/// <summary>A gate between two sites.</summary>
/// <param name="Low">Its first site.</param>
/// <param name="High">Its last site.</param>
/// <param name="First">The site of the first of two wires.</param>
/// <param name="Second">The site of the second of two wires.</param>
/// <param name="Most">What the state needs of bonds at most.</param>
/// <param name="Gate">The gate.</param>
internal readonly record struct SiteGate(int Low, int High, int First, int Second, double Most, SketchedGate Gate);

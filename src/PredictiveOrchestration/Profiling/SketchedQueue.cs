using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>Gates on their way to a sketched chain: as in the engine, one that needs room waits, with those behind it, until a compression is worth it.</summary>
internal sealed class SketchedQueue
{
    // Half a second: beyond that nothing is counted; a run that long is worth a plan.
    private const double Enough = 5e9;

    private readonly SketchedChain _chain = new();
    private readonly PauliRuns _runs = new();
    private bool[] _blocked = [];

    // The gates that wait stay where they are; what goes from round to round is their places.
    private SiteGate[] _gates = new SiteGate[64];
    private int[] _waiting = new int[64], _next = new int[64];
    private int _made, _waits;
    private int _numQubits;
    private int _patience;

    /// <summary>Applies gates to a new chain; gives how many were, until it was enough.</summary>
    /// <param name="numQubits">The number of sites.</param>
    /// <param name="gates">The gates.</param>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="siteOf">The site of each wire.</param>
    public int Run(int numQubits, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> siteOf)
    {
        Clear(numQubits);
        var walked = 0;
        while (walked < gates.Length && _chain.Work <= Enough)
        {
            ref readonly var gate = ref gates[walked++];
            var (low, high) = gate.Span(wires, siteOf);
            var (from, to) = (low, high);
            if (gate.Wires == 2)
            {
                (from, to) = Joined(gate, siteOf[gate.First], siteOf[gate.Second]);
            }
            else
            {
                foreach (var wire in wires.Slice(gate.First, gate.Wires))
                {
                    _runs.Turn(siteOf[wire], 0);
                }
            }

            if (_made == _gates.Length)
            {
                Array.Resize(ref _gates, 2 * _made);
            }

            _gates[_made] = new SiteGate(low, high, gate.Factor, gate.Need, PowersOfTwo.Of(gate.SupportLog2), from, to);
            _made += Pass(_made) ? 0 : 1;
            if (_waits > _patience)
            {
                Round();
            }
        }

        while (_waits > 0 && _chain.Work <= Enough)
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

    private void Clear(int numQubits)
    {
        if (_blocked.Length < numQubits)
        {
            _blocked = new bool[numQubits];
        }

        _chain.Clear(numQubits);
        _runs.Clear(numQubits);
        _blocked.AsSpan(0, numQubits).Clear();
        (_numQubits, _patience, _made, _waits) = (numQubits, 0, 0, 0);
    }

    // The cuts across which a gate adds to what the state needs.
    private (int From, int To) Joined(in SketchedGate gate, int first, int second)
    {
        _runs.Turn(first, gate.OnFirst.Kept);
        _runs.Turn(second, gate.OnSecond.Kept);
        if (gate.Need <= 1)
        {
            _runs.Turn(first, 1 << (int)gate.OnFirst.Axis);
            _runs.Turn(second, 1 << (int)gate.OnSecond.Axis);
            return (Math.Min(first, second), Math.Max(first, second));
        }

        return first < second ? _runs.Join(first, gate.OnFirst.Axis, second, gate.OnSecond.Axis) : _runs.Join(second, gate.OnSecond.Axis, first, gate.OnFirst.Axis);
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
/// <param name="Factor">What bonds between grow by.</param>
/// <param name="Need">What the state needs more of them, typically.</param>
/// <param name="Most">What the state needs of them at most.</param>
/// <param name="From">The site right of which the first bond is that needs more.</param>
/// <param name="To">The site up to which they do.</param>
internal readonly record struct SiteGate(int Low, int High, int Factor, double Need, double Most, int From, int To);

using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>Gates on their way to a sketched chain: as in the engine, one that needs room waits, with those behind it, until a compression is worth it.</summary>
internal sealed class SketchedQueue
{
    // Half a second: beyond that nothing is counted; a run that long is worth a plan.
    private const double Enough = 5e9;

    // By eighths of a bit.
    private const int MostTypical = 16;
    private static readonly double[] Powers = [.. Enumerable.Range(-MostTypical, (2 * MostTypical) + 1).Select(i => Math.Pow(2, i / (double)GateEntanglement.Unit))];

    private readonly SketchedChain _chain = new();
    private readonly PauliRuns _runs = new();
    private readonly QubitRuns _qubits = new();
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
    /// <param name="siteOf">The site of each wire.</param>
    /// <param name="enough">The work beyond which nothing is counted, where that is less than half a second.</param>
    public int Run(int numQubits, ReadOnlySpan<SketchedGate> gates, ReadOnlySpan<int> wires, ReadOnlySpan<int> siteOf, double enough)
    {
        Clear(numQubits);
        _enough = Math.Min(Enough, enough);
        var walked = 0;
        while (walked < gates.Length && _chain.Work <= _enough)
        {
            ref readonly var gate = ref gates[walked++];
            var (low, high) = gate.Span(wires, siteOf);
            var joined = new Joined(low, high, 0, 0);
            var inside = new Inside(low, high, low, high);
            var added = double.PositiveInfinity;
            if (gate.Wires == 2)
            {
                joined = Join(gate, siteOf[gate.First], siteOf[gate.Second]);
                if (!gate.IsIdle)
                {
                    inside = _qubits.Join(low, high, Math.Max(0, gate.Typical >> GateEntanglement.UnitLog2));
                    var from = Math.Max(joined.From, inside.OneFrom);
                    joined = joined with { From = from, To = Math.Max(from, Math.Min(joined.To, inside.OneTo)) };
                }
            }
            else
            {
                var isSwap = gate.OnFirst.Axis != PauliRuns.Axis.None;
                var control = siteOf[wires[gate.First]];
                foreach (var wire in wires.Slice(gate.First, gate.Wires))
                {
                    _runs.Turn(siteOf[wire], isSwap && siteOf[wire] == control ? gate.OnFirst.Kept : 0);
                    _qubits.Restart(siteOf[wire]);
                }

                if (isSwap && !gate.IsIdle)
                {
                    // One bit on either side of the control, for all in a row.
                    joined = low < control ? _runs.Join(low, PauliRuns.Axis.None, control, PauliRuns.Axis.Z, 1) : new Joined(low, low, 0, 0);
                    var right = control < high ? _runs.Join(control, PauliRuns.Axis.Z, high, PauliRuns.Axis.None, 1) : new Joined(high, high, 0, 0);
                    inside = new Inside(low, high, right.From, right.To);
                }

                added = Added(gate, low, high);
            }

            if (_made == _gates.Length)
            {
                Array.Resize(ref _gates, 2 * _made);
            }

            var firstBit = Math.Min((int)gate.Typical, GateEntanglement.Unit);
            _gates[_made] = new SiteGate(
                low, high, gate.Factor, PowersOfTwo.Of(gate.SupportLog2), joined.From, joined.To, Of(firstBit), inside.TwoFrom, inside.TwoTo, Of(gate.Typical - firstBit),
                Of(joined.Left), Of(joined.Right), added);
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
    public double[] Finish(int supportLog2)
    {
        if (_chain.Work <= _enough)
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
        _qubits.Clear(numQubits);
        _blocked.AsSpan(0, numQubits).Clear();
        (_numQubits, _patience, _made, _waits) = (numQubits, 0, 0, 0);
    }

    private static double Of(int eighths) => Powers[eighths + MostTypical];

    // What is changed where all controls are one is a state of the other sites: as many vectors more as those on the smaller side of a cut have.
    private double Added(in SketchedGate gate, int low, int high)
    {
        if (gate.Factor > 2)
        {
            return double.PositiveInfinity;
        }

        int left = low, right = _numQubits - 1 - high, between = high - low + 1 - gate.Second;
        return PowersOfTwo.Of(Math.Min(60, Math.Min(Math.Min(left, right) + between, (left + right + between) / 2)));
    }

    // Where a gate adds to what the state needs.
    private Joined Join(in SketchedGate gate, int first, int second)
    {
        _runs.Turn(first, gate.OnFirst.Kept);
        _runs.Turn(second, gate.OnSecond.Kept);
        if (gate.IsIdle)
        {
            _runs.Turn(first, 1 << (int)gate.OnFirst.Axis);
            _runs.Turn(second, 1 << (int)gate.OnSecond.Axis);
            return new Joined(Math.Min(first, second), Math.Max(first, second), 0, 0);
        }

        var power = GateEntanglement.Power(gate.Typical);
        return first < second ? _runs.Join(first, gate.OnFirst.Axis, second, gate.OnSecond.Axis, power) : _runs.Join(second, gate.OnSecond.Axis, first, gate.OnFirst.Axis, power);
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
/// <param name="Most">What the state needs of them at most.</param>
/// <param name="From">The site right of which bonds begin that need what the gate is worth.</param>
/// <param name="To">The site up to which they do.</param>
/// <param name="Need">What the state needs more of them, typically, by a bit at most.</param>
/// <param name="InsideFrom">As <paramref name="From"/>, of what a gate of two bits is worth beyond the first.</param>
/// <param name="InsideTo">As <paramref name="To"/>, of that.</param>
/// <param name="NeedInside">What that is.</param>
/// <param name="NeedLeft">What it needs more of those between <paramref name="Low"/> and <paramref name="From"/>.</param>
/// <param name="NeedRight">What it needs more of those between <paramref name="To"/> and <paramref name="High"/>.</param>
/// <param name="Added">What it needs more at most, as a sum.</param>
internal readonly record struct SiteGate(int Low, int High, int Factor, double Most, int From, int To, double Need, int InsideFrom, int InsideTo, double NeedInside, double NeedLeft, double NeedRight, double Added);

using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What the state typically needs of each bond, gate by gate as they are applied. A gate, and gates in a row that are functions of one Pauli matrix on a site, double the rank across a cut; but
/// where they turn by little, Schmidt values soon fall below rounding. Two things hold the rank down then. What all such rows are worth together is the product of what each is worth, less the less it
/// turns. And where many sites turn each other by ever smaller angles, as in Fourier transforms, the state is a smooth function of one number that the sites on one side spell, and needs no more than
/// the degrees of the polynomial that it is to rounding; while not all have had their turn of two such numbers, and more.
/// </summary>
internal sealed class SketchedNeeds
{
    // What turns by less across more than so many cuts belongs to a cascade; the degrees while one is under way, to what they are at its end.
    public const float Faint = 0.1f;
    public const int Near = 2;
    private const double UnderWay = 1.75;

    // exp(iφxy) for x and y from 0 to 1 has twelve Schmidt values above 1e-14 where φ is π, and so many where it is 2^-k of that, within a tenth.
    private const double Digits = 46, AtOnce = 4.2;

    // By eighths of a bit.
    private const int MostTypical = 16;
    private static readonly double[] Powers = [.. Enumerable.Range(-MostTypical, (2 * MostTypical) + 1).Select(i => Math.Pow(2, i / (double)GateEntanglement.Unit))];

    private readonly PauliRuns _runs = new();
    private readonly QubitRuns _qubits = new();
    private double[] _need = [];

    // From the first gate on that turns by little: the rank that nothing but gates since the latest compression bounds, how much all rows turn, and where there are cascades.
    private double[] _rank = [];
    private double[] _turned = [];
    private bool[] _cascades = [];
    private bool _isWeak;
    private int[] _wires = [];
    private int[] _siteOf = [];
    private int _numQubits;

    /// <summary>The ranks, as <see cref="Settle"/> left them.</summary>
    public double[] Ranks => _isWeak ? _rank : _need;

    /// <summary>Begins with bonds of one.</summary>
    /// <param name="numQubits">The number of sites.</param>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="siteOf">The site of each wire.</param>
    public void Clear(int numQubits, int[] wires, int[] siteOf)
    {
        var cuts = numQubits + 1;
        if (_need.Length < cuts + SketchedSizes.Room)
        {
            var all = cuts + SketchedSizes.Room;
            (_need, _rank, _turned, _cascades) = (new double[all], new double[all], new double[all], new bool[all]);
        }

        (_numQubits, _wires, _siteOf, _isWeak) = (numQubits, wires, siteOf, false);
        _need.AsSpan(0, cuts).Fill(1);
        _runs.Clear(numQubits);
        _qubits.Clear(numQubits);
    }

    /// <summary>The site of a wire.</summary>
    public int SiteOf(int wire) => _siteOf[wire];

    /// <summary>The wires of a gate on more than two.</summary>
    public ReadOnlySpan<int> WiresOf(in SketchedGate gate) => _wires.AsSpan(gate.First, gate.Wires);

    /// <summary>Takes in a gate that is applied.</summary>
    public void Add(in SiteGate gate)
    {
        if (gate.Gate.Wires == 2)
        {
            Pair(gate);
        }
        else
        {
            Several(gate);
        }
    }

    /// <summary>Finds the ranks across some cuts in a row, from those left of them.</summary>
    /// <param name="first">The first cut.</param>
    /// <param name="last">The last one.</param>
    /// <param name="most">The greatest rank.</param>
    public void Settle(int first, int last, double most)
    {
        // Between neighbouring bonds a qubit is worth a factor of two. What does not depend on the neighbour is found apart from it: each waits for the one before.
        var needed = _need[first - 1];
        foreach (ref var need in _need.AsSpan(first, last + 1 - first))
        {
            needed = need = double.MinNative(double.MaxNative(1, double.MinNative(need, most)), double.MaxNative(1, 2 * needed));
        }

        if (!_isWeak)
        {
            return;
        }

        needed = _need[last + 1];
        for (var cut = last; cut >= first; cut--)
        {
            needed = _need[cut] = double.MinNative(_need[cut], 2 * needed);
        }

        var rank = _rank[first - 1];
        for (var cut = first; cut <= last; cut++)
        {
            var typical = _cascades[cut] ? double.MaxNative(_need[cut], UnderWay * Degrees(_turned[cut])) : _need[cut];
            typical = double.MinNative(typical, most);
            rank = _rank[cut] = double.MinNative(double.MaxNative(1, double.MinNative(_rank[cut], typical)), double.MaxNative(1, 2 * rank));
        }
    }

    private static double Of(int eighths) => Powers[eighths + MostTypical];

    private static double Degrees(double turned) => turned > 0 ? 1 + (Digits / (AtOnce + Math.Max(0, -PauliRuns.Log2((float)turned)))) : 1;

    private void Pair(in SiteGate at)
    {
        var gate = at.Gate;
        int low = at.Low, high = at.High;
        _runs.Turn(at.First, gate.OnFirst.Kept);
        _runs.Turn(at.Second, gate.OnSecond.Kept);
        if (gate.IsIdle)
        {
            _runs.Turn(at.First, 1 << (int)gate.OnFirst.Axis);
            _runs.Turn(at.Second, 1 << (int)gate.OnSecond.Axis);
            if (gate.Typical != 0)
            {
                Grow(low, high, Of(gate.Typical));
            }

            return;
        }

        var isOne = gate is { Factor: <= 2, Typical: >= 0 and <= GateEntanglement.Unit };
        var strength = isOne ? gate.Strength : 1;
        var inside = _qubits.Join(low, high, Math.Max(0, gate.Typical >> GateEntanglement.UnitLog2));
        var joined = at.First < at.Second ? _runs.Join(low, gate.OnFirst.Axis, high, gate.OnSecond.Axis, strength) : _runs.Join(low, gate.OnSecond.Axis, high, gate.OnFirst.Axis, strength);
        var from = Math.Max(joined.From, inside.OneFrom);
        var to = Math.Max(from, Math.Min(joined.To, inside.OneTo));
        if (isOne && joined.IsWeak)
        {
            Turn(low, high, joined, from, to, strength);
            return;
        }

        // Bits that were done and undone are worth what is left of them.
        var first = Math.Min((int)gate.Typical, GateEntanglement.Unit);
        Grow(from, to, Of(first));
        if (gate.Typical > first)
        {
            Grow(inside.TwoFrom, inside.TwoTo, Of(gate.Typical - first));
        }
    }

    private void Several(in SiteGate at)
    {
        var gate = at.Gate;
        int low = at.Low, high = at.High;
        var isSwap = gate.OnFirst.Axis != PauliRuns.Axis.None;
        var wires = WiresOf(gate);
        var control = _siteOf[wires[0]];
        foreach (var wire in wires)
        {
            _runs.Turn(_siteOf[wire], isSwap && _siteOf[wire] == control ? gate.OnFirst.Kept : 0);
            _qubits.Restart(_siteOf[wire]);
        }

        if (Added(gate, low, high) is var added && added < double.PositiveInfinity)
        {
            Add(_need, low, high, Of(gate.Typical), added);
            if (_isWeak)
            {
                Add(_rank, low, high, Of(gate.Typical), added);
            }
        }
        else if (isSwap && !gate.IsIdle)
        {
            // One bit on either side of the control, for all in a row.
            var bit = Of(Math.Min((int)gate.Typical, GateEntanglement.Unit));
            if (low < control && _runs.Join(low, PauliRuns.Axis.None, control, PauliRuns.Axis.Z, 1) is var left)
            {
                Grow(left.From, left.To, bit);
            }

            if (control < high && _runs.Join(control, PauliRuns.Axis.Z, high, PauliRuns.Axis.None, 1) is var right)
            {
                Grow(right.From, right.To, bit);
            }
        }
        else if (gate.Typical != 0)
        {
            Grow(low, high, Of(gate.Typical));
        }
    }

    // The cuts between two sites need more.
    private void Grow(int from, int to, double factor)
    {
        SketchedSizes.Grow(_need.AsSpan(from + 1, to - from), factor);
        if (_isWeak)
        {
            SketchedSizes.Grow(_rank.AsSpan(from + 1, to - from), factor);
            foreach (ref var turned in _turned.AsSpan(from + 1, to - from))
            {
                turned++;
            }
        }
    }

    private static void Add(double[] sizes, int low, int high, double factor, double added)
    {
        foreach (ref var size in sizes.AsSpan(low + 1, high - low))
        {
            size = double.MinNative(size * factor, size + added);
        }
    }

    // A gate that turns by little, or in a row with one: what the row is worth across each cut grows.
    private void Turn(int low, int high, in Joined joined, int from, int to, float strength)
    {
        if (!_isWeak)
        {
            _isWeak = true;
            _need.AsSpan(0, _numQubits + 1).CopyTo(_rank);
            _cascades.AsSpan(0, _numQubits + 1).Clear();
            for (var cut = 0; cut <= _numQubits; cut++)
            {
                _turned[cut] = _need[cut] > 1 ? 1 : 0;
            }
        }

        if (strength < Faint && high - low > Near)
        {
            _cascades.AsSpan(low + 1, high - low).Fill(true);
        }

        for (var cut = low + 1; cut <= high; cut++)
        {
            var isNew = cut > joined.From && cut <= joined.To;
            var more = _runs.Turn(cut <= joined.From || (isNew && !joined.IsOfHigh) ? low : high, cut, strength, isNew, out var factor);
            if (!isNew || (cut > from && cut <= to))
            {
                _need[cut] *= factor;
                _rank[cut] *= isNew ? 2 : 1;
                _turned[cut] += more;
            }
        }
    }

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
}

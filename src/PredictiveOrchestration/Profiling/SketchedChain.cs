using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>The bonds of a chain of tensors as the engine keeps them, and what the state typically needs of each, as numbers alone.</summary>
internal sealed class SketchedChain
{
    // As the engine's: below this bonds grow without a look at what they need, and a compression to less than this share has shown that they were not needed.
    private const double FreeBond = 64, Collapse = 1.0 / 16;

    private int _numQubits;
    private double[] _bond = [];
    private double[] _full = [];

    // What a bond may grow to without a look, and as long as it has not grown since one.
    private double[] _limit = [];
    private double[] _room = [];

    // One for a site that has one value yet, so that half of its tensor is zero; else two.
    private double[] _values = [];
    private bool[] _stays = [];
    private int _low;
    private int _high;
    private double _most;
    private Counts _counts;

    /// <summary>What the state needs.</summary>
    public SketchedNeeds Needs { get; } = new();

    /// <summary>The multiply-adds so far.</summary>
    public double Work => _counts.Factored + _counts.Multiplied;

    /// <summary>Begins with bonds of one.</summary>
    /// <param name="numQubits">The number of sites.</param>
    /// <param name="wires">The wires of gates on more than two.</param>
    /// <param name="stays">For each of those, whether the gate leaves one value where there is one.</param>
    /// <param name="siteOf">The site of each wire.</param>
    public void Clear(int numQubits, int[] wires, bool[] stays, int[] siteOf)
    {
        Needs.Clear(numQubits, wires, siteOf);
        _stays = stays;
        var cuts = numQubits + 1;
        if (_bond.Length < cuts + SketchedSizes.Room)
        {
            var all = cuts + SketchedSizes.Room;
            (_bond, _full, _limit, _room, _values) = (new double[all], new double[all], new double[all], new double[all], new double[all]);
        }

        (_numQubits, _low, _high, _most, _counts) = (numQubits, 0, 0, 1, default);
        _bond.AsSpan(0, cuts).Fill(1);
        _values.AsSpan(0, cuts).Fill(1);
        for (var cut = 0; cut < cuts; cut++)
        {
            _full[cut] = PowersOfTwo.Of(Math.Min(60, Math.Min(cut, numQubits - cut)));
            _limit[cut] = _room[cut] = double.MinNative(FreeBond, 4 * _full[cut]);
        }
    }

    /// <summary>Whether a gate leaves bonds small enough.</summary>
    public bool Fits(in SiteGate gate)
    {
        double factor = gate.Gate.Factor;
        var first = gate.Low + 1;
        Span<double> bond = _bond.AsSpan(first, gate.High - gate.Low), room = _room.AsSpan(first, bond.Length);
        if (factor <= 1 || !SketchedSizes.IsBeyond(bond, room, factor))
        {
            return true;
        }

        for (var k = 0; k < bond.Length; k++)
        {
            if (bond[k] * factor > room[k] && !Trim(first + k, factor))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Applies a gate that fits, or that needs to be applied.</summary>
    public void Apply(in SiteGate gate)
    {
        (_low, _high) = (Math.Min(_low, gate.Low), Math.Max(_high, gate.High));
        double factor = gate.Gate.Factor;
        var first = gate.Low + 1;
        var bond = _bond.AsSpan(first, gate.High - gate.Low);
        var rows = _bond[gate.Low] + SketchedSizes.Grow(bond, factor);
        Needs.Add(gate);
        Spread(gate);
        if (factor > 1)
        {
            var room = _room.AsSpan(first, bond.Length);
            if (room.Length == 1)
            {
                room[0] = _limit[first];
            }
            else
            {
                _limit.AsSpan(first, room.Length).CopyTo(room);
            }
        }

        _most = gate.Most;
        _counts.Tensors += factor > 1 ? bond.Length + 1 : 2;
        _counts.Rows += 2 * factor * rows;
    }

    /// <summary>Takes bonds down to what the state needs; tells whether nearly everything went.</summary>
    public bool Compress()
    {
        int first = 1, last = _numQubits - 1;
        while (first <= last && double.IsPositiveInfinity(_room[first]))
        {
            first++;
        }

        if (first > last)
        {
            return false;
        }

        while (double.IsPositiveInfinity(_room[last]))
        {
            last--;
        }

        var before = Elements(first, last);

        Needs.Settle(first, last, _most);
        SweepLeft(last);
        SweepRight(last);
        TakeDown(first, last);
        return Elements(first, last) < Collapse * before;
    }

    /// <summary>What was done to a site alone since the latest gate may have given it both values.</summary>
    /// <param name="wire">The wire there.</param>
    public void Spread(int wire) => _values[Needs.SiteOf(wire)] = 2;

    /// <summary>Makes sites right of the first isometries from the right, as a readout wants them.</summary>
    public void MoveToFront()
    {
        SweepLeft(0);
        _low = 0;
    }

    /// <summary>The counts, with those of a readout.</summary>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public double[] Amounts(int supportLog2)
    {
        var amounts = new double[ChainAmounts.Count];
        (amounts[ChainAmounts.Tensors], amounts[ChainAmounts.Rows], amounts[ChainAmounts.Reflected]) = (_counts.Tensors, _counts.Rows, _counts.Reflected);
        (amounts[ChainAmounts.Factored], amounts[ChainAmounts.Multiplied]) = (_counts.Factored, _counts.Multiplied);
        var elements = Needs.Ranks;
        for (var q = 0; q < _numQubits; q++)
        {
            elements[q] = 2 * _bond[q] * _bond[q + 1];
        }

        ChainAmounts.AddReadout(amounts, elements.AsSpan(0, _numQubits), supportLog2);
        return amounts;
    }

    // Σ χl · χr of the sites beside some cuts.
    private double Elements(int first, int last)
    {
        double sum = 0, left = _bond[first - 1];
        foreach (var right in _bond.AsSpan(first, last + 2 - first))
        {
            sum += left * right;
            left = right;
        }

        return sum;
    }

    // A site keeps one value under what is diagonal or exchanges both.
    private void Spread(in SiteGate gate)
    {
        if (gate.Gate.Wires == 2)
        {
            _values[gate.First] = gate.Gate.OnFirst.StaysOne ? _values[gate.First] : 2;
            _values[gate.Second] = gate.Gate.OnSecond.StaysOne ? _values[gate.Second] : 2;
            return;
        }

        var wires = Needs.WiresOf(gate.Gate);
        for (var k = 0; k < wires.Length; k++)
        {
            if (!_stays[gate.Gate.First + k])
            {
                Spread(wires[k]);
            }
        }
    }

    // From the nearer end to a cut, if that makes room for a factor.
    private bool Trim(int cut, double factor)
    {
        if (_full[cut] * factor > _limit[cut] || _bond[cut] <= _full[cut])
        {
            return false;
        }

        if (cut <= _numQubits - cut)
        {
            SweepRight(cut);
            _high = Math.Max(_high, cut);
            return true;
        }

        SweepLeft(cut - 1);
        _low = Math.Min(_low, _high);
        return true;
    }

    // Makes sites left of one isometries from the left, as far as they are not.
    private void SweepRight(int to)
    {
        if (_low >= to)
        {
            return;
        }

        var bond = _bond.AsSpan(0, _numQubits + 1);
        var counts = _counts;
        var left = bond[_low];
        for (var q = _low; q < to; q++)
        {
            double rows = bond[q + 1], columns = 2 * left;
            left = double.MinNative(rows, _values[q] * left);
            counts.Add(rows, columns, left, q + 2 < bond.Length ? bond[q + 2] : 1);
            bond[q + 1] = left;
        }

        (_low, _counts) = (to, counts);
    }

    // Makes sites right of one isometries from the right.
    private void SweepLeft(int to)
    {
        if (_high <= to)
        {
            return;
        }

        var bond = _bond.AsSpan(0, _numQubits + 1);
        var counts = _counts;
        var right = bond[_high + 1];
        for (var q = _high; q > to; q--)
        {
            double rows = bond[q], columns = 2 * right;
            right = double.MinNative(rows, _values[q] * right);
            counts.Add(rows, columns, right, bond[q - 1]);
            bond[q] = right;
        }

        (_high, _counts) = (to, counts);
        _low = Math.Min(_low, to);
    }

    // From the right, to what the state needs.
    private void TakeDown(int first, int last)
    {
        var bond = _bond.AsSpan(0, last + 2);
        var need = Needs.Ranks.AsSpan(0, last + 2);
        var counts = _counts;
        double right = bond[last + 1], needed = need[last + 1];
        for (var q = last; q >= first; q--)
        {
            needed = need[q] = double.MinNative(need[q], 2 * needed);
            double rows = bond[q], columns = 2 * right;
            right = double.MinNative(double.MaxNative(1, double.MinNative(rows, needed)), _values[q] * right);
            counts.Add(rows, columns, right, bond[q - 1]);
            bond[q] = right;
            _limit[q] = double.MaxNative(2 * right, double.MinNative(FreeBond, 4 * _full[q]));
            _room[q] = double.PositiveInfinity;
        }

        (_low, _high, _counts) = (first - 1, first - 1, counts);
    }

    private struct Counts
    {
        public double Tensors, Rows, Reflected, Factored, Multiplied;

        public void Add(double rows, double columns, double rank, double beside)
        {
            var reflected = rows * rank;
            Tensors++;
            Reflected += reflected;
            Factored += reflected * columns;
            Multiplied += 2 * reflected * beside;
        }
    }
}

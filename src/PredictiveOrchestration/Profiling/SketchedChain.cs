using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>The bonds of a chain of tensors as the engine keeps them, and what the state typically needs of each, as numbers alone.</summary>
internal sealed class SketchedChain
{
    // As the engine's: below this bonds grow without a look at what they need, and a compression to less than this share has shown that they were not needed.
    private const double FreeBond = 64, Collapse = 1.0 / 16;

    private readonly int _numQubits;
    private readonly double[] _bond;
    private readonly double[] _need;
    private readonly double[] _full;

    // What a bond may grow to without a look, and as long as it has not grown since one.
    private readonly double[] _limit;
    private readonly double[] _room;
    private int _low;
    private int _high;
    private double _most = 1;
    private double _tensors, _rows, _reflected, _factored, _multiplied;

    public SketchedChain(int numQubits)
    {
        _numQubits = numQubits;
        (_bond, _need, _full, _limit, _room) = (new double[numQubits + 1], new double[numQubits + 1], new double[numQubits + 1], new double[numQubits + 1], new double[numQubits + 1]);
        for (var cut = 0; cut <= numQubits; cut++)
        {
            _full[cut] = PowersOfTwo.Of(Math.Min(60, Math.Min(cut, numQubits - cut)));
            _limit[cut] = _room[cut] = Math.Min(FreeBond, 4 * _full[cut]);
            (_bond[cut], _need[cut]) = (1, 1);
        }
    }

    /// <summary>The multiply-adds so far.</summary>
    public double Work => _factored + _multiplied;

    /// <summary>Whether a gate leaves bonds small enough.</summary>
    public bool Fits(in SiteGate gate)
    {
        double factor = gate.Factor;
        var first = gate.Low + 1;
        Span<double> bond = _bond.AsSpan(first, gate.High - gate.Low), room = _room.AsSpan(first, bond.Length);
        for (var k = 0; k < bond.Length; k++)
        {
            if (bond[k] * factor > room[k] && factor > 1 && !Trim(first + k, factor))
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
        double factor = gate.Factor, more = gate.Need, rows = _bond[gate.Low];
        var first = gate.Low + 1;
        var bond = _bond.AsSpan(first, gate.High - gate.Low);
        foreach (ref var size in bond)
        {
            rows += size;
            size *= factor;
        }

        for (var cut = gate.From + 1; cut <= gate.To; cut++)
        {
            _need[cut] *= more;
        }

        if (factor > 1)
        {
            _limit.AsSpan(first, bond.Length).CopyTo(_room.AsSpan(first));
        }

        _most = gate.Most;
        _tensors += factor > 1 ? bond.Length + 1 : 2;
        _rows += 2 * factor * rows;
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

        double before = 0, after = 0;
        for (var q = first - 1; q <= last; q++)
        {
            before += _bond[q] * _bond[q + 1];
        }

        // Between neighbouring bonds a qubit is worth a factor of two.
        for (var cut = first; cut <= last; cut++)
        {
            _need[cut] = Greater(1, Less(Less(_need[cut], _most), 2 * _need[cut - 1]));
        }

        for (; _high > last; _high--)
        {
            ShiftLeft(_high, double.PositiveInfinity);
            _low = Math.Min(_low, _high - 1);
        }

        for (; _low < last; _low++)
        {
            ShiftRight(_low);
        }

        for (_high = last; _high >= first; _high--)
        {
            ShiftLeft(_high, _need[_high] = Less(_need[_high], 2 * _need[_high + 1]));
            _low = _high - 1;
            _limit[_high] = Greater(2 * _bond[_high], Less(FreeBond, 4 * _full[_high]));
            _room[_high] = double.PositiveInfinity;
        }

        for (var q = first - 1; q <= last; q++)
        {
            after += _bond[q] * _bond[q + 1];
        }

        return after < Collapse * before;
    }

    /// <summary>Makes sites right of the first isometries from the right, as a readout wants them.</summary>
    public void MoveToFront()
    {
        for (; _high > 0; _high--)
        {
            ShiftLeft(_high, double.PositiveInfinity);
        }

        _low = 0;
    }

    /// <summary>The counts, with those of a readout.</summary>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public double[] Amounts(int supportLog2)
    {
        var amounts = new double[ChainAmounts.Count];
        (amounts[ChainAmounts.Tensors], amounts[ChainAmounts.Rows], amounts[ChainAmounts.Reflected]) = (_tensors, _rows, _reflected);
        (amounts[ChainAmounts.Factored], amounts[ChainAmounts.Multiplied]) = (_factored, _multiplied);
        var elements = _need;
        for (var q = 0; q < _numQubits; q++)
        {
            elements[q] = 2 * _bond[q] * _bond[q + 1];
        }

        ChainAmounts.AddReadout(amounts, elements.AsSpan(0, _numQubits), supportLog2);
        return amounts;
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
            for (; _low < cut; _low++)
            {
                ShiftRight(_low);
            }

            _high = Math.Max(_high, cut);
            return true;
        }

        for (; _high >= cut; _high--)
        {
            ShiftLeft(_high, double.PositiveInfinity);
        }

        _low = Math.Min(_low, _high);
        return true;
    }

    private void ShiftRight(int q)
    {
        double rows = _bond[q + 1], columns = 2 * _bond[q], rank = Less(rows, columns);
        Count(rows, columns, rank, q + 2 <= _numQubits ? _bond[q + 2] : 1);
        _bond[q + 1] = rank;
    }

    private void ShiftLeft(int q, double need)
    {
        double rows = _bond[q], columns = 2 * _bond[q + 1], rank = Greater(1, Less(Less(rows, columns), need));
        Count(rows, columns, rank, q > 0 ? _bond[q - 1] : 1);
        _bond[q] = rank;
    }

    // Without what Math does for numbers that are none.
    private static double Less(double a, double b) => a < b ? a : b;

    private static double Greater(double a, double b) => a > b ? a : b;

    private void Count(double rows, double columns, double rank, double beside)
    {
        var reflected = rows * rank;
        _tensors++;
        _reflected += reflected;
        _factored += reflected * columns;
        _multiplied += 2 * reflected * beside;
    }
}

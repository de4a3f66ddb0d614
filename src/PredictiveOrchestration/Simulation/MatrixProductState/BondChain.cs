using System.Numerics;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// The bonds of a chain of tensors, and when they are taken down: sites left of <see cref="Low"/> are isometries from the left, sites right of <see cref="High"/> from the
/// right; between, gates have enlarged bonds without more work. Where bonds get too large a sweep in each direction takes them down to what the state needs. What is done to the
/// tensors is up to who derives: the engine computes, a forecast counts.
/// </summary>
internal abstract class BondChain
{
    // Below this bonds grow without a look at what they need.
    private const int FreeBond = 64;

    private readonly bool[] _tight;
    private readonly int[] _limits;

    protected BondChain(int numQubits, TruncationPolicy policy)
    {
        NumQubits = numQubits;
        Policy = policy;
        Bonds = new int[numQubits + 1];
        _limits = new int[numQubits + 1];
        _tight = new bool[numQubits + 1];
        Bonds.AsSpan().Fill(1);
    }

    public int NumQubits { get; }

    /// <summary>The global phase.</summary>
    public Complex Phase { get; set; } = Complex.One;

    /// <summary>The numbers stored.</summary>
    public long Elements
    {
        get
        {
            long sum = 0;
            for (var q = 0; q < NumQubits; q++)
            {
                sum += 2L * Bonds[q] * Bonds[q + 1];
            }

            return Math.Max(1, sum);
        }
    }

    /// <summary>The greatest bond now.</summary>
    public int GreatestBond => Bonds.Max();

    protected TruncationPolicy Policy { get; }

    protected int[] Bonds { get; }

    protected int Low { get; set; }

    protected int High { get; set; }

    /// <summary>The bond to the left of a qubit; that of qubit n is right of the last.</summary>
    public int Bond(int qubit) => Bonds[qubit];

    /// <summary>Applies a gate on several qubits.</summary>
    public void Apply(OperatorString gate)
    {
        int first = gate.Qubits[0], last = gate.Qubits[^1];
        if (first == last)
        {
            ApplySingle(first, gate.Cores[0][0, 0]);
            return;
        }

        if (!Fits(gate))
        {
            Compress();
        }

        Low = Math.Min(Low, first);
        High = Math.Max(High, last);
        var next = 0;
        for (var q = first; q <= last; q++)
        {
            if (gate.Qubits[next] == q)
            {
                Expand(q, gate.Cores[next++]);
            }
            else
            {
                HandOn(q, gate.Cores[next].Left);
            }
        }

        for (var k = 0; k < gate.Cores.Length - 1; k++)
        {
            for (var cut = gate.Qubits[k] + 1; cut <= gate.Qubits[k + 1]; cut++)
            {
                Bonds[cut] *= gate.Cores[k].Right;
                Enlarge(cut, gate.Cores[k]);
                _tight[cut] &= gate.Cores[k].Right == 1;
            }
        }
    }

    /// <summary>
    /// Tells whether a gate leaves bonds small enough that nothing has to be compressed before. Near the ends of the chain room is made
    /// for it: a bond beyond what the qubits outside it can hold is taken down from the end, whatever the rest of the chain is like.
    /// </summary>
    public bool Fits(OperatorString gate)
    {
        for (var k = 0; k < gate.Cores.Length - 1; k++)
        {
            var factor = gate.Cores[k].Right;
            for (var cut = gate.Qubits[k] + 1; cut <= gate.Qubits[k + 1]; cut++)
            {
                if (factor > 1 && !_tight[cut] && Bonds[cut] * (long)factor > Limit(cut) && !Trim(cut, factor))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Makes sites left of a qubit isometries from the left, and right of it from the right.</summary>
    public void MoveCentre(int qubit)
    {
        if (ExceedsMaximum())
        {
            Compress();
        }

        if (Low == qubit && High == qubit)
        {
            return;
        }

        for (; Low < qubit; Low++)
        {
            ShiftRight(Low);
            High = Math.Max(High, Low + 1);
        }

        for (; High > qubit; High--)
        {
            ShiftLeft(High);
            Low = Math.Min(Low, High - 1);
        }

        Renormalise(qubit);
    }

    /// <summary>
    /// Takes loose bonds down to what the state needs, and truncates those above the maximum where that is allowed. Only the sites from
    /// the first loose bond to the last are swept twice: the bonds beside them are as before.
    /// </summary>
    public void Compress()
    {
        int first = 1, last = NumQubits - 1;
        while (first <= last && _tight[first])
        {
            first++;
        }

        if (first > last)
        {
            return;
        }

        while (_tight[last])
        {
            last--;
        }

        for (; High > last; High--)
        {
            ShiftLeft(High);
            Low = Math.Min(Low, High - 1);
        }

        for (; Low < last; Low++)
        {
            ShiftRight(Low);
        }

        // Each truncation projects into a subspace of the one before, so that of the norm of the state is left what the overlap of the
        // sweep's ends is: the shares kept multiply.
        var kept = 1.0;
        for (High = last; High >= first; High--)
        {
            kept *= 1 - Truncate(High);
            Low = High - 1;
            _limits[High] = 2 * Bonds[High];
            _tight[High] = true;
        }

        Lose(1 - kept);
        Renormalise(High);
    }

    /// <summary>Takes loose bonds down to the maximum, if there is one.</summary>
    public void Finish()
    {
        if (ExceedsMaximum())
        {
            Compress();
        }
    }

    /// <summary>Forgets which bonds are known to be needed.</summary>
    protected void Loosen() => _tight.AsSpan().Clear();

    /// <summary>Takes over the bonds of another chain.</summary>
    protected void CopyBonds(BondChain other)
    {
        other.Bonds.CopyTo(Bonds, 0);
        other._limits.CopyTo(_limits, 0);
        other._tight.CopyTo(_tight, 0);
        (Low, High, Phase) = (other.Low, other.High, other.Phase);
    }

    /// <summary>Applies a gate on one site.</summary>
    protected abstract void ApplySingle(int qubit, ReadOnlySpan<Complex> matrix);

    /// <summary>Applies a part of a gate to a site, whose bonds grow by those of the part.</summary>
    protected abstract void Expand(int qubit, OperatorCore core);

    /// <summary>A bond was enlarged by that of a part of a gate.</summary>
    protected virtual void Enlarge(int cut, OperatorCore core)
    {
    }

    /// <summary>Hands the bond of a gate on through a site.</summary>
    protected abstract void HandOn(int qubit, int factor);

    /// <summary>Makes a site an isometry from the left; what is left goes to its right neighbour, and the bond between is as large as the smaller side at most.</summary>
    protected abstract void ShiftRight(int qubit);

    /// <summary>As <see cref="ShiftRight"/>, to the left.</summary>
    protected abstract void ShiftLeft(int qubit);

    /// <summary>As <see cref="ShiftLeft"/> where everything left of the site is an isometry, so that the bond is taken down to what the state needs; gives the share of the norm that is lost.</summary>
    protected abstract double Truncate(int qubit);

    /// <summary>The state lost a share of its squared norm.</summary>
    protected abstract void Lose(double share);

    /// <summary>Takes the rounding of norms back at the centre.</summary>
    protected abstract void Renormalise(int centre);

    // From the nearer end to a cut, if that makes room for a factor.
    private bool Trim(int cut, int factor)
    {
        if (Full(cut) * factor > Limit(cut) || Bonds[cut] <= Full(cut))
        {
            return false;
        }

        if (cut <= NumQubits - cut)
        {
            for (; Low < cut; Low++)
            {
                ShiftRight(Low);
            }

            High = Math.Max(High, cut);
            return true;
        }

        for (; High >= cut; High--)
        {
            ShiftLeft(High);
        }

        Low = Math.Min(Low, High);
        return true;
    }

    // What the qubits on the smaller side of a cut can be entangled by.
    private int Full(int cut) => 1 << Math.Min(Math.Min(cut, NumQubits - cut), 24);

    private int Limit(int cut)
    {
        var free = Math.Max(_limits[cut], Math.Min(FreeBond, 4 * Full(cut)));
        return Policy.RequireExact || Policy.MaxBondDimension is not { } most ? free : Math.Min(free, 2 * most);
    }

    private bool ExceedsMaximum()
    {
        return Policy.MaxBondDimension is { } most && GreatestBond > most;
    }
}

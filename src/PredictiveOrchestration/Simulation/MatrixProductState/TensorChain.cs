using System.Numerics;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// One tensor for each site, as a matrix: rows are the value of the qubit there and the left bond (value · left + index), columns the right bond.
/// Sites left of <see cref="_low"/> are isometries from the left, sites right of <see cref="_high"/> from the right; between, gates have
/// enlarged bonds without more work. Where bonds get too large a sweep in each direction takes them down to what the state needs.
/// </summary>
internal sealed unsafe class TensorChain : IDisposable
{
    // What a state has in singular values below this, relative to the greatest, is rounding.
    private const double RankTolerance = 1e-14;

    // While the state is not canonical nothing may be cut: what is small on one side of a bond may be large on the other.
    private const double LooseTolerance = 0;

    // Below this bonds grow without a look at what they need.
    private const int FreeBond = 64;

    private readonly MatrixPool _pool;
    private readonly MatrixAlgebra _algebra;
    private readonly TruncationPolicy _policy;
    private readonly SiteMap _map;
    private readonly string _backendId;
    private readonly Matrix[] _sites;
    private readonly int[] _bonds;
    private readonly int[] _limits;
    private readonly bool[] _tight;
    private int _low;
    private int _high;
    private double _angle;
    private double _squaredNorm = 1;

    public TensorChain(int numQubits, TruncationPolicy policy, MatrixAlgebra algebra, SiteMap map, string backendId)
    {
        _algebra = algebra;
        _pool = algebra.Pool;
        _policy = policy;
        _map = map;
        _backendId = backendId;
        _sites = new Matrix[numQubits];
        _bonds = new int[numQubits + 1];
        _limits = new int[numQubits + 1];
        _tight = new bool[numQubits + 1];
        _bonds.AsSpan().Fill(1);
        for (var q = 0; q < numQubits; q++)
        {
            _sites[q] = _pool.Rent(2, 1);
            _sites[q].Re[0] = 1;
        }
    }

    public int NumQubits => _sites.Length;

    /// <summary>The global phase.</summary>
    public Complex Phase { get; set; } = Complex.One;

    /// <summary>The weight dropped by truncations.</summary>
    public double DiscardedWeight { get; private set; }

    /// <summary>The squared overlap with the exact state is surely not below this.</summary>
    public double FidelityLowerBound => _angle >= Math.PI / 2 ? 0 : Math.Pow(Math.Cos(_angle), 2);

    public MatrixAlgebra Algebra => _algebra;

    /// <summary>The numbers stored.</summary>
    public long Elements
    {
        get
        {
            long sum = 0;
            for (var q = 0; q < NumQubits; q++)
            {
                sum += 2L * _bonds[q] * _bonds[q + 1];
            }

            return Math.Max(1, sum);
        }
    }

    /// <summary>The greatest bond now.</summary>
    public int GreatestBond => _bonds.Max();

    public Matrix Site(int qubit) => _sites[qubit];

    /// <summary>The bond to the left of a qubit; that of qubit n is right of the last.</summary>
    public int Bond(int qubit) => _bonds[qubit];

    public void CopyFrom(TensorChain other)
    {
        for (var q = 0; q < NumQubits; q++)
        {
            Replace(q, _algebra.Copy(other._sites[q]));
        }

        other._bonds.CopyTo(_bonds, 0);
        other._limits.CopyTo(_limits, 0);
        other._tight.CopyTo(_tight, 0);
        (_low, _high, _angle, _squaredNorm, Phase, DiscardedWeight) = (other._low, other._high, other._angle, other._squaredNorm, other.Phase, other.DiscardedWeight);
    }

    /// <summary>Sets a tensor while a state is put in from the right: sites right of it are isometries.</summary>
    public void Load(int qubit, Matrix site)
    {
        Replace(qubit, site);
        _bonds[qubit] = site.Rows / 2;
        _bonds[qubit + 1] = site.Columns;
        (_low, _high) = (0, 0);
        _tight.AsSpan().Clear();
        _squaredNorm = _algebra.Kernels.Norm(site.Re, site.Im, site.Length);
    }

    /// <summary>Applies a one-qubit gate.</summary>
    public void Apply(int qubit, ReadOnlySpan<Complex> matrix)
    {
        var site = _sites[qubit];
        var half = (long)_bonds[qubit] * site.Stride;
        _algebra.Kernels.Mix(matrix, site.Re, site.Im, site.Re + half, site.Im + half, half);
    }

    /// <summary>Applies a gate on several qubits.</summary>
    public void Apply(OperatorString gate)
    {
        int first = gate.Qubits[0], last = gate.Qubits[^1];
        if (first == last)
        {
            Apply(first, gate.Cores[0][0, 0]);
            return;
        }

        if (!Fits(gate))
        {
            Compress();
        }

        _low = Math.Min(_low, first);
        _high = Math.Max(_high, last);
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
                _bonds[cut] = _sites[cut].Rows / 2;
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
                if (factor > 1 && !_tight[cut] && _bonds[cut] * (long)factor > Limit(cut) && !Trim(cut, factor))
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

        if (_low == qubit && _high == qubit)
        {
            return;
        }

        for (; _low < qubit; _low++)
        {
            ShiftRight(_low, LooseTolerance);
            _high = Math.Max(_high, _low + 1);
        }

        for (; _high > qubit; _high--)
        {
            ShiftLeft(_high, LooseTolerance);
            _low = Math.Min(_low, _high - 1);
        }

        Renormalise(qubit);
    }

    /// <summary>The squared norms of the parts where a qubit is zero and one; the centre is moved there.</summary>
    public (double Zero, double One) Weights(int qubit)
    {
        MoveCentre(qubit);
        var site = _sites[qubit];
        var half = (long)_bonds[qubit] * site.Stride;
        return (_algebra.Kernels.Norm(site.Re, site.Im, half), _algebra.Kernels.Norm(site.Re + half, site.Im + half, half));
    }

    /// <summary>Keeps the part where a qubit has a value, with norm 1, and takes the bonds down to what is left.</summary>
    public void Project(int qubit, bool value)
    {
        var (zero, one) = Weights(qubit);
        var site = _sites[qubit];
        var half = (long)_bonds[qubit] * site.Stride;
        var gone = value ? 0 : half;
        new Span<double>(site.Re + gone, checked((int)half)).Clear();
        new Span<double>(site.Im + gone, checked((int)half)).Clear();
        var kept = value ? one : zero;
        site.Scale(1 / Math.Sqrt(kept));
        _squaredNorm = 1;
        if (_angle > 0)
        {
            // An error of sine s becomes at most s / √p.
            _angle = Math.Asin(Math.Min(1, Math.Sin(Math.Min(_angle, Math.PI / 2)) / Math.Sqrt(kept / (zero + one))));
        }

        Settle(qubit);
    }

    /// <summary>Exchanges a qubit's values.</summary>
    public void Flip(int qubit) => Apply(qubit, [0, 1, 1, 0]);

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

        for (; _high > last; _high--)
        {
            ShiftLeft(_high, LooseTolerance);
            _low = Math.Min(_low, _high - 1);
        }

        for (; _low < last; _low++)
        {
            ShiftRight(_low, LooseTolerance);
        }

        // Each truncation projects into a subspace of the one before, so that of the norm of the state is left what the overlap of the
        // sweep's ends is: the shares kept multiply.
        var kept = 1.0;
        for (_high = last; _high >= first; _high--)
        {
            kept *= 1 - Truncate(_high);
            _low = _high - 1;
            _limits[_high] = 2 * _bonds[_high];
            _tight[_high] = true;
        }

        _angle += Math.Asin(Math.Sqrt(1 - kept));
        DiscardedWeight = 1 - ((1 - DiscardedWeight) * kept);
        Renormalise(_high);
    }

    /// <summary>Takes loose bonds down to the maximum, if there is one.</summary>
    public void Finish()
    {
        if (ExceedsMaximum())
        {
            Compress();
        }
    }

    public void Dispose()
    {
        foreach (var site in _sites)
        {
            site?.Dispose();
        }
    }

    // Every gate and every sweep leaves the norm off by a rounding, always the same way: what ten thousand of them add up to is taken back.
    private void Renormalise(int centre)
    {
        var site = _sites[centre];
        var norm = _algebra.Kernels.Norm(site.Re, site.Im, site.Length);
        if (norm > 0)
        {
            site.Scale(Math.Sqrt(_squaredNorm / norm));
        }
    }

    // After a projection: bonds on both sides may have become smaller, one after another as far as the qubits were entangled.
    private void Settle(int qubit)
    {
        var at = qubit;
        while (at < NumQubits - 1)
        {
            var before = _bonds[at + 1];
            ShiftRight(at, RankTolerance);
            _low = _high = ++at;
            if (_bonds[at] == before)
            {
                break;
            }
        }

        MoveCentre(qubit);
        for (at = qubit; at > 0; at--)
        {
            var before = _bonds[at];
            ShiftLeft(at, RankTolerance);
            _low = _high = at - 1;
            if (_bonds[at] == before)
            {
                break;
            }
        }
    }

    // From the nearer end to a cut, if that makes room for a factor.
    private bool Trim(int cut, int factor)
    {
        if (Full(cut) * factor > Limit(cut) || _bonds[cut] <= Full(cut))
        {
            return false;
        }

        if (cut <= NumQubits - cut)
        {
            for (; _low < cut; _low++)
            {
                ShiftRight(_low, LooseTolerance);
            }

            _high = Math.Max(_high, cut);
            return true;
        }

        for (; _high >= cut; _high--)
        {
            ShiftLeft(_high, LooseTolerance);
        }

        _low = Math.Min(_low, _high);
        return true;
    }

    // What the qubits on the smaller side of a cut can be entangled by.
    private int Full(int cut) => 1 << Math.Min(Math.Min(cut, NumQubits - cut), 24);

    private int Limit(int cut)
    {
        var free = Math.Max(_limits[cut], Math.Min(FreeBond, 4 * Full(cut)));
        return _policy.RequireExact || _policy.MaxBondDimension is not { } most ? free : Math.Min(free, 2 * most);
    }

    private bool ExceedsMaximum()
    {
        return _policy.MaxBondDimension is { } most && GreatestBond > most;
    }

    private void Expand(int qubit, OperatorCore core)
    {
        int left = _bonds[qubit], right = _bonds[qubit + 1], newLeft = left * core.Left;
        var old = _sites[qubit];
        var site = _pool.Rent(checked(2 * newLeft), checked(right * core.Right));
        for (var l = 0; l < core.Left; l++)
        {
            for (var r = 0; r < core.Right; r++)
            {
                var element = core[l, r];
                for (var value = 0; value < 2; value++)
                {
                    Complex u = element[2 * value], v = element[(2 * value) + 1];
                    if (u == Complex.Zero && v == Complex.Zero)
                    {
                        continue;
                    }

                    long to = ((long)((value * newLeft) + (l * left)) * site.Stride) + (r * right), zero = 0, one = (long)left * old.Stride;
                    for (var x = 0; x < left; x++, to += site.Stride, zero += old.Stride, one += old.Stride)
                    {
                        _algebra.Kernels.Combine(u, old.Re + zero, old.Im + zero, v, old.Re + one, old.Im + one, site.Re + to, site.Im + to, right);
                    }
                }
            }
        }

        Replace(qubit, site);
    }

    // A qubit between those of a gate: the bond of the gate passes through.
    private void HandOn(int qubit, int factor)
    {
        int left = _bonds[qubit], right = _bonds[qubit + 1];
        var old = _sites[qubit];
        if (factor == 1)
        {
            return;
        }

        var site = _pool.Rent(checked(2 * left * factor), checked(right * factor));
        for (var value = 0; value < 2; value++)
        {
            for (var k = 0; k < factor; k++)
            {
                for (var x = 0; x < left; x++)
                {
                    site.CopyRow((value * left * factor) + (k * left) + x, k * right, old, (value * left) + x, 0, right);
                }
            }
        }

        Replace(qubit, site);
    }

    // A = Q · C with orthonormal columns in Q; C goes to the right neighbour.
    private void ShiftRight(int qubit, double tolerance)
    {
        _algebra.Check();
        using var transposed = _algebra.Transpose(_sites[qubit]);
        var (l, q) = _algebra.Lq(transposed, tolerance);
        Replace(qubit, _algebra.Transpose(q!));
        q!.Dispose();
        using var carry = _algebra.Transpose(l);
        l.Dispose();
        MultiplyLeft(qubit + 1, carry);
    }

    // [A0 | A1] = L · Q; L goes to the left neighbour.
    private void ShiftLeft(int qubit, double tolerance)
    {
        _algebra.Check();
        using var wide = Wide(qubit);
        var (l, q) = _algebra.Lq(wide, tolerance);
        FromWide(qubit, q!);
        q!.Dispose();
        MultiplyRight(qubit - 1, l);
        l.Dispose();
    }

    // As ShiftLeft where everything left of the qubit is an isometry, so that what is cut is what the state loses: gives its share.
    private double Truncate(int qubit)
    {
        var most = _policy.MaxBondDimension ?? int.MaxValue;
        if (_policy.RequireExact || (_bonds[qubit] <= most && _policy.Cutoff == 0))
        {
            ShiftLeft(qubit, RankTolerance);
            if (_bonds[qubit] > most)
            {
                throw new BackendException(
                    BackendErrorKind.Unsupported, _backendId,
                    $"Backend '{_backendId}' needs a bond dimension of {_bonds[qubit]} between qubits {_map.QubitAt(qubit - 1)} and {_map.QubitAt(qubit)} (neighbours in the order chosen) at operation {_algebra.Operation}; the limit is {most}. Raise TruncationPolicy.MaxBondDimension, set RequireExact to false to truncate, or use another backend.")
                {
                    OperationIndex = _algebra.Operation,
                };
            }

            return 0;
        }

        using var wide = Wide(qubit);
        var (v, carry, share) = _algebra.Truncate(wide, most, _policy.Cutoff, RankTolerance);
        share = share > 1e-14 ? share : 0;
        carry.Scale(1 / Math.Sqrt(1 - share));
        FromWide(qubit, v);
        v.Dispose();
        MultiplyRight(qubit - 1, carry);
        carry.Dispose();
        return share;
    }

    private Matrix Wide(int qubit)
    {
        int left = _bonds[qubit], right = _bonds[qubit + 1];
        var wide = _pool.Rent(left, 2 * right);
        for (var value = 0; value < 2; value++)
        {
            for (var x = 0; x < left; x++)
            {
                wide.CopyRow(x, value * right, _sites[qubit], (value * left) + x, 0, right);
            }
        }

        return wide;
    }

    private void FromWide(int qubit, Matrix wide)
    {
        int left = wide.Rows, right = _bonds[qubit + 1];
        var site = _pool.Rent(2 * left, right);
        for (var value = 0; value < 2; value++)
        {
            for (var x = 0; x < left; x++)
            {
                site.CopyRow((value * left) + x, 0, wide, x, value * right, right);
            }
        }

        Replace(qubit, site);
        _bonds[qubit] = left;
    }

    private void MultiplyRight(int qubit, Matrix matrix)
    {
        Replace(qubit, _algebra.Multiply(_sites[qubit], matrix));
        _bonds[qubit + 1] = matrix.Columns;
    }

    private void MultiplyLeft(int qubit, Matrix matrix)
    {
        int left = _bonds[qubit], right = _bonds[qubit + 1];
        var old = _sites[qubit];
        var site = _pool.Rent(2 * matrix.Rows, right);
        for (var value = 0; value < 2; value++)
        {
            long from = (long)value * left * old.Stride, to = (long)value * matrix.Rows * site.Stride;
            _algebra.Multiply(matrix.Rows, right, left, matrix.Re, matrix.Im, matrix.Stride, old.Re + from, old.Im + from, old.Stride, site.Re + to, site.Im + to, site.Stride);
        }

        Replace(qubit, site);
        _bonds[qubit] = matrix.Rows;
    }

    private void Replace(int qubit, Matrix site)
    {
        _sites[qubit]?.Dispose();
        _sites[qubit] = site;
    }
}

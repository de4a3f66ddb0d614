using System.Numerics;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// One tensor for each site, as a matrix: rows are the value of the qubit there and the left bond (value · left + index), columns the right bond.
/// </summary>
internal sealed unsafe class TensorChain : BondChain, IDisposable
{
    // What a state has in singular values below this, relative to the greatest, is rounding.
    private const double RankTolerance = 1e-14;

    // While the state is not canonical nothing may be cut: what is small on one side of a bond may be large on the other.
    private const double LooseTolerance = 0;

    private readonly MatrixPool _pool;
    private readonly MatrixAlgebra _algebra;
    private readonly SiteMap _map;
    private readonly string _backendId;
    private readonly Matrix[] _sites;
    private double _angle;
    private double _squaredNorm = 1;

    public TensorChain(int numQubits, TruncationPolicy policy, MatrixAlgebra algebra, SiteMap map, string backendId)
        : base(numQubits, policy)
    {
        _algebra = algebra;
        _pool = algebra.Pool;
        _map = map;
        _backendId = backendId;
        _sites = new Matrix[numQubits];
        for (var q = 0; q < numQubits; q++)
        {
            _sites[q] = _pool.Rent(2, 1);
            _sites[q].Re[0] = 1;
        }
    }

    /// <summary>The weight dropped by truncations.</summary>
    public double DiscardedWeight { get; private set; }

    /// <summary>The squared overlap with the exact state is surely not below this.</summary>
    public double FidelityLowerBound => _angle >= Math.PI / 2 ? 0 : Math.Pow(Math.Cos(_angle), 2);

    public MatrixAlgebra Algebra => _algebra;

    public Matrix Site(int qubit) => _sites[qubit];

    public void CopyFrom(TensorChain other)
    {
        for (var q = 0; q < NumQubits; q++)
        {
            Replace(q, _algebra.Copy(other._sites[q]));
        }

        CopyBonds(other);
        (_angle, _squaredNorm, DiscardedWeight) = (other._angle, other._squaredNorm, other.DiscardedWeight);
    }

    /// <summary>Sets a tensor while a state is put in from the right: sites right of it are isometries.</summary>
    public void Load(int qubit, Matrix site)
    {
        Replace(qubit, site);
        Bonds[qubit] = site.Rows / 2;
        Bonds[qubit + 1] = site.Columns;
        (Low, High) = (0, 0);
        Loosen();
        _squaredNorm = _algebra.Kernels.Norm(site.Re, site.Im, site.Length);
    }

    /// <summary>Applies a one-qubit gate.</summary>
    public void Apply(int qubit, ReadOnlySpan<Complex> matrix)
    {
        var site = _sites[qubit];
        var half = (long)Bonds[qubit] * site.Stride;
        _algebra.Kernels.Mix(matrix, site.Re, site.Im, site.Re + half, site.Im + half, half);
    }

    /// <summary>The squared norms of the parts where a qubit is zero and one; the centre is moved there.</summary>
    public (double Zero, double One) Weights(int qubit)
    {
        MoveCentre(qubit);
        var site = _sites[qubit];
        var half = (long)Bonds[qubit] * site.Stride;
        return (_algebra.Kernels.Norm(site.Re, site.Im, half), _algebra.Kernels.Norm(site.Re + half, site.Im + half, half));
    }

    /// <summary>Keeps the part where a qubit has a value, with norm 1, and takes the bonds down to what is left.</summary>
    public void Project(int qubit, bool value)
    {
        var (zero, one) = Weights(qubit);
        var site = _sites[qubit];
        var half = (long)Bonds[qubit] * site.Stride;
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

    protected override void ApplySingle(int qubit, ReadOnlySpan<Complex> matrix) => Apply(qubit, matrix);

    protected override void ShiftRight(int qubit) => Shift(qubit, toLeft: false);

    protected override void ShiftLeft(int qubit) => Shift(qubit, toLeft: true);

    protected override void Lose(double share)
    {
        _angle += Math.Asin(Math.Sqrt(share));
        DiscardedWeight = 1 - ((1 - DiscardedWeight) * (1 - share));
    }

    public void Dispose()
    {
        foreach (var site in _sites)
        {
            site?.Dispose();
        }
    }

    // Every gate and every sweep leaves the norm off by a rounding, always the same way: what ten thousand of them add up to is taken back.
    protected override void Renormalise(int centre)
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
            var before = Bonds[at + 1];
            ShiftRight(at, RankTolerance);
            Low = High = ++at;
            if (Bonds[at] == before)
            {
                break;
            }
        }

        MoveCentre(qubit);
        for (at = qubit; at > 0; at--)
        {
            var before = Bonds[at];
            ShiftLeft(at, RankTolerance);
            Low = High = at - 1;
            if (Bonds[at] == before)
            {
                break;
            }
        }
    }

    protected override void Expand(int qubit, OperatorCore core)
    {
        int left = Bonds[qubit], right = Bonds[qubit + 1], newLeft = left * core.Left;
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
    protected override void HandOn(int qubit, int factor)
    {
        int left = Bonds[qubit], right = Bonds[qubit + 1];
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

    // Half of the tensor of a site that has one value is exactly zero, and takes no place in the rank; zeros come last in a factorisation.
    private void Shift(int qubit, bool toLeft)
    {
        var site = _sites[qubit];
        var half = (long)Bonds[qubit] * site.Stride;
        var isOne = _algebra.Kernels.Norm(site.Re, site.Im, half) == 0;
        if (isOne)
        {
            Flip(qubit);
        }

        var cutZeros = isOne || _algebra.Kernels.Norm(site.Re + half, site.Im + half, half) == 0;
        if (toLeft)
        {
            ShiftLeft(qubit, LooseTolerance, cutZeros);
        }
        else
        {
            ShiftRight(qubit, LooseTolerance, cutZeros);
        }

        if (isOne)
        {
            Flip(qubit);
        }
    }

    // A = Q · C with orthonormal columns in Q; C goes to the right neighbour.
    private void ShiftRight(int qubit, double tolerance, bool cutZeros = false)
    {
        _algebra.Check();
        using var transposed = _algebra.Transpose(_sites[qubit]);
        var (l, q) = _algebra.Lq(transposed, tolerance, cutZeros: cutZeros);
        Replace(qubit, _algebra.Transpose(q!));
        q!.Dispose();
        using var carry = _algebra.Transpose(l);
        l.Dispose();
        MultiplyLeft(qubit + 1, carry);
    }

    // [A0 | A1] = L · Q; L goes to the left neighbour.
    private void ShiftLeft(int qubit, double tolerance, bool cutZeros = false)
    {
        _algebra.Check();
        using var wide = Wide(qubit);
        var (l, q) = _algebra.Lq(wide, tolerance, cutZeros: cutZeros);
        FromWide(qubit, q!);
        q!.Dispose();
        MultiplyRight(qubit - 1, l);
        l.Dispose();
    }

    // As ShiftLeft where everything left of the qubit is an isometry, so that what is cut is what the state loses: gives its share.
    protected override double Truncate(int qubit)
    {
        var most = Policy.MaxBondDimension ?? int.MaxValue;
        if (Policy.RequireExact || (Bonds[qubit] <= most && Policy.Cutoff == 0))
        {
            ShiftLeft(qubit, RankTolerance);
            if (Bonds[qubit] > most)
            {
                throw new BackendException(
                    BackendErrorKind.Unsupported, _backendId,
                    $"Backend '{_backendId}' needs a bond dimension of {Bonds[qubit]} between qubits {_map.QubitAt(qubit - 1)} and {_map.QubitAt(qubit)} (neighbours in the order chosen) at operation {_algebra.Operation}; the limit is {most}. Raise TruncationPolicy.MaxBondDimension, set RequireExact to false to truncate, or use another backend.")
                {
                    OperationIndex = _algebra.Operation,
                };
            }

            return 0;
        }

        using var wide = Wide(qubit);
        var (v, carry, share) = _algebra.Truncate(wide, most, Policy.Cutoff, RankTolerance);
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
        int left = Bonds[qubit], right = Bonds[qubit + 1];
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
        int left = wide.Rows, right = Bonds[qubit + 1];
        var site = _pool.Rent(2 * left, right);
        for (var value = 0; value < 2; value++)
        {
            for (var x = 0; x < left; x++)
            {
                site.CopyRow((value * left) + x, 0, wide, x, value * right, right);
            }
        }

        Replace(qubit, site);
        Bonds[qubit] = left;
    }

    private void MultiplyRight(int qubit, Matrix matrix)
    {
        Replace(qubit, _algebra.Multiply(_sites[qubit], matrix));
        Bonds[qubit + 1] = matrix.Columns;
    }

    private void MultiplyLeft(int qubit, Matrix matrix)
    {
        int left = Bonds[qubit], right = Bonds[qubit + 1];
        var old = _sites[qubit];
        var site = _pool.Rent(2 * matrix.Rows, right);
        for (var value = 0; value < 2; value++)
        {
            long from = (long)value * left * old.Stride, to = (long)value * matrix.Rows * site.Stride;
            _algebra.Multiply(matrix.Rows, right, left, matrix.Re, matrix.Im, matrix.Stride, old.Re + from, old.Im + from, old.Stride, site.Re + to, site.Im + to, site.Stride);
        }

        Replace(qubit, site);
        Bonds[qubit] = matrix.Rows;
    }

    private void Replace(int qubit, Matrix site)
    {
        _sites[qubit]?.Dispose();
        _sites[qubit] = site;
    }
}

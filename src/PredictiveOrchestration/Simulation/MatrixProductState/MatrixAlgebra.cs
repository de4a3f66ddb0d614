using System.Numerics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>Products and orthogonal factors of matrices of a run. Long ones notice cancellation.</summary>
internal sealed unsafe class MatrixAlgebra(MatrixPool pool, MatrixKernelSet kernels, RunContext context)
{
    // Multiply-adds between two looks at the clock: some milliseconds.
    private const long CheckInterval = 20_000_000;

    // Squares below it lose digits to the end of the range of numbers: no reflector can be made of such a row. Rounding of rounding gets there.
    private const double Nothing = 1e-250;

    /// <summary>Where a singular value decomposition cuts the triangular factor that it begins with.</summary>
    public const double TriangularCut = 1e-15;

    // Rows up to which what goes with each is kept on the stack: operators of gates.
    private const int MostOnStack = 16;

    public MatrixPool Pool => pool;

    public MatrixKernelSet Kernels => kernels;

    /// <summary>The operation that is being applied, for messages.</summary>
    public int Operation { get; set; }

    public void Check() => context.Check(Operation);

    /// <summary>A · B.</summary>
    public Matrix Multiply(Matrix a, Matrix b)
    {
        var c = pool.Rent(a.Rows, b.Columns);
        Multiply(a.Rows, b.Columns, a.Columns, a.Re, a.Im, a.Stride, b.Re, b.Im, b.Stride, c.Re, c.Im, c.Stride);
        return c;
    }

    /// <summary>A product of parts of matrices.</summary>
    public void Multiply(int rows, int columns, int depth, double* ar, double* ai, long strideA, double* br, double* bi, long strideB, double* cr, double* ci, long strideC)
    {
        using var scratch = pool.RentUndefined(1, (int)(MatrixKernelSet.ScratchLength(columns, depth) / 2));
        var step = (int)Math.Clamp(CheckInterval / Math.Max(1, (long)columns * depth), 64, Math.Max(64, rows));
        for (var i = 0; i < rows; i += step)
        {
            if (i > 0)
            {
                Check();
            }

            kernels.Multiply(
                Math.Min(step, rows - i), columns, depth, ar + (i * strideA), ai + (i * strideA), strideA, br, bi, strideB, cr + (i * strideC), ci + (i * strideC), strideC, scratch.Re);
        }
    }

    public Matrix Copy(Matrix a)
    {
        var copy = pool.Rent(a.Rows, a.Columns);
        Buffer.MemoryCopy(a.Re, copy.Re, 8 * a.Length, 8 * a.Length);
        Buffer.MemoryCopy(a.Im, copy.Im, 8 * a.Length, 8 * a.Length);
        return copy;
    }

    /// <summary>The transpose, or the adjoint.</summary>
    public Matrix Transpose(Matrix a, bool conjugate = false)
    {
        const int Block = 8;
        var t = pool.Rent(a.Columns, a.Rows);
        var sign = conjugate ? -1.0 : 1;
        for (var first = 0; first < a.Rows; first += Block)
        {
            var end = Math.Min(a.Rows, first + Block);
            for (var j = 0; j < a.Columns; j++)
            {
                for (var i = first; i < end; i++)
                {
                    t.Re[((long)j * t.Stride) + i] = a.Re[((long)i * a.Stride) + j];
                    t.Im[((long)j * t.Stride) + i] = sign * a.Im[((long)i * a.Stride) + j];
                }
            }
        }

        return t;
    }

    /// <summary>
    /// M = L · Q with orthonormal rows in Q (Householder). With a tolerance the greatest remaining row is taken next, and the rank is cut
    /// where all that remain are below the tolerance times the greatest row of M. M is destroyed.
    /// </summary>
    /// <param name="m">The matrix.</param>
    /// <param name="tolerance">0: no pivoting.</param>
    /// <param name="wantQ">Whether Q is needed.</param>
    /// <param name="cutZeros">Without a tolerance: rows of which nothing is left take no place in the rank.</param>
    public (Matrix L, Matrix? Q) Lq(Matrix m, double tolerance, bool wantQ = true, bool cutZeros = false)
    {
        int rows = m.Rows, columns = m.Columns, most = Math.Min(rows, columns), stride = m.Stride;
        var isSmall = rows <= MostOnStack;
        Span<double> taus = isSmall ? stackalloc double[MostOnStack] : new double[most];
        Span<int> row = isSmall ? stackalloc int[MostOnStack] : new int[rows];
        row = row[..rows];
        for (var i = 0; i < rows; i++)
        {
            row[i] = i;
        }

        Span<double> norms = tolerance == 0 ? [] : isSmall ? stackalloc double[MostOnStack] : new double[rows];
        var greatest = 0.0;
        if (tolerance > 0)
        {
            norms = norms[..rows];
            for (var i = 0; i < rows; i++)
            {
                norms[i] = Norm(m, i, 0);
                greatest = Math.Max(greatest, norms[i]);
            }
        }

        var floor = tolerance * tolerance * greatest;
        var (rank, some) = (most, rows);
        var l = pool.Rent(rows, most);
        long work = 0;
        for (var i = 0; i < most; i++)
        {
            if (tolerance > 0 ? !Pivot(m, row, norms, i, floor) : cutZeros && !SkipZeros(m, row, i, ref some))
            {
                rank = i;
                break;
            }

            // The row's elements of L make room for the reflector, whose vectors begin before the diagonal.
            var start = i & -MatrixKernelSet.Alignment;
            double* wr = m.Re + ((long)row[i] * stride), wi = m.Im + ((long)row[i] * stride);
            MoveRow(m, l, row[i], i);
            var square = kernels.Norm(wr + start, wi + start, stride - start);
            if (square > Nothing)
            {
                // v = x + e^{i arg x_i} |x| e_i takes x to -e^{i arg x_i} |x| e_i.
                var norm = Math.Sqrt(square);
                // The phase must have modulus one, or the reflector is not unitary: squares of a tiny element would lose digits.
                var size = double.Hypot(wr[i], wi[i]);
                (size, var (pr, pi)) = size < Nothing ? (0, (1.0, 0.0)) : (size, (wr[i] / size, wi[i] / size));
                l[row[i], i] = new Complex(-pr * norm, -pi * norm);
                (wr[i], wi[i]) = (pr * (size + norm), pi * (size + norm));
                taus[i] = 1 / (norm * (norm + size));
                for (var z = i + 1; z < some; z++)
                {
                    double* zr = m.Re + ((long)row[z] * stride), zi = m.Im + ((long)row[z] * stride);
                    kernels.Reflect(wr + start, wi + start, taus[i], zr + start, zi + start, stride - start);
                    if (tolerance > 0)
                    {
                        var left = norms[z] - ((zr[i] * zr[i]) + (zi[i] * zi[i]));
                        norms[z] = left < 1e-6 * norms[z] || left < 1e-12 * greatest ? Norm(m, row[z], i + 1) : left;
                    }
                }
            }

            work += (long)(rows - i) * (stride - start);
            if (work > CheckInterval / 8)
            {
                // Reflections are bound by the cache, products are not.
                work = 0;
                Check();
            }
        }

        for (var i = rank; i < rows; i++)
        {
            MoveRow(m, l, row[i], rank);
        }

        var kept = Math.Max(1, rank);
        if (kept < most)
        {
            var narrow = pool.Rent(rows, kept);
            for (var i = 0; i < rows; i++)
            {
                narrow.CopyRow(i, 0, l, i, 0, kept);
            }

            l.Dispose();
            l = narrow;
        }

        return (l, wantQ ? Orthonormal(m, row, taus, kept) : null);
    }

    /// <summary>
    /// The singular value decomposition of M, cut: M ≈ U · Σ · V with orthonormal rows in V. One-sided Jacobi
    /// rotations on the rows of a triangular factor, which keep small singular values accurate.
    /// </summary>
    /// <param name="m">The matrix; kept.</param>
    /// <param name="cut">Singular values at or below it, relative to the greatest, are cut.</param>
    public SingularFactors Svd(Matrix m, double cut)
    {
        using var work = Copy(m);
        var (l, q) = Lq(work, TriangularCut);
        using var transposed = Transpose(l);
        l.Dispose();
        var (l2, _) = Lq(transposed, 0, wantQ: false);
        using var x = Transpose(l2);
        l2.Dispose();
        var values = JacobiRows(x, out var order);
        var rank = 0;
        while (rank < values.Length && values[rank] > cut * values[0])
        {
            rank++;
        }

        rank = Math.Max(1, rank);
        using var z = pool.Rent(rank, x.Columns);
        for (var i = 0; i < rank; i++)
        {
            z.CopyRow(i, 0, x, order[i], 0, x.Columns);
            var factor = values[i] > 0 ? 1 / values[i] : 0;
            for (var j = 0; j < x.Columns; j++)
            {
                z[i, j] *= factor;
            }
        }

        var v = Multiply(z, q!);
        q!.Dispose();
        return new SingularFactors(v, values);
    }

    /// <summary>M ≈ carry · V with orthonormal rows in V, at most <paramref name="most"/>, and the share of the squared norm that is lost.</summary>
    /// <param name="m">The matrix; kept.</param>
    /// <param name="most">The greatest rank.</param>
    /// <param name="cutoff">The share that may be lost besides.</param>
    /// <param name="tolerance">Singular values at or below it, relative to the greatest, are rounding.</param>
    public (Matrix V, Matrix Carry, double Lost) Truncate(Matrix m, int most, double cutoff, double tolerance)
    {
        // Where the values kept are well above what squaring loses, eigenvectors of the Gram matrix are good and three times as fast.
        if (cutoff == 0 && m.Rows > most && m.Columns > most && TruncateByGram(m, most) is { } fast)
        {
            return fast;
        }

        var (right, values) = Svd(m, tolerance);
        using var all = right;
        double total = 0, dropped = 0;
        foreach (var value in values)
        {
            total += value * value;
        }

        var rank = values.Length;
        while (rank > 1 && (rank > Math.Min(most, right.Rows) || dropped + (values[rank - 1] * values[rank - 1]) <= cutoff * total))
        {
            rank--;
            dropped += values[rank] * values[rank];
        }

        var v = pool.Rent(rank, right.Columns);
        for (var i = 0; i < rank; i++)
        {
            v.CopyRow(i, 0, right, i, 0, right.Columns);
        }

        using var adjoint = Transpose(v, conjugate: true);
        return (v, Multiply(m, adjoint), dropped / total);
    }

    private (Matrix V, Matrix Carry, double Lost)? TruncateByGram(Matrix m, int most)
    {
        const double Trusted = 1e-12;
        using var adjoint = Transpose(m, conjugate: true);
        using var gram = Multiply(m, adjoint);
        var total = 0.0;
        for (var i = 0; i < gram.Rows; i++)
        {
            total += gram[i, i].Real;
        }

        var (vectors, values) = HermitianEigen.Greatest(this, gram, most);
        using var rows = vectors;
        if (values[^1] < Trusted * values[0])
        {
            return null;
        }

        // U†M = L · V, and U · L is the carry.
        using var u = Transpose(rows);
        using var left = Transpose(u, conjugate: true);
        using var reduced = Multiply(left, m);
        var (l, v) = Lq(reduced, 0);
        var carry = Multiply(u, l);
        l.Dispose();
        return (v!, carry, Math.Max(0, 1 - (values.Sum() / total)));
    }

    /// <summary>Makes the rows orthogonal by rotations from the left; gives their norms, greatest first, and which row has each.</summary>
    public double[] JacobiRows(Matrix x, out int[] order)
    {
        const int MaxSweeps = 40;
        int rows = x.Rows, stride = x.Stride;
        var tolerance = 1e-15 * Math.Sqrt(rows);
        var norms = new double[rows];
        order = new int[rows];
        for (var i = 0; i < rows; i++)
        {
            order[i] = i;
        }

        for (var sweep = 0; sweep < MaxSweeps; sweep++)
        {
            double worst = 0, greatest = 0;
            for (var i = 0; i < rows; i++)
            {
                norms[i] = Norm(x, order[i], 0);
                greatest = Math.Max(greatest, norms[i]);
            }

            var floor = greatest * 1e-32;
            for (var p = 0; p < rows - 1; p++)
            {
                var best = p;
                for (var q = p + 1; q < rows; q++)
                {
                    best = norms[q] > norms[best] ? q : best;
                }

                (order[p], order[best], norms[p], norms[best]) = (order[best], order[p], norms[best], norms[p]);
                for (var q = p + 1; q < rows; q++)
                {
                    if (norms[q] > floor)
                    {
                        worst = Math.Max(worst, RotatePair(x, order, norms, p, q, tolerance));
                    }
                }

                if (((long)p * stride & 0xFFF) == 0)
                {
                    Check();
                }
            }

            // Convergence is quadratic: the sweep that found cosines below 1e-8 left none above rounding.
            if (worst < 1e-16)
            {
                break;
            }
        }

        for (var i = 0; i < rows; i++)
        {
            norms[i] = -Math.Sqrt(Norm(x, order[i], 0));
        }

        Array.Sort(norms, order);
        foreach (ref var norm in norms.AsSpan())
        {
            norm = -norm;
        }

        return norms;
    }

    // Q = (H_{k-1} … H_0 on the unit rows), the reflectors applied backwards.
    private Matrix Orthonormal(Matrix m, ReadOnlySpan<int> row, ReadOnlySpan<double> taus, int rank)
    {
        var q = pool.Rent(rank, m.Columns);
        long work = 0;
        for (var j = rank - 1; j >= 0; j--)
        {
            q.Re[((long)j * q.Stride) + j] = 1;
            if (taus[j] == 0)
            {
                continue;
            }

            var start = j & -MatrixKernelSet.Alignment;
            double* wr = m.Re + ((long)row[j] * m.Stride) + start, wi = m.Im + ((long)row[j] * m.Stride) + start;
            for (var z = j; z < rank; z++)
            {
                var at = ((long)z * q.Stride) + start;
                kernels.Reflect(wr, wi, taus[j], q.Re + at, q.Im + at, m.Stride - start);
            }

            work += (long)(rank - j) * (m.Stride - start);
            if (work > CheckInterval / 8)
            {
                work = 0;
                Check();
            }
        }

        return q;
    }

    private static void MoveRow(Matrix m, Matrix l, int row, int count)
    {
        long from = (long)row * m.Stride, to = (long)row * l.Stride;
        for (var j = 0; j < count; j++)
        {
            l.Re[to + j] = m.Re[from + j];
            l.Im[to + j] = m.Im[from + j];
            m.Re[from + j] = 0;
            m.Im[from + j] = 0;
        }
    }

    private double RotatePair(Matrix x, int[] order, double[] norms, int p, int q, double tolerance)
    {
        double* xr = x.Re + ((long)order[p] * x.Stride), xi = x.Im + ((long)order[p] * x.Stride), yr = x.Re + ((long)order[q] * x.Stride), yi = x.Im + ((long)order[q] * x.Stride);
        var (re, im) = kernels.Dot(xr, xi, yr, yi, x.Stride);
        var square = (re * re) + (im * im);
        var product = norms[p] * norms[q];
        if (square <= tolerance * tolerance * product)
        {
            return 0;
        }

        var g = Math.Sqrt(square);
        var zeta = (norms[q] - norms[p]) / (2 * g);
        var t = (zeta >= 0 ? 1 : -1) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
        var c = 1 / Math.Sqrt(1 + (t * t));
        var s = c * t;
        norms[p] = Math.Max(0, norms[p] - (t * g));
        norms[q] = Math.Max(0, norms[q] + (t * g));
        kernels.Rotate(xr, xi, yr, yi, c, s * re / g, s * im / g, x.Stride);
        return square / product;
    }

    // Rows of which nothing is left go to the end.
    private bool SkipZeros(Matrix m, Span<int> row, int i, ref int some)
    {
        while (i < some && Norm(m, row[i], i) <= Nothing)
        {
            some--;
            (row[i], row[some]) = (row[some], row[i]);
        }

        return i < some;
    }

    private bool Pivot(Matrix m, Span<int> row, Span<double> norms, int i, double floor)
    {
        var best = Greatest(norms, i);
        if (norms[best] <= floor)
        {
            // The updated norms lose digits: look again before giving up.
            for (var z = i; z < row.Length; z++)
            {
                norms[z] = Norm(m, row[z], i);
            }

            best = Greatest(norms, i);
            if (norms[best] <= floor)
            {
                return false;
            }
        }

        (row[i], row[best], norms[i], norms[best]) = (row[best], row[i], norms[best], norms[i]);
        return true;
    }

    private static int Greatest(ReadOnlySpan<double> norms, int from)
    {
        var best = from;
        for (var z = from + 1; z < norms.Length; z++)
        {
            best = norms[z] > norms[best] ? z : best;
        }

        return best;
    }

    private double Norm(Matrix m, int row, int column)
    {
        var start = column & -MatrixKernelSet.Alignment;
        double* re = m.Re + ((long)row * m.Stride), im = m.Im + ((long)row * m.Stride);
        var norm = kernels.Norm(re + start, im + start, m.Stride - start);
        if (column == start)
        {
            return norm;
        }

        norm = column + MatrixKernelSet.Alignment > m.Stride ? 0 : kernels.Norm(re + start + MatrixKernelSet.Alignment, im + start + MatrixKernelSet.Alignment, m.Stride - start - MatrixKernelSet.Alignment);
        for (var j = column; j < start + MatrixKernelSet.Alignment; j++)
        {
            norm += (re[j] * re[j]) + (im[j] * im[j]);
        }

        return norm;
    }
}

/// <summary>The right factor of a singular value decomposition.</summary>
/// <param name="V">The right singular vectors kept, as rows.</param>
/// <param name="Values">All singular values, greatest first.</param>
internal readonly record struct SingularFactors(Matrix V, double[] Values);

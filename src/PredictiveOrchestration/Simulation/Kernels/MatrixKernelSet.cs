using System.Numerics;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// Complex matrices as two planes of doubles, row after row. The stride of a row is a multiple of <see cref="Alignment"/>, and what
/// is beyond the last column is zero: kernels read whole vectors, so anything else there would be a silent error.
/// </summary>
internal abstract unsafe class MatrixKernelSet
{
    /// <summary>Strides are multiples of this: the widest vector.</summary>
    public const int Alignment = 8;

    /// <summary>The depth of a packed panel.</summary>
    public const int PanelDepth = 128;

    /// <summary>The name, for messages and for the environment variable.</summary>
    public abstract string Name { get; }

    /// <summary>The doubles of scratch that a product with <paramref name="columns"/> columns, of <paramref name="depth"/> terms each, needs.</summary>
    public static long ScratchLength(int columns, int depth) => (columns + 15L) / 16 * 16 * 2 * Math.Min(depth, PanelDepth);

    /// <summary>C = A · B, A being rows × depth and B depth × columns. C must not overlap the others.</summary>
    public abstract void Multiply(
        int rows, int columns, int depth, double* ar, double* ai, long strideA, double* br, double* bi, long strideB, double* cr, double* ci, long strideC, double* scratch);

    /// <summary>Σ |x|² of <paramref name="length"/> elements, a multiple of <see cref="Alignment"/>.</summary>
    public abstract double Norm(double* xr, double* xi, long length);

    /// <summary>The same of each of several rows.</summary>
    public abstract void Norms(double* xr, double* xi, long stride, Span<double> norms);

    /// <summary>Σ x · conj(y), the length a multiple of <see cref="Alignment"/>.</summary>
    public abstract (double Re, double Im) Dot(double* xr, double* xi, double* yr, double* yi, long length);

    /// <summary>z -= tau · (Σ z · conj(w)) · w: a Householder reflection of a row from the right.</summary>
    public abstract void Reflect(double* wr, double* wi, double tau, double* zr, double* zi, long length);

    /// <summary>x, y = c · x - e · y, conj(e) · x + c · y.</summary>
    public abstract void Rotate(double* xr, double* xi, double* yr, double* yi, double c, double er, double ei, long length);

    /// <summary>x, y = c · x - s · y, s · x + c · y of real numbers, the length a multiple of <see cref="Alignment"/>.</summary>
    public abstract void RotateReal(double* x, double* y, double c, double s, long length);

    /// <summary>z -= u · x + v · y, the length a multiple of <see cref="Alignment"/>.</summary>
    public abstract void Subtract(Complex u, double* xr, double* xi, Complex v, double* yr, double* yi, double* zr, double* zi, long length);

    /// <summary>z = u · x + v · y, of any length; z may be x or y.</summary>
    public abstract void Combine(Complex u, double* xr, double* xi, Complex v, double* yr, double* yi, double* zr, double* zi, long length);

    /// <summary>x, y = a · x + b · y, c · x + d · y, the length a multiple of <see cref="Alignment"/>: a one-qubit gate.</summary>
    public abstract void Mix(ReadOnlySpan<Complex> matrix, double* xr, double* xi, double* yr, double* yi, long length);
}

/// <summary>The kernels for one vector width.</summary>
internal sealed unsafe class MatrixKernelSet<TVector, TLanes>(string name) : MatrixKernelSet
    where TVector : struct
    where TLanes : struct, ILanes<TVector, double>
{
    private const int RowBlock = 64;

    public override string Name => name;

    private static int Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 << TLanes.LaneBits;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(
        int rows, int columns, int depth, double* ar, double* ai, long strideA, double* br, double* bi, long strideB, double* cr, double* ci, long strideC, double* scratch)
    {
        var lanes = Lanes;
        var pair = 2 * lanes;
        var vectors = (columns + lanes - 1) / lanes;
        var panels = (vectors + 1) / 2;
        for (var k = 0; k < depth; k += PanelDepth)
        {
            var deep = Math.Min(PanelDepth, depth - k);
            for (var p = 0; p < panels; p++)
            {
                Pack(br + (k * strideB) + (p * pair), bi + (k * strideB) + (p * pair), strideB, deep, (2 * p) + 1 < vectors, scratch + ((long)p * deep * 2 * pair));
            }

            for (var block = 0; block < rows; block += RowBlock)
            {
                var end = Math.Min(rows, block + RowBlock);
                for (var p = 0; p < panels; p++)
                {
                    var panel = scratch + ((long)p * deep * 2 * pair);
                    var full = (2 * p) + 1 < vectors;
                    var i = block;
                    for (; i + 1 < end; i += 2)
                    {
                        var a = (i * strideA) + k;
                        var c = (i * strideC) + (p * pair);
                        if (full)
                        {
                            Tile(deep, ar + a, ai + a, strideA, panel, cr + c, ci + c, strideC, k > 0);
                        }
                        else
                        {
                            HalfTile(deep, ar + a, ai + a, strideA, panel, cr + c, ci + c, strideC, k > 0);
                        }
                    }

                    if (i < end)
                    {
                        var a = (i * strideA) + k;
                        var c = (i * strideC) + (p * pair);
                        LastRow(deep, ar + a, ai + a, panel, cr + c, ci + c, full, k > 0);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override double Norm(double* xr, double* xi, long length) => Squares(xr, xi, length);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Norms(double* xr, double* xi, long stride, Span<double> norms)
    {
        foreach (ref var norm in norms)
        {
            norm = Squares(xr, xi, stride);
            xr += stride;
            xi += stride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override (double Re, double Im) Dot(double* xr, double* xi, double* yr, double* yi, long length)
    {
        var lanes = Lanes;
        TVector a = TLanes.Zero, b = TLanes.Zero, c = TLanes.Zero, d = TLanes.Zero;
        for (long j = 0; j < length; j += lanes)
        {
            var p = TLanes.Load(xr + j);
            var q = TLanes.Load(xi + j);
            var u = TLanes.Load(yr + j);
            var v = TLanes.Load(yi + j);
            a = TLanes.MultiplyAdd(p, u, a);
            b = TLanes.MultiplyAdd(q, v, b);
            c = TLanes.MultiplyAdd(q, u, c);
            d = TLanes.MultiplySubtract(p, v, d);
        }

        return (TLanes.Sum(TLanes.Add(a, b)), TLanes.Sum(TLanes.Add(c, d)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Reflect(double* wr, double* wi, double tau, double* zr, double* zi, long length)
    {
        var lanes = Lanes;
        var (re, im) = Dot(zr, zi, wr, wi, length);
        var x = TLanes.Broadcast(tau * re);
        var y = TLanes.Broadcast(tau * im);
        for (long j = 0; j < length; j += lanes)
        {
            var u = TLanes.Load(wr + j);
            var v = TLanes.Load(wi + j);
            TLanes.Store(TLanes.MultiplyAdd(y, v, TLanes.MultiplySubtract(x, u, TLanes.Load(zr + j))), zr + j);
            TLanes.Store(TLanes.MultiplySubtract(y, u, TLanes.MultiplySubtract(x, v, TLanes.Load(zi + j))), zi + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Rotate(double* xr, double* xi, double* yr, double* yi, double c, double er, double ei, long length)
    {
        var lanes = Lanes;
        var cosine = TLanes.Broadcast(c);
        var re = TLanes.Broadcast(er);
        var im = TLanes.Broadcast(ei);
        for (long j = 0; j < length; j += lanes)
        {
            var a = TLanes.Load(xr + j);
            var b = TLanes.Load(xi + j);
            var u = TLanes.Load(yr + j);
            var v = TLanes.Load(yi + j);
            TLanes.Store(TLanes.MultiplyAdd(im, v, TLanes.MultiplySubtract(re, u, TLanes.Multiply(cosine, a))), xr + j);
            TLanes.Store(TLanes.MultiplySubtract(im, u, TLanes.MultiplySubtract(re, v, TLanes.Multiply(cosine, b))), xi + j);
            TLanes.Store(TLanes.MultiplyAdd(im, b, TLanes.MultiplyAdd(re, a, TLanes.Multiply(cosine, u))), yr + j);
            TLanes.Store(TLanes.MultiplySubtract(im, a, TLanes.MultiplyAdd(re, b, TLanes.Multiply(cosine, v))), yi + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void RotateReal(double* x, double* y, double c, double s, long length)
    {
        var lanes = Lanes;
        var cosine = TLanes.Broadcast(c);
        var sine = TLanes.Broadcast(s);
        for (long j = 0; j < length; j += lanes)
        {
            var a = TLanes.Load(x + j);
            var b = TLanes.Load(y + j);
            TLanes.Store(TLanes.MultiplySubtract(sine, b, TLanes.Multiply(cosine, a)), x + j);
            TLanes.Store(TLanes.MultiplyAdd(sine, a, TLanes.Multiply(cosine, b)), y + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Subtract(Complex u, double* xr, double* xi, Complex v, double* yr, double* yi, double* zr, double* zi, long length)
    {
        var lanes = Lanes;
        TVector a = TLanes.Broadcast(u.Real), b = TLanes.Broadcast(u.Imaginary), c = TLanes.Broadcast(v.Real), d = TLanes.Broadcast(v.Imaginary);
        for (long j = 0; j < length; j += lanes)
        {
            var p = TLanes.Load(xr + j);
            var q = TLanes.Load(xi + j);
            var f = TLanes.Load(yr + j);
            var g = TLanes.Load(yi + j);
            var re = TLanes.MultiplyAdd(b, q, TLanes.MultiplySubtract(a, p, TLanes.Load(zr + j)));
            var im = TLanes.MultiplySubtract(b, p, TLanes.MultiplySubtract(a, q, TLanes.Load(zi + j)));
            TLanes.Store(TLanes.MultiplyAdd(d, g, TLanes.MultiplySubtract(c, f, re)), zr + j);
            TLanes.Store(TLanes.MultiplySubtract(d, f, TLanes.MultiplySubtract(c, g, im)), zi + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Combine(Complex u, double* xr, double* xi, Complex v, double* yr, double* yi, double* zr, double* zi, long length)
    {
        var lanes = Lanes;
        TVector a = TLanes.Broadcast(u.Real), b = TLanes.Broadcast(u.Imaginary), c = TLanes.Broadcast(v.Real), d = TLanes.Broadcast(v.Imaginary);
        long j = 0;
        for (; j + lanes <= length; j += lanes)
        {
            var p = TLanes.Load(xr + j);
            var q = TLanes.Load(xi + j);
            var f = TLanes.Load(yr + j);
            var g = TLanes.Load(yi + j);
            TLanes.Store(TLanes.MultiplySubtract(d, g, TLanes.MultiplyAdd(c, f, TLanes.MultiplySubtract(b, q, TLanes.Multiply(a, p)))), zr + j);
            TLanes.Store(TLanes.MultiplyAdd(d, f, TLanes.MultiplyAdd(c, g, TLanes.MultiplyAdd(b, p, TLanes.Multiply(a, q)))), zi + j);
        }

        for (; j < length; j++)
        {
            var re = (u.Real * xr[j]) - (u.Imaginary * xi[j]) + (v.Real * yr[j]) - (v.Imaginary * yi[j]);
            zi[j] = (u.Real * xi[j]) + (u.Imaginary * xr[j]) + (v.Real * yi[j]) + (v.Imaginary * yr[j]);
            zr[j] = re;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Mix(ReadOnlySpan<Complex> matrix, double* xr, double* xi, double* yr, double* yi, long length)
    {
        var lanes = Lanes;
        TVector ar = TLanes.Broadcast(matrix[0].Real), ai = TLanes.Broadcast(matrix[0].Imaginary), br = TLanes.Broadcast(matrix[1].Real), bi = TLanes.Broadcast(matrix[1].Imaginary);
        TVector cr = TLanes.Broadcast(matrix[2].Real), ci = TLanes.Broadcast(matrix[2].Imaginary), dr = TLanes.Broadcast(matrix[3].Real), di = TLanes.Broadcast(matrix[3].Imaginary);
        for (long j = 0; j < length; j += lanes)
        {
            var p = TLanes.Load(xr + j);
            var q = TLanes.Load(xi + j);
            var f = TLanes.Load(yr + j);
            var g = TLanes.Load(yi + j);
            TLanes.Store(TLanes.MultiplySubtract(bi, g, TLanes.MultiplyAdd(br, f, TLanes.MultiplySubtract(ai, q, TLanes.Multiply(ar, p)))), xr + j);
            TLanes.Store(TLanes.MultiplyAdd(bi, f, TLanes.MultiplyAdd(br, g, TLanes.MultiplyAdd(ai, p, TLanes.Multiply(ar, q)))), xi + j);
            TLanes.Store(TLanes.MultiplySubtract(di, g, TLanes.MultiplyAdd(dr, f, TLanes.MultiplySubtract(ci, q, TLanes.Multiply(cr, p)))), yr + j);
            TLanes.Store(TLanes.MultiplyAdd(di, f, TLanes.MultiplyAdd(dr, g, TLanes.MultiplyAdd(ci, p, TLanes.Multiply(cr, q)))), yi + j);
        }
    }

    private static void Pack(double* br, double* bi, long stride, int depth, bool full, double* panel)
    {
        var lanes = Lanes;
        for (var k = 0; k < depth; k++, br += stride, bi += stride, panel += 4 * lanes)
        {
            TLanes.Store(TLanes.Load(br), panel);
            TLanes.Store(full ? TLanes.Load(br + lanes) : TLanes.Zero, panel + lanes);
            TLanes.Store(TLanes.Load(bi), panel + (2 * lanes));
            TLanes.Store(full ? TLanes.Load(bi + lanes) : TLanes.Zero, panel + (3 * lanes));
        }
    }

    // Two rows by two vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(int depth, double* ar, double* ai, long strideA, double* panel, double* cr, double* ci, long strideC, bool add)
    {
        var lanes = Lanes;
        TVector r00 = TLanes.Zero, r01 = TLanes.Zero, r10 = TLanes.Zero, r11 = TLanes.Zero, i00 = TLanes.Zero, i01 = TLanes.Zero, i10 = TLanes.Zero, i11 = TLanes.Zero;
        double* ar1 = ar + strideA, ai1 = ai + strideA;
        for (var k = 0; k < depth; k++, panel += 4 * lanes)
        {
            TVector b0 = TLanes.Load(panel), b1 = TLanes.Load(panel + lanes), d0 = TLanes.Load(panel + (2 * lanes)), d1 = TLanes.Load(panel + (3 * lanes));
            var x = TLanes.Broadcast(ar[k]);
            r00 = TLanes.MultiplyAdd(x, b0, r00);
            r01 = TLanes.MultiplyAdd(x, b1, r01);
            i00 = TLanes.MultiplyAdd(x, d0, i00);
            i01 = TLanes.MultiplyAdd(x, d1, i01);
            var y = TLanes.Broadcast(ar1[k]);
            r10 = TLanes.MultiplyAdd(y, b0, r10);
            r11 = TLanes.MultiplyAdd(y, b1, r11);
            i10 = TLanes.MultiplyAdd(y, d0, i10);
            i11 = TLanes.MultiplyAdd(y, d1, i11);
            x = TLanes.Broadcast(ai[k]);
            r00 = TLanes.MultiplySubtract(x, d0, r00);
            r01 = TLanes.MultiplySubtract(x, d1, r01);
            i00 = TLanes.MultiplyAdd(x, b0, i00);
            i01 = TLanes.MultiplyAdd(x, b1, i01);
            y = TLanes.Broadcast(ai1[k]);
            r10 = TLanes.MultiplySubtract(y, d0, r10);
            r11 = TLanes.MultiplySubtract(y, d1, r11);
            i10 = TLanes.MultiplyAdd(y, b0, i10);
            i11 = TLanes.MultiplyAdd(y, b1, i11);
        }

        Put(r00, cr, add);
        Put(r01, cr + lanes, add);
        Put(r10, cr + strideC, add);
        Put(r11, cr + strideC + lanes, add);
        Put(i00, ci, add);
        Put(i01, ci + lanes, add);
        Put(i10, ci + strideC, add);
        Put(i11, ci + strideC + lanes, add);
    }

    // Two rows by one vector.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HalfTile(int depth, double* ar, double* ai, long strideA, double* panel, double* cr, double* ci, long strideC, bool add)
    {
        var lanes = Lanes;
        TVector r0 = TLanes.Zero, r1 = TLanes.Zero, i0 = TLanes.Zero, i1 = TLanes.Zero, s0 = TLanes.Zero, s1 = TLanes.Zero, j0 = TLanes.Zero, j1 = TLanes.Zero;
        double* ar1 = ar + strideA, ai1 = ai + strideA;
        for (var k = 0; k < depth; k++, panel += 4 * lanes)
        {
            TVector b = TLanes.Load(panel), d = TLanes.Load(panel + (2 * lanes));
            TVector x = TLanes.Broadcast(ar[k]), y = TLanes.Broadcast(ar1[k]), z = TLanes.Broadcast(ai[k]), w = TLanes.Broadcast(ai1[k]);
            r0 = TLanes.MultiplyAdd(x, b, r0);
            i0 = TLanes.MultiplyAdd(x, d, i0);
            r1 = TLanes.MultiplyAdd(y, b, r1);
            i1 = TLanes.MultiplyAdd(y, d, i1);
            s0 = TLanes.MultiplySubtract(z, d, s0);
            j0 = TLanes.MultiplyAdd(z, b, j0);
            s1 = TLanes.MultiplySubtract(w, d, s1);
            j1 = TLanes.MultiplyAdd(w, b, j1);
        }

        Put(TLanes.Add(r0, s0), cr, add);
        Put(TLanes.Add(r1, s1), cr + strideC, add);
        Put(TLanes.Add(i0, j0), ci, add);
        Put(TLanes.Add(i1, j1), ci + strideC, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LastRow(int depth, double* ar, double* ai, double* panel, double* cr, double* ci, bool full, bool add)
    {
        var lanes = Lanes;
        TVector r0 = TLanes.Zero, r1 = TLanes.Zero, i0 = TLanes.Zero, i1 = TLanes.Zero;
        for (var k = 0; k < depth; k++, panel += 4 * lanes)
        {
            TVector x = TLanes.Broadcast(ar[k]), z = TLanes.Broadcast(ai[k]);
            TVector b0 = TLanes.Load(panel), b1 = TLanes.Load(panel + lanes), d0 = TLanes.Load(panel + (2 * lanes)), d1 = TLanes.Load(panel + (3 * lanes));
            r0 = TLanes.MultiplySubtract(z, d0, TLanes.MultiplyAdd(x, b0, r0));
            r1 = TLanes.MultiplySubtract(z, d1, TLanes.MultiplyAdd(x, b1, r1));
            i0 = TLanes.MultiplyAdd(z, b0, TLanes.MultiplyAdd(x, d0, i0));
            i1 = TLanes.MultiplyAdd(z, b1, TLanes.MultiplyAdd(x, d1, i1));
        }

        Put(r0, cr, add);
        Put(i0, ci, add);
        if (full)
        {
            Put(r1, cr + lanes, add);
            Put(i1, ci + lanes, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Squares(double* xr, double* xi, long length)
    {
        var lanes = Lanes;
        TVector a = TLanes.Zero, b = TLanes.Zero;
        for (long j = 0; j < length; j += lanes)
        {
            var p = TLanes.Load(xr + j);
            var q = TLanes.Load(xi + j);
            a = TLanes.MultiplyAdd(p, p, a);
            b = TLanes.MultiplyAdd(q, q, b);
        }

        return TLanes.Sum(TLanes.Add(a, b));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector value, double* address, bool add) =>
        TLanes.Store(add ? TLanes.Add(value, TLanes.Load(address)) : value, address);
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// The dense kernels for one vector width and one precision. Amplitudes are planar: real parts and imaginary parts apart. Index bits below the lane bits
/// are folded into lane-wise coefficients and lane exchanges, so that a kernel serves every position of targets and controls.
/// </summary>
internal abstract unsafe class DenseKernelSet
{
    /// <summary>The name that the environment override takes.</summary>
    public abstract string Name { get; }

    /// <summary>Index bits 0 to LaneBits - 1 are the lane of a vector.</summary>
    public abstract int LaneBits { get; }

    /// <summary>The bytes of a real number: 8 or 4.</summary>
    public abstract int ElementBytes { get; }

    /// <summary>Rounds coefficients to the precision.</summary>
    public abstract CoefficientTable Table(ReadOnlySpan<double> values, CoefficientTable? room = null);

    /// <summary>Writes consecutive amplitudes, given as pairs of real and imaginary part.</summary>
    public abstract void Write(void* re, void* im, long first, ReadOnlySpan<Complex> amplitudes);

    /// <summary>Reads consecutive amplitudes and multiplies them by a phase.</summary>
    public abstract void Read(void* re, void* im, long first, Complex phase, Span<Complex> amplitudes);

    /// <summary>Reads consecutive |a|².</summary>
    public abstract void Probabilities(void* re, void* im, long first, Span<double> probabilities);

    /// <summary>The number of consecutive amplitudes with |a|² above a threshold.</summary>
    public abstract int CountAbove(void* re, void* im, long first, int count, double threshold);

    /// <summary>Writes the positions, relative to the first, of the same amplitudes in ascending order, and returns their number.</summary>
    public abstract int SelectAbove(void* re, void* im, long first, double threshold, Span<ushort> positions);

    /// <summary>Runs a step other than <see cref="KernelKind.Phase"/> on a block of 2^blockBits amplitudes.</summary>
    public abstract void Run(in KernelStep step, int blockBits, void* re, void* im, void* coefficients);

    /// <summary>Multiplies a block by a diagonal.</summary>
    /// <param name="program">The diagonal.</param>
    /// <param name="block">The global index of the block, bits of the block being 0.</param>
    /// <param name="re">Real parts.</param>
    /// <param name="im">Imaginary parts.</param>
    /// <param name="scratch">At least <see cref="PhaseProgram.ScratchBytes"/>.</param>
    public abstract void RunPhase(PhaseProgram program, long block, void* re, void* im, void* scratch);

    /// <summary>
    /// Σ |a|² over the indices from <paramref name="first"/> that have the bit of <paramref name="bit"/> set; over all if it is 0.
    /// The count is a power of two, at least the lanes, and divides the first index.
    /// </summary>
    public abstract double Norm(void* re, void* im, long first, long count, long bit);

    /// <summary>Multiplies the amplitudes of an index range, a multiple of the lanes, by one of two numbers, chosen by an index bit.</summary>
    public abstract void Scale(void* re, void* im, long first, long count, long bit, double whereZero, double whereOne);

    /// <summary>Σ (-1)^{|i ∧ signs|} conj(a[i ^ flip]) a[i] over consecutive indices from <paramref name="first"/>, a multiple of the lanes.</summary>
    public abstract (double Re, double Im) Correlation(void* re, void* im, long first, long count, long flip, long signs);
}

/// <inheritdoc/>
internal sealed unsafe class DenseKernelSet<TVector, T, TLanes>(string name) : DenseKernelSet
    where TVector : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    public override string Name => name;

    public override int LaneBits => TLanes.LaneBits;

    public override int ElementBytes => sizeof(T);

    private const long TermsPerSum = 64;

    private static int Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 << TLanes.LaneBits;
    }

    public override CoefficientTable Table(ReadOnlySpan<double> values, CoefficientTable? room = null) => CoefficientTable.Create<T>(values, room);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Write(void* re, void* im, long first, ReadOnlySpan<Complex> amplitudes)
    {
        T* r = (T*)re + first, i = (T*)im + first;
        for (var k = 0; k < amplitudes.Length; k++)
        {
            r[k] = T.CreateTruncating(amplitudes[k].Real);
            i[k] = T.CreateTruncating(amplitudes[k].Imaginary);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Read(void* re, void* im, long first, Complex phase, Span<Complex> amplitudes)
    {
        T* r = (T*)re + first, i = (T*)im + first;
        double pr = phase.Real, pi = phase.Imaginary;
        for (var k = 0; k < amplitudes.Length; k++)
        {
            double ar = double.CreateTruncating(r[k]), ai = double.CreateTruncating(i[k]);
            amplitudes[k] = new Complex(ar * pr - ai * pi, ar * pi + ai * pr);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Probabilities(void* re, void* im, long first, Span<double> probabilities)
    {
        T* r = (T*)re + first, i = (T*)im + first;
        for (var k = 0; k < probabilities.Length; k++)
        {
            double ar = double.CreateTruncating(r[k]), ai = double.CreateTruncating(i[k]);
            probabilities[k] = ar * ar + ai * ai;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int CountAbove(void* re, void* im, long first, int count, double threshold)
    {
        T* r = (T*)re + first, i = (T*)im + first;
        var least = T.CreateTruncating(threshold);
        var leasts = new Vector<T>(least);
        var counts = Vector<T>.Zero;
        var k = 0;
        for (; k <= count - Vector<T>.Count; k += Vector<T>.Count)
        {
            Vector<T> a = Vector.Load(r + k), b = Vector.Load(i + k);
            counts += Vector.ConditionalSelect(Vector.GreaterThan(a * a + b * b, leasts), Vector<T>.One, Vector<T>.Zero);
        }

        var found = int.CreateTruncating(Vector.Sum(counts));
        for (; k < count; k++)
        {
            found += r[k] * r[k] + i[k] * i[k] > least ? 1 : 0;
        }

        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int SelectAbove(void* re, void* im, long first, double threshold, Span<ushort> positions)
    {
        T* r = (T*)re + first, i = (T*)im + first;
        var least = T.CreateTruncating(threshold);
        var leasts = new Vector<T>(least);
        var found = 0;
        for (int k = 0, end = 0; k < positions.Length;)
        {
            end = Math.Min(k + Vector<T>.Count, positions.Length);
            if (end - k == Vector<T>.Count)
            {
                Vector<T> a = Vector.Load(r + k), b = Vector.Load(i + k);
                if (Vector.LessThanOrEqualAll(a * a + b * b, leasts))
                {
                    k = end;
                    continue;
                }
            }

            for (; k < end; k++)
            {
                positions[found] = (ushort)k;
                found += r[k] * r[k] + i[k] * i[k] > least ? 1 : 0;
            }
        }

        return found;
    }

    public override void Run(in KernelStep step, int blockBits, void* realParts, void* imaginaryParts, void* coefficients)
    {
        T* re = (T*)realParts, im = (T*)imaginaryParts;
        var groups = 1L << (blockBits - TLanes.LaneBits - BitOperations.PopCount((ulong)step.FixedMask));
        var c = (T*)coefficients + step.Coefficients;
        switch (step.Kind)
        {
            case KernelKind.Pair:
                Pair(step, groups, re, im, c);
                break;
            case KernelKind.RealPair:
                RealPair(step, groups, re, im, c);
                break;
            case KernelKind.Lane:
                Lane(step, groups, re, im, c);
                break;
            case KernelKind.Exchange:
                ExchangeHalves(step, groups, re, im);
                break;
            case KernelKind.Multiply:
                Multiply(step, groups, re, im, c);
                break;
            case KernelKind.Matrix when step.VectorCount * step.ExchangeCount == 4:
                Quad(step, groups, re, im, c);
                break;
            case KernelKind.Matrix:
                Matrix(step, groups, re, im, c);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step), step.Kind, $"A step of kind '{step.Kind}' is not a plain kernel.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void RunPhase(PhaseProgram program, long block, void* realParts, void* imaginaryParts, void* scratch)
    {
        T* re = (T*)realParts, im = (T*)imaginaryParts, rows = (T*)scratch, tables = (T*)program.Tables.Pointer;
        var rowLength = 1 << program.RowBits;
        var highBits = program.BlockBits - program.RowBits;
        var rowSize = 2 * rowLength;

        // Scratch: one row for each possible lowest set bit, the root row behind them, then the block's high factors.
        var root = rows + highBits * rowSize;
        var factors = (double*)(root + rowSize);
        new Span<T>(tables, rowSize).CopyTo(new Span<T>(root, rowSize));
        program.HighFactors.AsSpan().CopyTo(new Span<double>(factors, 2 * highBits));
        foreach (var outer in program.Outer)
        {
            if ((block & outer.Mask) == 0)
            {
                continue;
            }

            if (outer.Row > 0)
            {
                MultiplyRow(root, root, tables + outer.Row, outer.Re, outer.Im, rowLength);
            }
            else
            {
                ScaleRow(root, root, outer.Re, outer.Im, rowLength);
            }

            for (var h = 0; outer.HighFactors is { } high && h < highBits; h++)
            {
                (factors[2 * h], factors[2 * h + 1]) = (
                    factors[2 * h] * high[2 * h] - factors[2 * h + 1] * high[2 * h + 1],
                    factors[2 * h] * high[2 * h + 1] + factors[2 * h + 1] * high[2 * h]);
            }
        }

        foreach (var (mask, pairRe, pairIm) in program.OuterPairs)
        {
            if ((block & mask) == mask)
            {
                ScaleRow(root, root, pairRe, pairIm, rowLength);
            }
        }

        var skip = program.CommonBit < 0 ? 0 : 1 << (program.CommonBit - program.RowBits);
        if (skip == 0)
        {
            ApplyRow(re, im, root, rowLength);
        }
        else
        {
            ApplyRow(re + ((long)skip << program.RowBits), im + ((long)skip << program.RowBits), root, rowLength);
        }

        for (var high = 1; high < 1 << highBits; high++)
        {
            if ((high & skip) != 0)
            {
                // The common bit counts as 0 here, so that a row serves its own high part with the bit set.
                continue;
            }

            var lowest = BitOperations.TrailingZeroCount(high);
            var rest = high & (high - 1);
            var parent = rest == 0 ? root : rows + BitOperations.TrailingZeroCount(rest) * rowSize;
            double fr = factors[2 * lowest], fi = factors[2 * lowest + 1];
            for (var bits = rest; bits != 0; bits &= bits - 1)
            {
                var at = 2 * (lowest * highBits + BitOperations.TrailingZeroCount(bits));
                double pr = program.HighPairs[at], pi = program.HighPairs[at + 1];
                (fr, fi) = (fr * pr - fi * pi, fr * pi + fi * pr);
            }

            var row = rows + lowest * rowSize;
            if (program.HighRows[lowest] > 0)
            {
                MultiplyRow(row, parent, tables + program.HighRows[lowest], fr, fi, rowLength);
            }
            else
            {
                ScaleRow(row, parent, fr, fi, rowLength);
            }

            var start = (long)(high | skip) << program.RowBits;
            ApplyRow(re + start, im + start, row, rowLength);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override double Norm(void* realParts, void* imaginaryParts, long first, long count, long bit)
    {
        T* re = (T*)realParts, im = (T*)imaginaryParts;
        if (bit >= count)
        {
            if ((first & bit) == 0)
            {
                return 0;
            }

            bit = 0;
        }

        var mask = bit >= Lanes ? bit : 0;
        re += first | mask;
        im += first | mask;
        var weights = stackalloc T[Lanes];
        for (var lane = 0; lane < Lanes; lane++)
        {
            weights[lane] = bit == 0 || mask != 0 || (lane & bit) != 0 ? T.One : T.Zero;
        }

        // Few terms are summed in the precision of the state, the rest in double.
        var weight = TLanes.Load(weights);
        double total = 0;
        long index = 0;
        for (var groups = (mask == 0 ? count : count / 2) / Lanes; groups > 0; groups -= TermsPerSum)
        {
            TVector a = TLanes.Zero, b = TLanes.Zero;
            for (var k = Math.Min(groups, TermsPerSum); k > 0; k--, index = Next(index, mask))
            {
                TVector r = TLanes.Load(re + index), i = TLanes.Load(im + index);
                a = TLanes.MultiplyAdd(r, r, a);
                b = TLanes.MultiplyAdd(i, i, b);
            }

            total += double.CreateTruncating(TLanes.Sum(TLanes.Multiply(weight, TLanes.Add(a, b))));
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Scale(void* realParts, void* imaginaryParts, long first, long count, long bit, double whereZero, double whereOne)
    {
        T* re = (T*)realParts, im = (T*)imaginaryParts;
        var factors = stackalloc T[Lanes];
        for (var lane = 0; lane < Lanes; lane++)
        {
            factors[lane] = T.CreateTruncating((lane & bit) != 0 ? whereOne : whereZero);
        }

        TVector zero = TLanes.Load(factors), one = bit >= Lanes ? TLanes.Broadcast(T.CreateTruncating(whereOne)) : zero;
        for (var k = first; k < first + count; k += Lanes)
        {
            var factor = (k & bit) != 0 ? one : zero;
            TLanes.Store(TLanes.Multiply(TLanes.Load(re + k), factor), re + k);
            TLanes.Store(TLanes.Multiply(TLanes.Load(im + k), factor), im + k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override (double Re, double Im) Correlation(void* realParts, void* imaginaryParts, long first, long count, long flip, long signs)
    {
        T* re = (T*)realParts, im = (T*)imaginaryParts;
        var laneMask = Lanes - 1;
        var laneFlip = (int)flip & laneMask;
        var highFlip = flip & ~(long)laneMask;
        var laneSigns = stackalloc T[Lanes];
        for (var lane = 0; lane < Lanes; lane++)
        {
            laneSigns[lane] = Sign(lane & signs);
        }

        var sign = TLanes.Load(laneSigns);
        var pattern = TLanes.Pattern(laneFlip);
        double totalRe = 0, totalIm = 0;
        for (long start = first, last = first + count; start < last; start += TermsPerSum * Lanes)
        {
            TVector sumRe = TLanes.Zero, sumIm = TLanes.Zero;
            var end = Math.Min(last, start + TermsPerSum * Lanes);
            for (var k = start; k < end; k += Lanes)
            {
                var high = TLanes.Broadcast(Sign(k & signs));
                TVector ar = TLanes.Multiply(high, TLanes.Load(re + k)), ai = TLanes.Multiply(high, TLanes.Load(im + k));
                TVector br = TLanes.Permute(TLanes.Load(re + (k ^ highFlip)), pattern), bi = TLanes.Permute(TLanes.Load(im + (k ^ highFlip)), pattern);
                sumRe = TLanes.MultiplyAdd(br, ar, TLanes.MultiplyAdd(bi, ai, sumRe));
                sumIm = TLanes.MultiplyAdd(br, ai, TLanes.MultiplySubtract(bi, ar, sumIm));
            }

            totalRe += double.CreateTruncating(TLanes.Sum(TLanes.Multiply(sign, sumRe)));
            totalIm += double.CreateTruncating(TLanes.Sum(TLanes.Multiply(sign, sumIm)));
        }

        return (totalRe, totalIm);

        static T Sign(long bits) => (BitOperations.PopCount((ulong)bits) & 1) == 0 ? T.One : -T.One;
    }

    // The next index with the fixed bits 0: setting them all lets the carry run across.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Next(long index, long mask) => ((index | mask) + Lanes) & ~mask;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pair(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        TVector r00 = TLanes.Load(c), i00 = TLanes.Load(c + Lanes), r01 = TLanes.Load(c + 2 * Lanes), i01 = TLanes.Load(c + 3 * Lanes);
        TVector r10 = TLanes.Load(c + 4 * Lanes), i10 = TLanes.Load(c + 5 * Lanes), r11 = TLanes.Load(c + 6 * Lanes), i11 = TLanes.Load(c + 7 * Lanes);
        long mask = step.FixedMask, value = step.FixedValue, stride = step.Stride, index = 0;
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* lr = re + (index | value), li = im + (index | value), hr = lr + stride, hi = li + stride;
            TVector ar = TLanes.Load(lr), ai = TLanes.Load(li), br = TLanes.Load(hr), bi = TLanes.Load(hi);
            var xr = TLanes.MultiplySubtract(i01, bi, TLanes.MultiplyAdd(r01, br, TLanes.MultiplySubtract(i00, ai, TLanes.Multiply(r00, ar))));
            var xi = TLanes.MultiplyAdd(i01, br, TLanes.MultiplyAdd(r01, bi, TLanes.MultiplyAdd(i00, ar, TLanes.Multiply(r00, ai))));
            var yr = TLanes.MultiplySubtract(i11, bi, TLanes.MultiplyAdd(r11, br, TLanes.MultiplySubtract(i10, ai, TLanes.Multiply(r10, ar))));
            var yi = TLanes.MultiplyAdd(i11, br, TLanes.MultiplyAdd(r11, bi, TLanes.MultiplyAdd(i10, ar, TLanes.Multiply(r10, ai))));
            TLanes.Store(xr, lr);
            TLanes.Store(xi, li);
            TLanes.Store(yr, hr);
            TLanes.Store(yi, hi);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RealPair(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        TVector c00 = TLanes.Load(c), c01 = TLanes.Load(c + 2 * Lanes), c10 = TLanes.Load(c + 4 * Lanes), c11 = TLanes.Load(c + 6 * Lanes);
        long mask = step.FixedMask, value = step.FixedValue, stride = step.Stride, index = 0;
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* lr = re + (index | value), li = im + (index | value), hr = lr + stride, hi = li + stride;
            TVector ar = TLanes.Load(lr), ai = TLanes.Load(li), br = TLanes.Load(hr), bi = TLanes.Load(hi);
            TLanes.Store(TLanes.MultiplyAdd(c01, br, TLanes.Multiply(c00, ar)), lr);
            TLanes.Store(TLanes.MultiplyAdd(c01, bi, TLanes.Multiply(c00, ai)), li);
            TLanes.Store(TLanes.MultiplyAdd(c11, br, TLanes.Multiply(c10, ar)), hr);
            TLanes.Store(TLanes.MultiplyAdd(c11, bi, TLanes.Multiply(c10, ai)), hi);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lane(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        TVector dr = TLanes.Load(c), di = TLanes.Load(c + Lanes), or = TLanes.Load(c + 2 * Lanes), oi = TLanes.Load(c + 3 * Lanes);
        var pattern = TLanes.Pattern(step.LaneExchange);
        long mask = step.FixedMask, value = step.FixedValue, index = 0;
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* r = re + (index | value), i = im + (index | value);
            TVector ar = TLanes.Load(r), ai = TLanes.Load(i), br = TLanes.Permute(ar, pattern), bi = TLanes.Permute(ai, pattern);
            TLanes.Store(TLanes.MultiplySubtract(oi, bi, TLanes.MultiplyAdd(or, br, TLanes.MultiplySubtract(di, ai, TLanes.Multiply(dr, ar)))), r);
            TLanes.Store(TLanes.MultiplyAdd(oi, br, TLanes.MultiplyAdd(or, bi, TLanes.MultiplyAdd(di, ar, TLanes.Multiply(dr, ai)))), i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ExchangeHalves(in KernelStep step, long groups, T* re, T* im)
    {
        long mask = step.FixedMask, value = step.FixedValue, stride = step.Stride, index = 0;
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* lr = re + (index | value), li = im + (index | value);
            TVector ar = TLanes.Load(lr), ai = TLanes.Load(li), br = TLanes.Load(lr + stride), bi = TLanes.Load(li + stride);
            TLanes.Store(br, lr);
            TLanes.Store(bi, li);
            TLanes.Store(ar, lr + stride);
            TLanes.Store(ai, li + stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        TVector cr = TLanes.Load(c), ci = TLanes.Load(c + Lanes);
        long mask = step.FixedMask, value = step.FixedValue, index = 0;
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* r = re + (index | value), i = im + (index | value);
            TVector ar = TLanes.Load(r), ai = TLanes.Load(i);
            TLanes.Store(TLanes.MultiplySubtract(ai, ci, TLanes.Multiply(ar, cr)), r);
            TLanes.Store(TLanes.MultiplyAdd(ai, cr, TLanes.Multiply(ar, ci)), i);
        }
    }

    // Four terms a result: a two-qubit matrix, with none, one or both targets within a vector.
    private static void Quad(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        switch (step.VectorCount)
        {
            case 4:
                QuadVectors(step, groups, re, im, c);
                break;
            case 2:
                QuadHalves(step, groups, re, im, c);
                break;
            default:
                QuadLanes(step, groups, re, im, c);
                break;
        }
    }

    // Coefficients: for each result and term the real, then the imaginary part.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuadVectors(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        long mask = step.FixedMask, value = step.FixedValue, index = 0;
        long o1 = step.VectorOffsets[1], o2 = step.VectorOffsets[2], o3 = step.VectorOffsets[3];
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* r = re + (index | value), i = im + (index | value);
            TVector r0 = TLanes.Load(r), i0 = TLanes.Load(i), r1 = TLanes.Load(r + o1), i1 = TLanes.Load(i + o1);
            TVector r2 = TLanes.Load(r + o2), i2 = TLanes.Load(i + o2), r3 = TLanes.Load(r + o3), i3 = TLanes.Load(i + o3);
            QuadRow(r, i, c, r0, i0, r1, i1, r2, i2, r3, i3);
            QuadRow(r + o1, i + o1, c + 8 * Lanes, r0, i0, r1, i1, r2, i2, r3, i3);
            QuadRow(r + o2, i + o2, c + 16 * Lanes, r0, i0, r1, i1, r2, i2, r3, i3);
            QuadRow(r + o3, i + o3, c + 24 * Lanes, r0, i0, r1, i1, r2, i2, r3, i3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuadHalves(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        long mask = step.FixedMask, value = step.FixedValue, index = 0, o1 = step.VectorOffsets[1];
        var pattern = TLanes.Pattern(step.LaneExchanges[1]);
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* r = re + (index | value), i = im + (index | value);
            TVector r0 = TLanes.Load(r), i0 = TLanes.Load(i), r2 = TLanes.Load(r + o1), i2 = TLanes.Load(i + o1);
            TVector r1 = TLanes.Permute(r0, pattern), i1 = TLanes.Permute(i0, pattern), r3 = TLanes.Permute(r2, pattern), i3 = TLanes.Permute(i2, pattern);
            QuadRow(r, i, c, r0, i0, r1, i1, r2, i2, r3, i3);
            QuadRow(r + o1, i + o1, c + 8 * Lanes, r0, i0, r1, i1, r2, i2, r3, i3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuadLanes(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        long mask = step.FixedMask, value = step.FixedValue, index = 0;
        TVector p1 = TLanes.Pattern(step.LaneExchanges[1]), p2 = TLanes.Pattern(step.LaneExchanges[2]), p3 = TLanes.Pattern(step.LaneExchanges[3]);
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* r = re + (index | value), i = im + (index | value);
            TVector r0 = TLanes.Load(r), i0 = TLanes.Load(i);
            QuadRow(
                r, i, c, r0, i0, TLanes.Permute(r0, p1), TLanes.Permute(i0, p1),
                TLanes.Permute(r0, p2), TLanes.Permute(i0, p2), TLanes.Permute(r0, p3), TLanes.Permute(i0, p3));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QuadRow(T* r, T* i, T* c, TVector r0, TVector i0, TVector r1, TVector i1, TVector r2, TVector i2, TVector r3, TVector i3)
    {
        TVector a = TLanes.Load(c), b = TLanes.Load(c + Lanes);
        var sumRe = TLanes.MultiplySubtract(b, i0, TLanes.Multiply(a, r0));
        var sumIm = TLanes.MultiplyAdd(b, r0, TLanes.Multiply(a, i0));
        (a, b) = (TLanes.Load(c + 2 * Lanes), TLanes.Load(c + 3 * Lanes));
        sumRe = TLanes.MultiplySubtract(b, i1, TLanes.MultiplyAdd(a, r1, sumRe));
        sumIm = TLanes.MultiplyAdd(b, r1, TLanes.MultiplyAdd(a, i1, sumIm));
        (a, b) = (TLanes.Load(c + 4 * Lanes), TLanes.Load(c + 5 * Lanes));
        sumRe = TLanes.MultiplySubtract(b, i2, TLanes.MultiplyAdd(a, r2, sumRe));
        sumIm = TLanes.MultiplyAdd(b, r2, TLanes.MultiplyAdd(a, i2, sumIm));
        (a, b) = (TLanes.Load(c + 6 * Lanes), TLanes.Load(c + 7 * Lanes));
        TLanes.Store(TLanes.MultiplySubtract(b, i3, TLanes.MultiplyAdd(a, r3, sumRe)), r);
        TLanes.Store(TLanes.MultiplyAdd(b, r3, TLanes.MultiplyAdd(a, i3, sumIm)), i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Matrix(in KernelStep step, long groups, T* re, T* im, T* c)
    {
        int vectors = step.VectorCount, exchanges = step.ExchangeCount, terms = vectors * exchanges;
        var vr = stackalloc TVector[terms];
        var vi = stackalloc TVector[terms];
        var patterns = stackalloc TVector[exchanges];
        for (var e = 0; e < exchanges; e++)
        {
            patterns[e] = TLanes.Pattern(step.LaneExchanges[e]);
        }

        long mask = step.FixedMask, value = step.FixedValue, index = 0;
        for (; groups > 0; groups--, index = Next(index, mask))
        {
            T* r = re + (index | value), i = im + (index | value);
            for (int g = 0, t = 0; g < vectors; g++)
            {
                TVector ar = TLanes.Load(r + step.VectorOffsets[g]), ai = TLanes.Load(i + step.VectorOffsets[g]);
                for (var e = 0; e < exchanges; e++, t++)
                {
                    vr[t] = TLanes.Permute(ar, patterns[e]);
                    vi[t] = TLanes.Permute(ai, patterns[e]);
                }
            }

            var p = c;
            for (var h = 0; h < vectors; h++)
            {
                TVector sumRe = TLanes.Zero, sumIm = TLanes.Zero;
                for (var t = 0; t < terms; t++, p += 2 * Lanes)
                {
                    TVector a = TLanes.Load(p), b = TLanes.Load(p + Lanes);
                    sumRe = TLanes.MultiplySubtract(b, vi[t], TLanes.MultiplyAdd(a, vr[t], sumRe));
                    sumIm = TLanes.MultiplyAdd(b, vr[t], TLanes.MultiplyAdd(a, vi[t], sumIm));
                }

                TLanes.Store(sumRe, r + step.VectorOffsets[h]);
                TLanes.Store(sumIm, i + step.VectorOffsets[h]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRow(T* target, T* source, T* table, double fr, double fi, int length)
    {
        TVector sr = TLanes.Broadcast(T.CreateTruncating(fr)), si = TLanes.Broadcast(T.CreateTruncating(fi));
        for (var k = 0; k < length; k += Lanes)
        {
            TVector tr = TLanes.Load(table + k), ti = TLanes.Load(table + length + k), ar = TLanes.Load(source + k), ai = TLanes.Load(source + length + k);
            var ur = TLanes.MultiplySubtract(ti, si, TLanes.Multiply(tr, sr));
            var ui = TLanes.MultiplyAdd(ti, sr, TLanes.Multiply(tr, si));
            TLanes.Store(TLanes.MultiplySubtract(ai, ui, TLanes.Multiply(ar, ur)), target + k);
            TLanes.Store(TLanes.MultiplyAdd(ai, ur, TLanes.Multiply(ar, ui)), target + length + k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleRow(T* target, T* source, double fr, double fi, int length)
    {
        TVector sr = TLanes.Broadcast(T.CreateTruncating(fr)), si = TLanes.Broadcast(T.CreateTruncating(fi));
        for (var k = 0; k < length; k += Lanes)
        {
            TVector ar = TLanes.Load(source + k), ai = TLanes.Load(source + length + k);
            TLanes.Store(TLanes.MultiplySubtract(ai, si, TLanes.Multiply(ar, sr)), target + k);
            TLanes.Store(TLanes.MultiplyAdd(ai, sr, TLanes.Multiply(ar, si)), target + length + k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyRow(T* re, T* im, T* row, int length)
    {
        for (var k = 0; k < length; k += Lanes)
        {
            TVector pr = TLanes.Load(row + k), pi = TLanes.Load(row + length + k), ar = TLanes.Load(re + k), ai = TLanes.Load(im + k);
            TLanes.Store(TLanes.MultiplySubtract(ai, pi, TLanes.Multiply(ar, pr)), re + k);
            TLanes.Store(TLanes.MultiplyAdd(ai, pr, TLanes.Multiply(ar, pi)), im + k);
        }
    }
}

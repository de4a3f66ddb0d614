using System.Runtime.CompilerServices;
using ILGPU;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// The kernels. One thread group owns a tile: it brings the amplitudes into shared memory, runs every step of the pass there with a barrier
/// after each, and writes them back, so that device memory is passed over once for many gates. Tiles are rows of neighbours: loads and
/// stores are coalesced whatever bits the gates act on. Barriers stand outside of branches. A double chosen by a condition is written 1.0,
/// never 1: ILGPU 1.5.3 turns integers chosen by a condition into a wrong double.
/// </summary>
internal static class GpuKernels
{
    /// <summary>The base-2 logarithm of the largest tile: 16 KiB of shared memory in double precision, which every device has.</summary>
    public const int TileBits = 10;

    /// <summary>The most threads of a group.</summary>
    public const int MaxGroup = 256;

    private const int TileLength = 1 << TileBits;
    private const int HalfBits = TileBits / 2;
    private const int Half = 1 << HalfBits;
    private const int FactorRoom = 64;
    private const int MatrixRoom = 32;

    /// <summary>Kinds of <see cref="Reduce"/>.</summary>
    public const int Norm = 0, CountAbove = 1, CorrelationRe = 2, CorrelationIm = 3;

    /// <summary>Runs the steps of a pass on tiles of one state.</summary>
    public static void Pass<T>(ArrayView<T> state, ArrayView<GpuStep> steps, ArrayView<int> lists, ArrayView<T> values, GpuPassShape shape)
        where T : unmanaged, IAmplitude<T>
    {
        var tile = SharedMemory.Allocate<T>(TileLength);
        var factors = SharedMemory.Allocate<T>(FactorRoom);
        var tables = SharedMemory.Allocate<T>(2 * Half);
        int thread = Group.IdxX, threads = Group.DimX, size = 1 << shape.TileBits, rowMask = (1 << shape.RowBits) - 1;
        var start = Deposit(shape.FirstTile + Grid.IdxX, shape.TileMask);
        for (var j = thread; j < size; j += threads)
        {
            tile[j] = state[start + lists[shape.Rows + (j >> shape.RowBits)] + (j & rowMask)];
        }

        Group.Barrier();
        for (var s = shape.FirstStep; s < shape.LastStep; s++)
        {
            Run(tile, factors, tables, steps[s], lists, values, start, shape.TileBits, thread, threads);
            Group.Barrier();
        }

        for (var j = thread; j < size; j += threads)
        {
            state[start + lists[shape.Rows + (j >> shape.RowBits)] + (j & rowMask)] = tile[j];
        }
    }

    /// <summary>Runs a circuit of its own on each tile, from |0…0⟩: group g runs steps <c>lists[2g]</c> to <c>lists[2g + 1]</c>.</summary>
    public static void Batch<T>(ArrayView<T> states, ArrayView<GpuStep> steps, ArrayView<int> lists, ArrayView<T> values, int tileBits)
        where T : unmanaged, IAmplitude<T>
    {
        var tile = SharedMemory.Allocate<T>(TileLength);
        var factors = SharedMemory.Allocate<T>(FactorRoom);
        var tables = SharedMemory.Allocate<T>(2 * Half);
        int thread = Group.IdxX, threads = Group.DimX, size = 1 << tileBits, circuit = Grid.IdxX;
        for (var j = thread; j < size; j += threads)
        {
            tile[j] = default(T).Make(j == 0 ? 1.0 : 0.0, 0);
        }

        Group.Barrier();
        for (var s = lists[2 * circuit]; s < lists[2 * circuit + 1]; s++)
        {
            Run(tile, factors, tables, steps[s], lists, values, 0, tileBits, thread, threads);
            Group.Barrier();
        }

        for (var j = thread; j < size; j += threads)
        {
            states[((long)circuit << tileBits) + j] = tile[j];
        }
    }

    /// <summary>Sums over the amplitudes of each group's range: <paramref name="kind"/> says what.</summary>
    /// <param name="state">The amplitudes.</param>
    /// <param name="sums">One sum for each group.</param>
    /// <param name="length">The length of a range.</param>
    /// <param name="kind">Norm where all bits of <paramref name="a"/> are 1; count above a threshold; a part of Σ conj(ψ[i ^ a]) (-1)^(b·i) ψ[i].</param>
    /// <param name="a">A mask.</param>
    /// <param name="b">A mask.</param>
    /// <param name="threshold">The probability above which an amplitude counts.</param>
    public static void Reduce<T>(ArrayView<T> state, ArrayView<double> sums, int length, int kind, int a, int b, double threshold)
        where T : unmanaged, IAmplitude<T>
    {
        var shared = SharedMemory.Allocate<double>(MaxGroup);
        int thread = Group.IdxX, threads = Group.DimX, start = Grid.IdxX * length;
        var sum = 0.0;
        for (var j = thread; j < length; j += threads)
        {
            var i = start + j;
            var x = state[i];
            double re = x.Re, im = x.Im, weight = re * re + im * im;
            if (kind == Norm)
            {
                sum += (i & a) == a ? weight : 0;
            }
            else if (kind == CountAbove)
            {
                sum += weight > threshold ? 1.0 : 0.0;
            }
            else
            {
                var y = state[i ^ a];
                var part = kind == CorrelationRe ? y.Re * re + y.Im * im : y.Re * im - y.Im * re;
                sum += IsOdd(i & b) ? -part : part;
            }
        }

        shared[thread] = sum;
        Group.Barrier();
        for (var step = threads >> 1; step > 0; step >>= 1)
        {
            if (thread < step)
            {
                shared[thread] += shared[thread + step];
            }

            Group.Barrier();
        }

        if (thread == 0)
        {
            sums[Grid.IdxX] = shared[0];
        }
    }

    /// <summary>Multiplies amplitudes by one of two numbers, as a bit is 0 or 1.</summary>
    public static void Scale<T>(ArrayView<T> state, int bit, double whereZero, double whereOne)
        where T : unmanaged, IAmplitude<T>
    {
        var i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i < state.IntLength)
        {
            state[i] = state[i].Scaled((i & bit) != 0 ? whereOne : whereZero);
        }
    }

    /// <summary>Copies amplitudes out in the order of basis states, in double precision, times a phase.</summary>
    /// <param name="state">The amplitudes.</param>
    /// <param name="target">Receives those from <paramref name="first"/> on.</param>
    /// <param name="bitOfQubit">The index bit of each qubit.</param>
    /// <param name="first">The first basis state.</param>
    /// <param name="phaseRe">The phase.</param>
    /// <param name="phaseIm">The phase.</param>
    public static void Export<T>(ArrayView<T> state, ArrayView<AmplitudeDouble> target, ArrayView<int> bitOfQubit, int first, double phaseRe, double phaseIm)
        where T : unmanaged, IAmplitude<T>
    {
        var k = Grid.IdxX * Group.DimX + Group.IdxX;
        if (k < target.IntLength)
        {
            var index = 0;
            for (var q = 0; q < bitOfQubit.IntLength; q++)
            {
                index |= ((first + k) >> q & 1) << bitOfQubit[q];
            }

            var x = state[index];
            target[k] = new AmplitudeDouble(x.Re * phaseRe - x.Im * phaseIm, x.Re * phaseIm + x.Im * phaseRe);
        }
    }

    /// <summary>Puts amplitudes at their places.</summary>
    public static void Scatter<T>(ArrayView<T> state, ArrayView<int> indices, ArrayView<AmplitudeDouble> amplitudes)
        where T : unmanaged, IAmplitude<T>
    {
        var k = Grid.IdxX * Group.DimX + Group.IdxX;
        if (k < indices.IntLength)
        {
            state[indices[k]] = default(T).Make(amplitudes[k].Re, amplitudes[k].Im);
        }
    }

    /// <summary>Squared moduli.</summary>
    public static void Probabilities<T>(ArrayView<T> state, ArrayView<double> target, int first)
        where T : unmanaged, IAmplitude<T>
    {
        var k = Grid.IdxX * Group.DimX + Group.IdxX;
        if (k < target.IntLength)
        {
            var x = state[first + k];
            target[k] = x.Re * x.Re + x.Im * x.Im;
        }
    }

    /// <summary>
    /// Copies out the amplitudes above a threshold, with their index. Group g walks the block g of <paramref name="length"/> amplitudes and writes
    /// from <c>starts[g]</c> on.
    /// </summary>
    public static void Compact<T>(ArrayView<T> state, ArrayView<int> starts, ArrayView<int> indices, ArrayView<AmplitudeDouble> amplitudes, int length, double threshold)
        where T : unmanaged, IAmplitude<T>
    {
        var counts = SharedMemory.Allocate<int>(MaxGroup);
        int thread = Group.IdxX, threads = Group.DimX, share = (length + threads - 1) / threads;
        int first = Grid.IdxX * length + Min(length, thread * share), last = Grid.IdxX * length + Min(length, (thread + 1) * share);
        var count = 0;
        for (var i = first; i < last; i++)
        {
            var x = state[i];
            count += x.Re * x.Re + x.Im * x.Im > threshold ? 1 : 0;
        }

        counts[thread] = count;
        Group.Barrier();
        var at = starts[Grid.IdxX];
        for (var t = 0; t < thread; t++)
        {
            at += counts[t];
        }

        for (var i = first; i < last; i++)
        {
            var x = state[i];
            if (x.Re * x.Re + x.Im * x.Im > threshold)
            {
                indices[at] = i;
                amplitudes[at] = new AmplitudeDouble(x.Re, x.Im);
                at++;
            }
        }
    }

    /// <summary>
    /// Draws basis states. Group g owns the block <c>blocks[3g]</c> of <paramref name="length"/> amplitudes and the draws from <c>blocks[3g + 1]</c> to
    /// <c>blocks[3g + 2]</c>, which say how much weight lies before them within the block; each becomes the index at which the weight first exceeds it.
    /// </summary>
    public static void Sample<T>(ArrayView<T> state, ArrayView<int> blocks, ArrayView<double> draws, ArrayView<int> outcomes, int length)
        where T : unmanaged, IAmplitude<T>
    {
        var sums = SharedMemory.Allocate<double>(MaxGroup);
        int thread = Group.IdxX, threads = Group.DimX, share = (length + threads - 1) / threads;
        var start = blocks[3 * Grid.IdxX] * length;
        double own = 0;
        for (var j = Min(length, thread * share); j < Min(length, (thread + 1) * share); j++)
        {
            var x = state[start + j];
            own += x.Re * x.Re + x.Im * x.Im;
        }

        sums[thread] = own;
        Group.Barrier();
        for (var d = blocks[3 * Grid.IdxX + 1] + thread; d < blocks[3 * Grid.IdxX + 2]; d += threads)
        {
            // The last share with weight takes what rounding leaves over.
            var left = draws[d];
            int part = 0, heavy = 0;
            double before = 0, beforeHeavy = 0;
            for (; part < threads; part++)
            {
                if (sums[part] > 0)
                {
                    heavy = part;
                    beforeHeavy = before;
                }

                if (before + sums[part] > left)
                {
                    break;
                }

                before += sums[part];
            }

            var sum = beforeHeavy;
            int chosen = start, j = start + Min(length, heavy * share), end = start + Min(length, (heavy + 1) * share);
            for (; j < end; j++)
            {
                var x = state[j];
                var p = x.Re * x.Re + x.Im * x.Im;
                if (p > 0)
                {
                    chosen = j;
                    sum += p;
                    if (sum > left)
                    {
                        j = end;
                    }
                }
            }

            outcomes[d] = chosen;
        }
    }

    // Inlined, so that the tile is known to be shared memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<T>(
        ArrayView<T> tile, ArrayView<T> factors, ArrayView<T> tables, GpuStep step, ArrayView<int> lists, ArrayView<T> values, int start, int tileBits, int thread, int threads)
        where T : unmanaged, IAmplitude<T>
    {
        if ((start & step.OuterMask) != step.OuterValue)
        {
            return;
        }

        var v = step.Values;
        var none = default(T);
        if (step.Kind == GpuStep.Pair)
        {
            T a = values[v], b = values[v + 1], c = values[v + 2], d = values[v + 3];
            for (var p = thread; p < step.Count; p += threads)
            {
                var i = Spread(p, step.Fixed) | step.Ones;
                var j = i | step.Target0;
                T x = tile[i], y = tile[j];
                tile[i] = a.Times(x).PlusProduct(b, y);
                tile[j] = c.Times(x).PlusProduct(d, y);
            }
        }
        else if (step.Kind == GpuStep.Exchange)
        {
            for (var p = thread; p < step.Count; p += threads)
            {
                var i = Spread(p, step.Fixed) | step.Ones;
                var j = i | step.Target0;
                var x = tile[i];
                tile[i] = tile[j];
                tile[j] = x;
            }
        }
        else if (step.Kind == GpuStep.Quad)
        {
            for (var p = thread; p < step.Count; p += threads)
            {
                var i = Spread(p, step.Fixed) | step.Ones;
                int i1 = i | step.Target0, i2 = i | step.Target1, i3 = i1 | step.Target1;
                T x0 = tile[i], x1 = tile[i1], x2 = tile[i2], x3 = tile[i3];
                tile[i] = values[v].Times(x0).PlusProduct(values[v + 1], x1).PlusProduct(values[v + 2], x2).PlusProduct(values[v + 3], x3);
                tile[i1] = values[v + 4].Times(x0).PlusProduct(values[v + 5], x1).PlusProduct(values[v + 6], x2).PlusProduct(values[v + 7], x3);
                tile[i2] = values[v + 8].Times(x0).PlusProduct(values[v + 9], x1).PlusProduct(values[v + 10], x2).PlusProduct(values[v + 11], x3);
                tile[i3] = values[v + 12].Times(x0).PlusProduct(values[v + 13], x1).PlusProduct(values[v + 14], x2).PlusProduct(values[v + 15], x3);
            }
        }
        else if (step.Kind == GpuStep.Matrix)
        {
            var inputs = LocalMemory.Allocate<T>(MatrixRoom);
            var length = 1 << step.Length;
            for (var p = thread; p < step.Count; p += threads)
            {
                var i = Spread(p, step.Fixed) | step.Ones;
                for (var r = 0; r < length; r++)
                {
                    inputs[r] = tile[i | Offset(r, step)];
                }

                for (var r = 0; r < length; r++)
                {
                    var sum = none;
                    for (var c = 0; c < length; c++)
                    {
                        sum = sum.PlusProduct(values[v + r * length + c], inputs[c]);
                    }

                    tile[i | Offset(r, step)] = sum;
                }
            }
        }
        else if (step.Kind == GpuStep.Multiply)
        {
            var factor = values[v];
            for (var p = thread; p < step.Count; p += threads)
            {
                var i = Spread(p, step.Fixed) | step.Ones;
                tile[i] = tile[i].Times(factor);
            }
        }
        else if (step.Kind == GpuStep.Table)
        {
            for (var j = thread; j < step.Count; j += threads)
            {
                tile[j] = tile[j].Times(values[v + j]);
            }
        }
        else if (step.Kind == GpuStep.PhaseFactors)
        {
            // Numbers: for each bit a beyond the tile its own factor and those with later ones; then for each bit of the tile those with each a.
            var m = step.Length;
            for (var t = thread; t < m + tileBits; t += threads)
            {
                var isOuter = t < m;
                var row = isOuter ? v + t * (m + 1) : v + m * (m + 1) + (t - m) * m;
                var f = none.Make(1, 0);
                if (!isOuter || (start >> lists[step.Target0 + t] & 1) != 0)
                {
                    f = isOuter ? values[row] : f;
                    for (var a = isOuter ? t + 1 : 0; a < m; a++)
                    {
                        if ((start >> lists[step.Target0 + a] & 1) != 0)
                        {
                            f = f.Times(values[row + (isOuter ? 1 + a : a)]);
                        }
                    }
                }

                factors[t] = f;
            }
        }
        else if (step.Kind == GpuStep.PhaseTables)
        {
            var m = step.Length;
            for (var t = thread; t < 2 * Half; t += threads)
            {
                var f = none.Make(1, 0);
                var firstBit = t < Half ? 0 : HalfBits;
                for (var b = 0; b < HalfBits; b++)
                {
                    if ((t >> b & 1) != 0 && firstBit + b < tileBits)
                    {
                        f = f.Times(factors[m + firstBit + b]);
                    }
                }

                for (var a = 0; t < Half && a < m; a++)
                {
                    f = f.Times(factors[a]);
                }

                tables[t] = f;
            }
        }
        else
        {
            for (var j = thread; j < step.Count; j += threads)
            {
                tile[j] = tile[j].Times(tables[j & (Half - 1)].Times(tables[Half + (j >> HalfBits)]));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Offset(int row, GpuStep step) =>
        ((row & 1) != 0 ? step.Target0 : 0) | ((row & 2) != 0 ? step.Target1 : 0) | ((row & 4) != 0 ? step.Target2 : 0) | ((row & 8) != 0 ? step.Target3 : 0) | ((row & 16) != 0 ? step.Target4 : 0);

    // Makes room in a number for zeros at the bits of a mask.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Spread(int value, int mask)
    {
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var below = (rest & -rest) - 1;
            value = ((value & ~below) << 1) | (value & below);
        }

        return value;
    }

    // Puts the low bits of a number at the bits of a mask.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Deposit(int value, int mask)
    {
        var result = 0;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            result |= (value & 1) != 0 ? rest & -rest : 0;
            value >>= 1;
        }

        return result;
    }

    private static int Min(int a, int b) => a < b ? a : b;

    private static bool IsOdd(int value)
    {
        value ^= value >> 16;
        value ^= value >> 8;
        value ^= value >> 4;
        value ^= value >> 2;
        value ^= value >> 1;
        return (value & 1) != 0;
    }
}

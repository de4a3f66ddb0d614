using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// Gates that mix basis states. Where the qubit has one value in all entries there is nothing to pair: each entry is written twice.
/// Where partners stand at positions that differ by one and the same XOR, as gates on product states leave them, they are mixed in place.
/// Elsewhere a temporary hash pairs them.
/// </summary>
internal sealed unsafe class EntryMixer(EntryStore entries, SparseKernelSet kernels, double threshold, RunContext context) : IDisposable
{
    private const int Interval = EntryStore.CheckInterval;

    // The least probability kept: with a threshold of 0 only exact zeros are pruned.
    private readonly double _least = Math.Max(threshold, double.Epsilon);
    private readonly BookedBuffer _groups = new(context, "the groups that a gate mixes");

    public PairTable Table { get; } = new(context);

    public long Bytes => _groups.Bytes + Table.Bytes;

    /// <summary>The probability weight dropped so far.</summary>
    public double DiscardedWeight { get; set; }

    /// <summary>Mixes without pairing: no entry has a partner.</summary>
    public void Spread(BasisIndex bit, in PairMatrix matrix, int operation)
    {
        var count = entries.Count;
        entries.EnsureRoom(2L * count, operation);
        var small = false;
        for (var first = 0; first < count; first += Interval)
        {
            context.Check(operation);
            small |= kernels.Spread(entries.Planes, first, Math.Min(count, first + Interval), count + first, bit, matrix, _least);
        }

        entries.SetCount(2 * count);
        Prune(small, operation);
    }

    /// <summary>Mixes entries that have the controls with their partners, where they have one.</summary>
    public void Mix(BasisIndex controls, BasisIndex bit, in PairMatrix matrix, int operation)
    {
        if (FindExchange(bit, operation) is > 0 and var exchange)
        {
            var small = false;
            for (var first = 0; first < entries.Count; first += Interval)
            {
                context.Check(operation);
                small |= kernels.MixExchange(entries.Planes, first, Math.Min(entries.Count, first + Interval), exchange, controls, bit, matrix, _least);
            }

            Prune(small, operation);
            return;
        }

        var (active, paired) = Table.FindPairs(entries, controls, bit, bit, operation);
        if (paired == 0 && controls.IsZero)
        {
            Spread(bit, matrix, operation);
            return;
        }

        MixListed(paired == 0 ? null : Table.Result, active - paired, controls, bit, matrix, operation);
    }

    /// <summary>Applies a matrix to several qubits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void MixGroups(BasisIndex controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix, int operation)
    {
        var size = 1 << targets.Length;
        var mask = BasisIndex.Of(targets);
        var groups = Table.FindGroups(entries, controls, mask, operation);
        var total = (long)groups * size;
        _groups.Ensure(16 * total + 16L * groups);
        var re = (double*)_groups.Address;
        var im = re + total;
        var low = (ulong*)(im + total);
        var high = low + groups;
        var kept = Gather(re, im, low, high, mask, targets, total, operation);
        entries.SetCount(kept);
        entries.EnsureRoom(kept + total, operation);

        Span<BasisIndex> offsets = stackalloc BasisIndex[size];
        for (var j = 0; j < size; j++)
        {
            offsets[j] = BasisIndex.Spread(j, targets);
        }

        var planes = entries.Planes;
        for (var g = 0; g < groups; g++)
        {
            if ((g & (Interval / 64 - 1)) == 0)
            {
                context.Check(operation);
            }

            var a = re + (long)g * size;
            var b = im + (long)g * size;
            for (var row = 0; row < size; row++)
            {
                double sumRe = 0, sumIm = 0;
                for (var column = 0; column < size; column++)
                {
                    var m = matrix[row * size + column];
                    sumRe += m.Real * a[column] - m.Imaginary * b[column];
                    sumIm += m.Real * b[column] + m.Imaginary * a[column];
                }

                var p = sumRe * sumRe + sumIm * sumIm;
                if (p < _least)
                {
                    DiscardedWeight += p;
                }
                else
                {
                    planes.Set(kept++, new BasisIndex(low[g], high[g]) | offsets[row], sumRe, sumIm);
                }
            }
        }

        entries.SetCount(kept);
    }

    public void Dispose()
    {
        Table.Dispose();
        _groups.Dispose();
    }

    // The XOR of positions that partners everywhere have, or 0.
    private int FindExchange(BasisIndex bit, int operation)
    {
        var planes = entries.Planes;
        var count = entries.Count;
        var exchange = 0;
        var partner = planes.IndexAt(0) ^ bit;
        for (var first = 0; first < count && exchange == 0; first += Interval)
        {
            context.Check(operation);
            exchange = kernels.Find(planes.From(first), Math.Min(Interval, count - first), partner) is >= 0 and var found ? first + found : 0;
        }

        if (exchange == 0 || (count & (2 * (1 << BitOperations.Log2((uint)exchange)) - 1)) != 0)
        {
            return 0;
        }

        for (var first = 0; first < count; first += Interval)
        {
            context.Check(operation);
            if (!kernels.IsExchange(planes, first, Math.Min(count, first + Interval), exchange, bit))
            {
                return 0;
            }
        }

        return exchange;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MixListed(int* partners, int single, BasisIndex controls, BasisIndex bit, in PairMatrix matrix, int operation)
    {
        var count = entries.Count;
        var to = count;
        entries.EnsureRoom((long)count + single, operation);
        var planes = entries.Planes;
        var small = false;
        for (var i = 0; i < count; i++)
        {
            if ((i & (Interval - 1)) == 0)
            {
                context.Check(operation);
            }

            if (partners != null && partners[i] >= 0)
            {
                small |= partners[i] > i && SparsePair.Mix(planes, i, partners[i], bit, matrix, _least);
            }
            else if (planes.IndexAt(i).Has(controls))
            {
                small |= SparsePair.Spread(planes, i, to++, bit, matrix, _least);
            }
        }

        entries.SetCount(to);
        Prune(small, operation);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Gather(double* re, double* im, ulong* low, ulong* high, BasisIndex mask, ReadOnlySpan<int> targets, long total, int operation)
    {
        var planes = entries.Planes;
        var group = Table.Result;
        var kept = 0;
        for (long first = 0; first < total; first += Interval)
        {
            context.Check(operation);
            var bytes = (nuint)(8 * Math.Min(Interval, total - first));
            NativeMemory.Clear(re + first, bytes);
            NativeMemory.Clear(im + first, bytes);
        }

        for (var i = 0; i < entries.Count; i++)
        {
            if ((i & (Interval - 1)) == 0)
            {
                context.Check(operation);
            }

            var index = planes.IndexAt(i);
            if (group[i] < 0)
            {
                planes.Set(kept++, index, planes.Re[i], planes.Im[i]);
                continue;
            }

            var value = 0;
            for (var j = 0; j < targets.Length; j++)
            {
                value |= (int)((targets[j] < 64 ? index.Low : index.High) >> targets[j] & 1) << j;
            }

            var rest = index & ~mask;
            var position = ((long)group[i] << targets.Length) + value;
            (low[group[i]], high[group[i]], re[position], im[position]) = (rest.Low, rest.High, planes.Re[i], planes.Im[i]);
        }

        return kept;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prune(bool any, int operation)
    {
        if (!any)
        {
            return;
        }

        var planes = entries.Planes;
        var kept = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            if ((i & (Interval - 1)) == 0)
            {
                context.Check(operation);
            }

            var (re, im) = (planes.Re[i], planes.Im[i]);
            var p = re * re + im * im;
            if (p < _least)
            {
                DiscardedWeight += p;
            }
            else
            {
                planes.Set(kept++, planes.IndexAt(i), re, im);
            }
        }

        entries.SetCount(kept);
    }
}

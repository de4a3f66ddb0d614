using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>The sparse kernels for one vector width: spans of entries in, the same or further entries out.</summary>
internal abstract unsafe class SparseKernelSet
{
    /// <summary>Entries are padded to a multiple of the greatest number of lanes.</summary>
    public const int Padding = 8;

    /// <summary>The name that the environment override takes.</summary>
    public abstract string Name { get; }

    /// <summary>Runs steps one after the other over entries; the length is a multiple of <see cref="Padding"/>.</summary>
    public abstract void Run(ReadOnlySpan<SparseStep> steps, SparsePlanes planes, int length);

    /// <summary>The index bits in which any of the entries differs from <paramref name="reference"/>.</summary>
    public abstract BasisIndex Differences(SparsePlanes planes, int length, BasisIndex reference);

    /// <summary>The position of the entry with an index, or -1.</summary>
    public abstract int Find(SparsePlanes planes, int length, BasisIndex index);

    /// <summary>Whether the index at i and the one at i XOR <paramref name="exchange"/> differ by <paramref name="flip"/>, for all i in a range.</summary>
    /// <param name="planes">All entries.</param>
    /// <param name="first">The first, a multiple of <see cref="Padding"/>.</param>
    /// <param name="last">The first not to look at.</param>
    /// <param name="exchange">Not 0; the number of entries is a multiple of twice its highest bit.</param>
    /// <param name="flip">The difference.</param>
    public abstract bool IsExchange(SparsePlanes planes, int first, int last, int exchange, BasisIndex flip);

    /// <summary>Mixes each entry that has the controls with the one at i XOR <paramref name="exchange"/>; a range as for <see cref="IsExchange"/>.</summary>
    /// <returns>Whether any probability is below the threshold.</returns>
    public abstract bool MixExchange(SparsePlanes planes, int first, int last, int exchange, BasisIndex controls, BasisIndex bit, in PairMatrix matrix, double threshold);

    /// <summary>Mixes entries that have no partner: each stays with one part, and one with the other part is written, in the same order, from <paramref name="to"/> on.</summary>
    /// <returns>Whether any probability is below the threshold.</returns>
    public abstract bool Spread(SparsePlanes planes, int first, int last, int to, BasisIndex bit, in PairMatrix matrix, double threshold);
}

/// <inheritdoc/>
internal sealed unsafe class SparseKernelSet<TVector, TLanes, TIndex, TIndexLanes>(string name) : SparseKernelSet
    where TVector : unmanaged
    where TIndex : unmanaged
    where TLanes : struct, ILanes<TVector, double>
    where TIndexLanes : struct, IIndexLanes<TIndex, TVector>
{
    private interface IFlag
    {
        static abstract bool Value { get; }
    }

    public override string Name => name;

    private static int Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 << TLanes.LaneBits;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(ReadOnlySpan<SparseStep> steps, SparsePlanes planes, int length)
    {
        foreach (ref readonly var step in steps)
        {
            if (step.Kind == SparseStepKind.Table)
            {
                RunTable(step, planes, length);
            }
            else if (planes.High == null || (step.Mask.High | step.Flip.High) == 0)
            {
                RunNarrow(step, planes, planes.Low, step.Mask.Low, step.Value.Low, step.Other.Low, step.Flip.Low, length);
            }
            else if ((step.Mask.Low | step.Flip.Low) == 0)
            {
                RunNarrow(step, planes, planes.High, step.Mask.High, step.Value.High, step.Other.High, step.Flip.High, length);
            }
            else
            {
                RunWide(step, planes, length);
            }
        }
    }

    public override BasisIndex Differences(SparsePlanes planes, int length, BasisIndex reference) => new(
        Differences(planes.Low, length, reference.Low), planes.High == null ? 0 : Differences(planes.High, length, reference.High));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int Find(SparsePlanes planes, int length, BasisIndex index)
    {
        var i = 0;
        var low = TIndexLanes.Broadcast(index.Low);
        var high = TIndexLanes.Broadcast(index.High);
        for (; i <= length - Lanes; i += Lanes)
        {
            var equal = TIndexLanes.Equal(TIndexLanes.Load(planes.Low + i), low);
            if (planes.High != null)
            {
                equal = TIndexLanes.And(equal, TIndexLanes.Equal(TIndexLanes.Load(planes.High + i), high));
            }

            if (TIndexLanes.Any(equal))
            {
                break;
            }
        }

        for (; i < length; i++)
        {
            if (planes.IndexAt(i) == index)
            {
                return i;
            }
        }

        return -1;
    }

    public override bool IsExchange(SparsePlanes planes, int first, int last, int exchange, BasisIndex flip) =>
        IsExchange(planes.Low, first, last, exchange, flip.Low)
        && (planes.High == null || IsExchange(planes.High, first, last, exchange, flip.High));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool MixExchange(SparsePlanes planes, int first, int last, int exchange, BasisIndex controls, BasisIndex bit, in PairMatrix matrix, double threshold)
    {
        if (last - first < Lanes)
        {
            return MixExchangeSingly(planes, first, last, exchange, controls, bit, matrix, threshold);
        }

        var pattern = TLanes.Pattern(exchange & (Lanes - 1));
        var blockExchange = exchange & ~(Lanes - 1);
        var skip = HighestBit(blockExchange);
        var controlLow = TIndexLanes.Broadcast(controls.Low);
        var controlHigh = TIndexLanes.Broadcast(controls.High);
        var plane = bit.Low != 0 ? planes.Low : planes.High;
        var bits = TIndexLanes.Broadcast(bit.Low | bit.High);
        var least = TLanes.Broadcast(threshold);
        var small = TIndexLanes.Broadcast(0);
        var one = TLanes.Broadcast(1);
        var zero = TLanes.Zero;
        var (r00, i00) = (TLanes.Broadcast(matrix.Re00), TLanes.Broadcast(matrix.Im00));
        var (r01, i01) = (TLanes.Broadcast(matrix.Re01), TLanes.Broadcast(matrix.Im01));
        var (r10, i10) = (TLanes.Broadcast(matrix.Re10), TLanes.Broadcast(matrix.Im10));
        var (r11, i11) = (TLanes.Broadcast(matrix.Re11), TLanes.Broadcast(matrix.Im11));
        for (var i = first; i < last; i += Lanes)
        {
            if ((i & skip) != 0)
            {
                continue;
            }

            var j = i ^ blockExchange;
            var (aRe, aIm) = (TLanes.Load(planes.Re + i), TLanes.Load(planes.Im + i));
            var (bRe, bIm) = (TLanes.Load(planes.Re + j), TLanes.Load(planes.Im + j));
            One(i, aRe, aIm, TLanes.Permute(bRe, pattern), TLanes.Permute(bIm, pattern));
            if (skip != 0)
            {
                One(j, bRe, bIm, TLanes.Permute(aRe, pattern), TLanes.Permute(aIm, pattern));
            }
        }

        return TIndexLanes.Any(small);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void One(int at, TVector re, TVector im, TVector partnerRe, TVector partnerIm)
        {
            var isOne = TIndexLanes.Equal(TIndexLanes.And(TIndexLanes.Load(plane + at), bits), bits);
            var ownRe = TIndexLanes.Select(isOne, r11, r00);
            var ownIm = TIndexLanes.Select(isOne, i11, i00);
            var otherRe = TIndexLanes.Select(isOne, r10, r01);
            var otherIm = TIndexLanes.Select(isOne, i10, i01);
            if (!controls.IsZero)
            {
                var active = TIndexLanes.Equal(TIndexLanes.And(TIndexLanes.Load(planes.Low + at), controlLow), controlLow);
                if (planes.High != null)
                {
                    active = TIndexLanes.And(active, TIndexLanes.Equal(TIndexLanes.And(TIndexLanes.Load(planes.High + at), controlHigh), controlHigh));
                }

                ownRe = TIndexLanes.Select(active, ownRe, one);
                ownIm = TIndexLanes.Select(active, ownIm, zero);
                otherRe = TIndexLanes.Select(active, otherRe, zero);
                otherIm = TIndexLanes.Select(active, otherIm, zero);
            }

            var newRe = TLanes.MultiplySubtract(ownIm, im, TLanes.Multiply(ownRe, re));
            newRe = TLanes.MultiplySubtract(otherIm, partnerIm, TLanes.MultiplyAdd(otherRe, partnerRe, newRe));
            var newIm = TLanes.MultiplyAdd(ownIm, re, TLanes.Multiply(ownRe, im));
            newIm = TLanes.MultiplyAdd(otherIm, partnerRe, TLanes.MultiplyAdd(otherRe, partnerIm, newIm));
            TLanes.Store(newRe, planes.Re + at);
            TLanes.Store(newIm, planes.Im + at);
            var p = TLanes.MultiplyAdd(newRe, newRe, TLanes.Multiply(newIm, newIm));
            small = TIndexLanes.Or(small, TIndexLanes.Less(p, least));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool Spread(SparsePlanes planes, int first, int last, int to, BasisIndex bit, in PairMatrix matrix, double threshold)
    {
        var plane = bit.Low != 0 ? planes.Low : planes.High;
        var word = bit.Low | bit.High;
        var bits = TIndexLanes.Broadcast(word);
        var flipLow = TIndexLanes.Broadcast(bit.Low);
        var flipHigh = TIndexLanes.Broadcast(bit.High);
        var least = TLanes.Broadcast(threshold);
        var small = TIndexLanes.Broadcast(0);
        var (r00, i00) = (TLanes.Broadcast(matrix.Re00), TLanes.Broadcast(matrix.Im00));
        var (r01, i01) = (TLanes.Broadcast(matrix.Re01), TLanes.Broadcast(matrix.Im01));
        var (r10, i10) = (TLanes.Broadcast(matrix.Re10), TLanes.Broadcast(matrix.Im10));
        var (r11, i11) = (TLanes.Broadcast(matrix.Re11), TLanes.Broadcast(matrix.Im11));
        var i = first;
        for (; i <= last - Lanes; i += Lanes, to += Lanes)
        {
            var isOne = TIndexLanes.Equal(TIndexLanes.And(TIndexLanes.Load(plane + i), bits), bits);
            var ownRe = TIndexLanes.Select(isOne, r11, r00);
            var ownIm = TIndexLanes.Select(isOne, i11, i00);
            var otherRe = TIndexLanes.Select(isOne, r01, r10);
            var otherIm = TIndexLanes.Select(isOne, i01, i10);
            var (re, im) = (TLanes.Load(planes.Re + i), TLanes.Load(planes.Im + i));
            var newRe = TLanes.MultiplySubtract(ownIm, im, TLanes.Multiply(ownRe, re));
            var newIm = TLanes.MultiplyAdd(ownIm, re, TLanes.Multiply(ownRe, im));
            var furtherRe = TLanes.MultiplySubtract(otherIm, im, TLanes.Multiply(otherRe, re));
            var furtherIm = TLanes.MultiplyAdd(otherIm, re, TLanes.Multiply(otherRe, im));
            TLanes.Store(newRe, planes.Re + i);
            TLanes.Store(newIm, planes.Im + i);
            TLanes.Store(furtherRe, planes.Re + to);
            TLanes.Store(furtherIm, planes.Im + to);
            TIndexLanes.Store(TIndexLanes.Xor(TIndexLanes.Load(planes.Low + i), flipLow), planes.Low + to);
            if (planes.High != null)
            {
                TIndexLanes.Store(TIndexLanes.Xor(TIndexLanes.Load(planes.High + i), flipHigh), planes.High + to);
            }

            var p = TLanes.MultiplyAdd(newRe, newRe, TLanes.Multiply(newIm, newIm));
            var q = TLanes.MultiplyAdd(furtherRe, furtherRe, TLanes.Multiply(furtherIm, furtherIm));
            small = TIndexLanes.Or(small, TIndexLanes.Or(TIndexLanes.Less(p, least), TIndexLanes.Less(q, least)));
        }

        var any = TIndexLanes.Any(small);
        for (; i < last; i++, to++)
        {
            any |= SparsePair.Spread(planes, i, to, bit, matrix, threshold);
        }

        return any;
    }

    private static int HighestBit(int value) => value == 0 ? 0 : 1 << System.Numerics.BitOperations.Log2((uint)value);

    private static bool MixExchangeSingly(SparsePlanes planes, int first, int last, int exchange, BasisIndex controls, BasisIndex bit, in PairMatrix matrix, double threshold)
    {
        var any = false;
        var skip = HighestBit(exchange);
        for (var i = first; i < last; i++)
        {
            if ((i & skip) == 0 && planes.IndexAt(i).Has(controls))
            {
                any |= SparsePair.Mix(planes, i, i ^ exchange, bit, matrix, threshold);
            }
        }

        return any;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Differences(ulong* plane, int length, ulong reference)
    {
        var all = TIndexLanes.Broadcast(0);
        var same = TIndexLanes.Broadcast(reference);
        var i = 0;
        for (; i <= length - Lanes; i += Lanes)
        {
            all = TIndexLanes.Or(all, TIndexLanes.Xor(TIndexLanes.Load(plane + i), same));
        }

        var lanes = stackalloc ulong[Padding];
        TIndexLanes.Store(all, lanes);
        ulong result = 0;
        for (var k = 0; k < Lanes; k++)
        {
            result |= lanes[k];
        }

        for (; i < length; i++)
        {
            result |= plane[i] ^ reference;
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool IsExchange(ulong* plane, int first, int last, int exchange, ulong flip)
    {
        if (last - first < Lanes)
        {
            for (var i = first; i < last; i++)
            {
                if ((plane[i] ^ flip) != plane[i ^ exchange])
                {
                    return false;
                }
            }

            return true;
        }

        var pattern = TLanes.Pattern(exchange & (Lanes - 1));
        var blockExchange = exchange & ~(Lanes - 1);
        var skip = HighestBit(blockExchange);
        var flips = TIndexLanes.Broadcast(flip);
        for (var i = first; i < last; i += Lanes)
        {
            if ((i & skip) == 0)
            {
                var partner = TIndexLanes.AsIndex(TLanes.Permute(TIndexLanes.AsVector(TIndexLanes.Load(plane + (i ^ blockExchange))), pattern));
                if (TIndexLanes.Any(TIndexLanes.Xor(TIndexLanes.Xor(TIndexLanes.Load(plane + i), flips), partner)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static void RunNarrow(in SparseStep step, SparsePlanes planes, ulong* plane, ulong mask, ulong value, ulong other, ulong flip, int length)
    {
        if (step.Kind == SparseStepKind.Flip)
        {
            if (mask == 0)
            {
                FlipAll(plane, flip, length);
            }
            else if (value == other)
            {
                Flip<Off>(plane, mask, value, other, flip, length);
            }
            else
            {
                Flip<On>(plane, mask, value, other, flip, length);
            }
        }
        else if (step.Kind == SparseStepKind.Negate)
        {
            Negate(planes, plane, mask, value, other, length);
        }
        else if (value == other)
        {
            Multiply<Off>(planes, plane, mask, value, other, step.Re, step.Im, length);
        }
        else
        {
            Multiply<On>(planes, plane, mask, value, other, step.Re, step.Im, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FlipAll(ulong* plane, ulong flip, int length)
    {
        var flips = TIndexLanes.Broadcast(flip);
        for (var i = 0; i < length; i += Lanes)
        {
            TIndexLanes.Store(TIndexLanes.Xor(TIndexLanes.Load(plane + i), flips), plane + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Flip<TEither>(ulong* plane, ulong mask, ulong value, ulong other, ulong flip, int length)
        where TEither : struct, IFlag
    {
        var (masks, values, others, flips) = (TIndexLanes.Broadcast(mask), TIndexLanes.Broadcast(value), TIndexLanes.Broadcast(other), TIndexLanes.Broadcast(flip));
        for (var i = 0; i < length; i += Lanes)
        {
            var index = TIndexLanes.Load(plane + i);
            var match = Match<TEither>(index, masks, values, others);
            TIndexLanes.Store(TIndexLanes.Xor(index, TIndexLanes.And(match, flips)), plane + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Negate(SparsePlanes planes, ulong* plane, ulong mask, ulong value, ulong other, int length)
    {
        var (masks, values, others, sign) = (TIndexLanes.Broadcast(mask), TIndexLanes.Broadcast(value), TIndexLanes.Broadcast(other), TIndexLanes.Broadcast(1UL << 63));
        for (var i = 0; i < length; i += Lanes)
        {
            var match = TIndexLanes.And(Match<On>(TIndexLanes.Load(plane + i), masks, values, others), sign);
            TIndexLanes.Store(TIndexLanes.Xor(TIndexLanes.Load((ulong*)planes.Re + i), match), (ulong*)planes.Re + i);
            TIndexLanes.Store(TIndexLanes.Xor(TIndexLanes.Load((ulong*)planes.Im + i), match), (ulong*)planes.Im + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TEither>(SparsePlanes planes, ulong* plane, ulong mask, ulong value, ulong other, double re, double im, int length)
        where TEither : struct, IFlag
    {
        var (masks, values, others) = (TIndexLanes.Broadcast(mask), TIndexLanes.Broadcast(value), TIndexLanes.Broadcast(other));
        var (factorRe, factorIm, one) = (TLanes.Broadcast(re), TIndexLanes.AsIndex(TLanes.Broadcast(im)), TLanes.Broadcast(1));
        for (var i = 0; i < length; i += Lanes)
        {
            Multiply(planes, i, Match<TEither>(TIndexLanes.Load(plane + i), masks, values, others), factorRe, factorIm, one);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TIndex Match<TEither>(TIndex index, TIndex masks, TIndex values, TIndex others)
        where TEither : struct, IFlag
    {
        var masked = TIndexLanes.And(index, masks);
        var match = TIndexLanes.Equal(masked, values);
        return TEither.Value ? TIndexLanes.Or(match, TIndexLanes.Equal(masked, others)) : match;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(SparsePlanes planes, int i, TIndex match, TVector factorRe, TIndex factorIm, TVector one)
    {
        var c = TIndexLanes.Select(match, factorRe, one);
        var s = TIndexLanes.AsVector(TIndexLanes.And(match, factorIm));
        var (re, im) = (TLanes.Load(planes.Re + i), TLanes.Load(planes.Im + i));
        TLanes.Store(TLanes.MultiplySubtract(s, im, TLanes.Multiply(c, re)), planes.Re + i);
        TLanes.Store(TLanes.MultiplyAdd(s, re, TLanes.Multiply(c, im)), planes.Im + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunWide(in SparseStep step, SparsePlanes planes, int length)
    {
        var (maskLow, valueLow, otherLow, flipLow) = (TIndexLanes.Broadcast(step.Mask.Low), TIndexLanes.Broadcast(step.Value.Low), TIndexLanes.Broadcast(step.Other.Low), TIndexLanes.Broadcast(step.Flip.Low));
        var (maskHigh, valueHigh, otherHigh, flipHigh) = (TIndexLanes.Broadcast(step.Mask.High), TIndexLanes.Broadcast(step.Value.High), TIndexLanes.Broadcast(step.Other.High), TIndexLanes.Broadcast(step.Flip.High));
        var (factorRe, factorIm, one) = (TLanes.Broadcast(step.Re), TIndexLanes.AsIndex(TLanes.Broadcast(step.Im)), TLanes.Broadcast(1));
        for (var i = 0; i < length; i += Lanes)
        {
            var (low, high) = (TIndexLanes.Load(planes.Low + i), TIndexLanes.Load(planes.High + i));
            var (maskedLow, maskedHigh) = (TIndexLanes.And(low, maskLow), TIndexLanes.And(high, maskHigh));
            var match = TIndexLanes.Or(
                TIndexLanes.And(TIndexLanes.Equal(maskedLow, valueLow), TIndexLanes.Equal(maskedHigh, valueHigh)),
                TIndexLanes.And(TIndexLanes.Equal(maskedLow, otherLow), TIndexLanes.Equal(maskedHigh, otherHigh)));
            if (step.Kind == SparseStepKind.Flip)
            {
                TIndexLanes.Store(TIndexLanes.Xor(low, TIndexLanes.And(match, flipLow)), planes.Low + i);
                TIndexLanes.Store(TIndexLanes.Xor(high, TIndexLanes.And(match, flipHigh)), planes.High + i);
            }
            else
            {
                Multiply(planes, i, match, factorRe, factorIm, one);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunTable(in SparseStep step, SparsePlanes planes, int length)
    {
        var table = step.Table!;
        for (var i = 0; i < length; i++)
        {
            var index = planes.IndexAt(i);
            if ((index & step.Mask) != step.Value)
            {
                continue;
            }

            var value = 0;
            for (var j = 0; j < table.Bits.Length; j++)
            {
                var q = table.Bits[j];
                value |= (int)((q < 64 ? index.Low : index.High) >> q & 1) << j;
            }

            var (re, im, c, s) = (planes.Re[i], planes.Im[i], table.Re[value], table.Im[value]);
            planes.Set(i, index ^ table.Flips[value], c * re - s * im, c * im + s * re);
        }
    }

    private readonly struct On : IFlag
    {
        public static bool Value => true;
    }

    private readonly struct Off : IFlag
    {
        public static bool Value => false;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>A temporary hash of entry positions, by open addressing: finds partners, or the groups that a matrix on several qubits mixes.</summary>
internal sealed unsafe class PairTable(RunContext context) : IDisposable
{
    private const int Ahead = 12;
    private readonly BookedBuffer _lists = new(context, "the entries to pair");
    private readonly BookedBuffer _slots = new(context, "the table of partners");
    private readonly BookedBuffer _result = new(context, "the partners");
    private int _mask;
    private int _shift;

    public long Bytes => _lists.Bytes + _slots.Bytes + _result.Bytes;

    /// <summary>After <see cref="FindPairs"/> the position of each entry's partner, or -1; after <see cref="FindGroups"/> its group, or -1.</summary>
    public int* Result => (int*)_result.Address;

    /// <summary>Finds for each entry that has the controls the one whose index differs by <paramref name="flip"/>.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="controls">Bits that are to be 1; none of them is flipped.</param>
    /// <param name="bit">One of the flipped bits.</param>
    /// <param name="flip">The difference.</param>
    /// <param name="operation">How far the run has come.</param>
    /// <returns>How many entries have the controls, and how many of them have a partner.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (int Active, int Paired) FindPairs(EntryStore entries, BasisIndex controls, BasisIndex bit, BasisIndex flip, int operation)
    {
        var (zeros, ones) = Divide(entries, controls, bit, operation);
        if (zeros == 0 || ones == 0)
        {
            return (zeros + ones, 0);
        }

        // The smaller side goes into the table, the other one asks it. A slot holds a position and, above it, bits of the hash that
        // spare most looks at entries that do not match.
        var zero = (int*)_lists.Address;
        var one = zero + entries.Count - ones + 1;
        var inside = ones < zeros ? one : zero;
        var asking = ones < zeros ? zero : one;
        var (insideCount, askingCount) = (Math.Min(zeros, ones), Math.Max(zeros, ones));
        Prepare(entries.Count, insideCount);
        var planes = entries.Planes;
        var slots = (uint*)_slots.Address;
        var result = Result;
        var positionBits = 32 - BitOperations.LeadingZeroCount((uint)entries.Count);
        var positionMask = positionBits == 32 ? uint.MaxValue : (1u << positionBits) - 1;
        for (var k = 0; k < insideCount; k++)
        {
            Check(k, operation);
            var i = inside[k];
            var hash = Hash(planes.IndexAt(i));
            var slot = (int)(hash >> _shift);
            while (slots[slot] != 0)
            {
                slot = (slot + 1) & _mask;
            }

            slots[slot] = ((uint)hash & ~positionMask) | (uint)(i + 1);
        }

        var paired = 0;
        for (var k = 0; k < askingCount; k++)
        {
            Check(k, operation);
            if (Sse.IsSupported && k + Ahead < askingCount)
            {
                Sse.Prefetch0(slots + (int)(Hash(planes.IndexAt(asking[k + Ahead]) ^ flip) >> _shift));
            }

            var i = asking[k];
            var index = planes.IndexAt(i) ^ flip;
            var hash = Hash(index);
            var tag = (uint)hash & ~positionMask;
            for (var slot = (int)(hash >> _shift); slots[slot] != 0; slot = (slot + 1) & _mask)
            {
                var other = (int)(slots[slot] & positionMask) - 1;
                if ((slots[slot] & ~positionMask) == tag && planes.IndexAt(other) == index)
                {
                    result[i] = other;
                    result[other] = i;
                    paired += 2;
                    break;
                }
            }
        }

        return (zeros + ones, paired);
    }

    /// <summary>Numbers the groups of entries that have the controls and are equal outside the targets, in the order of their first entries.</summary>
    /// <returns>The number of groups.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int FindGroups(EntryStore entries, BasisIndex controls, BasisIndex targets, int operation)
    {
        Prepare(entries.Count, entries.Count);
        var planes = entries.Planes;
        var slots = (int*)_slots.Address;
        var result = Result;
        var groups = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            Check(i, operation);
            var index = planes.IndexAt(i);
            if (!index.Has(controls))
            {
                continue;
            }

            index &= ~targets;
            var slot = (int)(Hash(index) >> _shift);
            while (slots[slot] != 0 && (planes.IndexAt(slots[slot] - 1) & ~targets) != index)
            {
                slot = (slot + 1) & _mask;
            }

            if (slots[slot] == 0)
            {
                slots[slot] = i + 1;
                result[i] = groups++;
            }
            else
            {
                result[i] = result[slots[slot] - 1];
            }
        }

        return groups;
    }

    public void Dispose()
    {
        _lists.Dispose();
        _slots.Dispose();
        _result.Dispose();
    }

    private void Prepare(int entries, int keys)
    {
        var capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, 2L * keys));
        _mask = capacity - 1;
        _shift = 64 - BitOperations.Log2((uint)capacity);
        _slots.Ensure(4L * capacity);
        _result.Ensure(4L * Math.Max(16, entries));
        NativeMemory.Clear(_slots.Address, (nuint)(4L * capacity));
        NativeMemory.Fill(_result.Address, (nuint)(4L * entries), 0xFF);
    }

    private void Check(int i, int operation)
    {
        if ((i & (EntryStore.CheckInterval - 1)) == 0)
        {
            context.Check(operation);
        }
    }

    // Lists the positions of entries with the controls: from the left those with the bit 0, up to the end those with it 1.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private (int Zeros, int Ones) Divide(EntryStore entries, BasisIndex controls, BasisIndex bit, int operation)
    {
        var count = entries.Count;
        _lists.Ensure(4L * Math.Max(16, count + 1));
        var list = (int*)_lists.Address;
        var planes = entries.Planes;
        var (zeros, ones) = (0, count);
        for (var i = 0; i < count; i++)
        {
            Check(i, operation);
            var index = planes.IndexAt(i);
            var isOne = index.Has(bit);
            var active = index.Has(controls) ? 1 : 0;

            // Both ends are written and one of them is moved: which is as good as random, and a wrong guess would cost more.
            list[zeros] = i;
            zeros += isOne ? 0 : active;
            list[ones] = isOne ? i : list[ones];
            ones -= isOne ? active : 0;
        }

        return (zeros, count - ones);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(BasisIndex index)
    {
        var word = index.Low ^ (index.High * 0xC2B2AE3D27D4EB4F);
        return (word ^ (word >> 32)) * 0x9E3779B97F4A7C15;
    }
}

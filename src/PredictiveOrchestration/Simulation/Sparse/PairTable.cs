using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>A temporary hash of entry positions, by open addressing: finds partners, or the groups that a matrix on several qubits mixes.</summary>
internal sealed unsafe class PairTable(RunContext context) : IDisposable
{
    private readonly BookedBuffer _slots = new(context, "the table of partners");
    private readonly BookedBuffer _result = new(context, "the partners");
    private int _mask;
    private int _shift;

    public long Bytes => _slots.Bytes + _result.Bytes;

    /// <summary>After <see cref="FindPairs"/> the position of each entry's partner, or -1; after <see cref="FindGroups"/> its group, or -1.</summary>
    public int* Result => (int*)_result.Address;

    /// <summary>Finds for each entry that has the controls the one whose index differs by <paramref name="flip"/>.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="controls">Bits that are to be 1; none of them is flipped.</param>
    /// <param name="bit">One of the flipped bits.</param>
    /// <param name="flip">The difference.</param>
    /// <param name="zeros">How many entries with the controls have the bit 0.</param>
    /// <param name="ones">How many have it 1.</param>
    /// <param name="operation">How far the run has come.</param>
    public void FindPairs(EntryStore entries, BasisIndex controls, BasisIndex bit, BasisIndex flip, int zeros, int ones, int operation)
    {
        // The smaller side goes into the table, the other one asks it.
        var inside = (ones < zeros ? controls | bit : controls, controls | bit);
        var asking = (ones < zeros ? controls : controls | bit, controls | bit);
        Prepare(entries.Count, Math.Min(zeros, ones));
        var planes = entries.Planes;
        var slots = (int*)_slots.Address;
        var result = Result;
        for (var i = 0; i < entries.Count; i++)
        {
            Check(i, operation);
            var index = planes.IndexAt(i);
            if ((index & inside.Item2) == inside.Item1)
            {
                var slot = Slot(index);
                while (slots[slot] != 0)
                {
                    slot = (slot + 1) & _mask;
                }

                slots[slot] = i + 1;
            }
        }

        for (var i = 0; i < entries.Count; i++)
        {
            Check(i, operation);
            var index = planes.IndexAt(i);
            if ((index & asking.Item2) == asking.Item1)
            {
                index ^= flip;
                for (var slot = Slot(index); slots[slot] != 0; slot = (slot + 1) & _mask)
                {
                    var other = slots[slot] - 1;
                    if (planes.IndexAt(other) == index)
                    {
                        result[i] = other;
                        result[other] = i;
                        break;
                    }
                }
            }
        }
    }

    /// <summary>Numbers the groups of entries that have the controls and are equal outside the targets, in the order of their first entries.</summary>
    /// <returns>The number of groups.</returns>
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
            var slot = Slot(index);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(BasisIndex index)
    {
        var word = index.Low ^ (index.High * 0xC2B2AE3D27D4EB4F);
        return (int)((word ^ (word >> 32)) * 0x9E3779B97F4A7C15 >> _shift);
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Telemetry;

/// <summary>
/// A bounded queue of execution records: many writers, one reader, no locks, never blocking. A writer that finds it full drops its record and
/// counts it, so that what is read is never half-written. After Vyukov's bounded queue: each slot has a sequence number that
/// says whose turn it is.
/// </summary>
public sealed class TelemetryRingBuffer
{
    private readonly Slot[] _slots;
    private readonly int _mask;
    private Positions _at;

    /// <summary>Creates a buffer.</summary>
    /// <param name="capacity">The least number of records it holds, 1 to 2^24; rounded up to a power of two.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    public TelemetryRingBuffer(int capacity)
    {
        Common.Guard.InRange(capacity, 1, 1 << 24);
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, capacity));
        _slots = new Slot[size];
        _mask = size - 1;
        for (var i = 0; i < size; i++)
        {
            _slots[i].Sequence = i;
        }
    }

    /// <summary>Gets the number of records it can hold.</summary>
    public int Capacity => _slots.Length;

    /// <summary>Gets the number of records written so far.</summary>
    public long Written => Volatile.Read(ref _at.Head);

    /// <summary>Gets the number of records dropped because it was full.</summary>
    public long Dropped => Volatile.Read(ref _at.Dropped);

    /// <summary>Gets the number of records that wait to be read.</summary>
    internal int Waiting => (int)Math.Clamp(Volatile.Read(ref _at.Head) - Volatile.Read(ref _at.Tail), 0, _slots.Length);

    /// <summary>Adds a record; false if it was dropped. May be called by any thread.</summary>
    public bool TryWrite(ExecutionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        while (true)
        {
            var position = Volatile.Read(ref _at.Head);
            ref var slot = ref _slots[position & _mask];
            var turn = Volatile.Read(ref slot.Sequence) - position;
            if (turn == 0)
            {
                if (Interlocked.CompareExchange(ref _at.Head, position + 1, position) == position)
                {
                    slot.Record = record;
                    Volatile.Write(ref slot.Sequence, position + 1);
                    return true;
                }
            }
            else if (turn < 0)
            {
                Interlocked.Increment(ref _at.Dropped);
                return false;
            }
        }
    }

    /// <summary>Takes the oldest record; false if there is none. For one reader at a time.</summary>
    public bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExecutionRecord? record)
    {
        ref var slot = ref _slots[_at.Tail & _mask];
        if (Volatile.Read(ref slot.Sequence) - (_at.Tail + 1) < 0)
        {
            record = null;
            return false;
        }

        record = slot.Record!;
        slot.Record = null;
        Volatile.Write(ref slot.Sequence, _at.Tail + _slots.Length);
        Volatile.Write(ref _at.Tail, _at.Tail + 1);
        return true;
    }

    // Writers and the reader each have a cache line of their own, so that they do not take it from one another.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Positions
    {
        [FieldOffset(64)]
        public long Head;

        [FieldOffset(128)]
        public long Tail;

        [FieldOffset(192)]
        public long Dropped;
    }

    private struct Slot
    {
        public long Sequence;
        public ExecutionRecord? Record;
    }
}

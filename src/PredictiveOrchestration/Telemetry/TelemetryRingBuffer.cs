using System.Numerics;

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
    private long _head;
    private long _tail;
    private long _dropped;

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
    public long Written => Volatile.Read(ref _head);

    /// <summary>Gets the number of records dropped because it was full.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Gets the number of records that wait to be read.</summary>
    internal int Waiting => (int)Math.Clamp(Volatile.Read(ref _head) - Volatile.Read(ref _tail), 0, _slots.Length);

    /// <summary>Adds a record; false if it was dropped. May be called by any thread.</summary>
    public bool TryWrite(ExecutionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        while (true)
        {
            var position = Volatile.Read(ref _head);
            ref var slot = ref _slots[position & _mask];
            var turn = Volatile.Read(ref slot.Sequence) - position;
            if (turn == 0)
            {
                if (Interlocked.CompareExchange(ref _head, position + 1, position) == position)
                {
                    slot.Record = record;
                    Volatile.Write(ref slot.Sequence, position + 1);
                    return true;
                }
            }
            else if (turn < 0)
            {
                Interlocked.Increment(ref _dropped);
                return false;
            }
        }
    }

    /// <summary>Takes the oldest record; false if there is none. For one reader at a time.</summary>
    public bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExecutionRecord? record)
    {
        ref var slot = ref _slots[_tail & _mask];
        if (Volatile.Read(ref slot.Sequence) - (_tail + 1) < 0)
        {
            record = null;
            return false;
        }

        record = slot.Record!;
        slot.Record = null;
        Volatile.Write(ref slot.Sequence, _tail + _slots.Length);
        Volatile.Write(ref _tail, _tail + 1);
        return true;
    }

    private struct Slot
    {
        public long Sequence;
        public ExecutionRecord? Record;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// A temporary map from basis indices to consecutive slot numbers, by open addressing. Cleared by a generation stamp, so that it
/// is reused without work between gates.
/// </summary>
internal sealed class SparseTable<TIndex>
    where TIndex : unmanaged, IBinaryInteger<TIndex>
{
    private TIndex[] _keys = new TIndex[64];
    private int[] _slots = new int[64];
    private uint[] _stamps = new uint[64];
    private uint _stamp;
    private int _mask = 63;

    /// <summary>Bytes held.</summary>
    public long MemoryBytes => _keys.LongLength * (Unsafe.SizeOf<TIndex>() + 8);

    /// <summary>The bytes a table for that many keys holds.</summary>
    public static long SizeBytes(int keys) => Capacity(keys) * (Unsafe.SizeOf<TIndex>() + 8);

    /// <summary>The number of slots given out since <see cref="Clear"/>.</summary>
    public int Count { get; private set; }

    /// <summary>Empties the table and makes room for <paramref name="keys"/>.</summary>
    public void Clear(int keys)
    {
        var capacity = Capacity(keys);
        if (capacity > _keys.Length)
        {
            _keys = new TIndex[capacity];
            _slots = new int[capacity];
            _stamps = new uint[capacity];
            _stamp = 0;
            _mask = (int)capacity - 1;
        }

        if (++_stamp == 0)
        {
            Array.Clear(_stamps);
            _stamp = 1;
        }

        Count = 0;
    }

    /// <summary>The slot of a key; a new one gets the next number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SlotOf(TIndex key)
    {
        var position = Hash(key) & _mask;
        while (_stamps[position] == _stamp)
        {
            if (_keys[position] == key)
            {
                return _slots[position];
            }

            position = (position + 1) & _mask;
        }

        _stamps[position] = _stamp;
        _keys[position] = key;
        _slots[position] = Count;
        return Count++;
    }

    /// <summary>The slot of a key, or -1.</summary>
    public int Find(TIndex key)
    {
        var position = Hash(key) & _mask;
        while (_stamps[position] == _stamp)
        {
            if (_keys[position] == key)
            {
                return _slots[position];
            }

            position = (position + 1) & _mask;
        }

        return -1;
    }

    private static long Capacity(int keys) => (long)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, 2L * keys));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Hash(TIndex key)
    {
        var low = ulong.CreateTruncating(key);
        if (typeof(TIndex) == typeof(UInt128))
        {
            low ^= ulong.CreateTruncating(key >>> 64) * 0xC2B2AE3D27D4EB4F;
        }

        low *= 0x9E3779B97F4A7C15;
        return (int)(low >> 33);
    }
}

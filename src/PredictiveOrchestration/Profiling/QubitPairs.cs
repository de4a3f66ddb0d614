namespace PredictiveOrchestration.Profiling;

/// <summary>
/// The set of pairs of qubits that a gate ever joined: a table of bits for circuits of usual width, rows of bits made when they are first
/// used for wide ones, a hash set beyond.
/// </summary>
internal sealed class QubitPairs(int numQubits)
{
    private const int MaxTableQubits = 512;

    // All rows together are then at most a mebibyte.
    private const int MaxRowQubits = 4096;
    private const int MaxListed = 1_000_000;
    private readonly ulong[] _table = numQubits <= MaxTableQubits ? new ulong[(numQubits * numQubits + 63) / 64] : [];
    private readonly ulong[]?[] _rows = numQubits is > MaxTableQubits and <= MaxRowQubits ? new ulong[numQubits][] : [];
    private readonly HashSet<long> _set = [];
    private int _count;

    /// <summary>The number of pairs; counting stops at a million where there are more than 4,096 qubits.</summary>
    public int Count => _count + _set.Count;

    public void Add(int a, int b)
    {
        int low = Math.Min(a, b), high = Math.Max(a, b);
        if (_table.Length > 0)
        {
            Set(_table, low * numQubits + high);
        }
        else if (_rows.Length > 0)
        {
            Set(_rows[low] ??= new ulong[(numQubits - low + 63) / 64], high - low);
        }
        else if (_set.Count < MaxListed)
        {
            _set.Add(((long)low << 32) | (uint)high);
        }
    }

    private void Set(ulong[] bits, int at)
    {
        ref var word = ref bits[at >> 6];
        var bit = 1UL << at;
        _count += (word & bit) == 0 ? 1 : 0;
        word |= bit;
    }
}

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>Gathers given bits of an index: bit i of the result is bit <c>source[i]</c>. By table, a byte of the index at a time.</summary>
internal sealed class BitPacker
{
    private readonly ulong[][] _tables;
    private readonly bool _isIdentity;

    /// <summary>Reads qubits from an amplitude index.</summary>
    public BitPacker(ReadOnlySpan<int> bitOfQubit, ReadOnlySpan<int> qubits)
    {
        var source = new int[qubits.Length];
        _isIdentity = qubits.Length == bitOfQubit.Length;
        for (var i = 0; i < source.Length; i++)
        {
            source[i] = bitOfQubit[qubits[i]];
            _isIdentity &= source[i] == i;
        }

        _tables = _isIdentity ? [] : Tables(source);
    }

    private BitPacker(int[] source)
    {
        _isIdentity = true;
        for (var i = 0; i < source.Length; i++)
        {
            _isIdentity &= source[i] == i;
        }

        _tables = _isIdentity ? [] : Tables(source);
    }

    /// <summary>Finds the amplitude index of a basis state whose bit q is qubit q.</summary>
    public static BitPacker Inverse(ReadOnlySpan<int> bitOfQubit)
    {
        var source = new int[bitOfQubit.Length];
        for (var q = 0; q < source.Length; q++)
        {
            source[bitOfQubit[q]] = q;
        }

        return new BitPacker(source);
    }

    public ulong Pack(long index)
    {
        if (_isIdentity)
        {
            return (ulong)index;
        }

        ulong result = 0;
        foreach (var table in _tables)
        {
            result |= table[index & 0xFF];
            index >>= 8;
        }

        return result;
    }

    private static ulong[][] Tables(int[] source)
    {
        var tables = new ulong[(source.Length == 0 ? 0 : source.Max() / 8) + 1][];
        for (var t = 0; t < tables.Length; t++)
        {
            tables[t] = new ulong[256];
            for (var value = 0; value < 256; value++)
            {
                for (var i = 0; i < source.Length; i++)
                {
                    if (source[i] / 8 == t && (value >> (source[i] % 8) & 1) != 0)
                    {
                        tables[t][value] |= 1UL << i;
                    }
                }
            }
        }

        return tables;
    }
}

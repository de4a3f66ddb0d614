using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation;

/// <summary>How the bits of an outcome come from the qubits read at the end and the classical bits known before.</summary>
internal sealed class Readout
{
    private readonly ulong[] _fixed;
    private readonly int[] _position;
    private readonly int _length;
    private readonly bool _isIdentity;

    private Readout(int[] qubits, ulong[] known, int[] position, int length)
    {
        Qubits = qubits;
        _fixed = known;
        _position = position;
        _length = length;
        _isIdentity = qubits.Length == length && !Array.Exists(known, w => w != 0);
        for (var i = 0; i < position.Length; i++)
        {
            _isIdentity &= position[i] == i;
        }

        Fixed = new BitString(known, length);
    }

    /// <summary>The qubits to read together, all different.</summary>
    public int[] Qubits { get; }

    /// <summary>The outcome if every qubit read gives 0.</summary>
    public BitString Fixed { get; }

    public static Readout OfAllQubits(int numQubits)
    {
        var qubits = Enumerable.Range(0, numQubits).ToArray();
        return new Readout(qubits, new ulong[(numQubits + 63) / 64], qubits, numQubits);
    }

    /// <summary>The classical bits of a group, with the pending measurements read from the state.</summary>
    public static Readout Of(Circuit circuit, ShotGroup group)
    {
        // The last pending measurement into a bit wins; scratch bits are not part of the outcome.
        var source = new Dictionary<int, int>();
        foreach (var index in group.Pending)
        {
            ref readonly var op = ref circuit.Operations[index];
            if (op.Argument < circuit.NumClbits)
            {
                source[op.Argument] = circuit.QubitsOf(op)[0];
            }
        }

        // By their highest bit: so the order of what is read is the order of the outcomes.
        var qubits = source.GroupBy(e => e.Value, e => e.Key).OrderBy(g => g.Max()).Select(g => g.Key).ToArray();
        var index0 = new Dictionary<int, int>();
        for (var i = 0; i < qubits.Length; i++)
        {
            index0[qubits[i]] = i;
        }

        var words = new ulong[(circuit.NumClbits + 63) / 64];
        var position = new int[circuit.NumClbits];
        for (var bit = 0; bit < circuit.NumClbits; bit++)
        {
            position[bit] = source.TryGetValue(bit, out var qubit) ? index0[qubit] : -1;
            words[bit >> 6] |= position[bit] < 0 && group.Classical[bit] ? 1UL << bit : 0;
        }

        return new Readout(qubits, words, position, circuit.NumClbits);
    }

    /// <summary>The outcome for the packed bits of <see cref="Qubits"/>.</summary>
    public BitString Combine(ReadOnlySpan<ulong> read)
    {
        if (_isIdentity)
        {
            return new BitString(read[..((_length + 63) / 64)], _length);
        }

        Span<ulong> words = _fixed.Length <= 16 ? stackalloc ulong[_fixed.Length] : new ulong[_fixed.Length];
        _fixed.CopyTo(words);
        for (var bit = 0; bit < _position.Length; bit++)
        {
            var p = _position[bit];
            if (p >= 0)
            {
                words[bit >> 6] |= (read[p >> 6] >> p & 1) << bit;
            }
        }

        return new BitString(words, _length);
    }

    /// <summary>The same for outcomes of at most 64 bits.</summary>
    public ulong CombineWord(ulong read)
    {
        if (_isIdentity)
        {
            return read;
        }

        var word = _fixed.Length == 0 ? 0 : _fixed[0];
        for (var bit = 0; bit < _position.Length; bit++)
        {
            var p = _position[bit];
            if (p >= 0)
            {
                word |= (read >> p & 1) << bit;
            }
        }

        return word;
    }
}

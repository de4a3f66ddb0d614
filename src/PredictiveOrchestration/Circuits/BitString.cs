using System.Numerics;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// An immutable string of bits, such as a measurement outcome. Bit 0 is the least significant and is written rightmost.
/// </summary>
public readonly struct BitString : IEquatable<BitString>, IComparable<BitString>
{
    private readonly ulong _low;
    private readonly ulong[]? _high;

    /// <summary>Creates a string of up to 64 bits from an integer; bits at and above <paramref name="length"/> must be zero.</summary>
    /// <param name="value">The bits; bit i of the integer is bit i of the string.</param>
    /// <param name="length">The number of bits, 0 to 64.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is outside 0 to 64, or the value does not fit.</exception>
    public BitString(ulong value, int length)
    {
        if (length is < 0 or > 64)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"'length' is {length}; accepted are 0 to 64.");
        }

        if (length < 64 && value >> length != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, $"The value {value} does not fit into {length} bits.");
        }

        Length = length;
        _low = value;
    }

    /// <summary>Creates a string from 64-bit words, least significant word first.</summary>
    /// <param name="words">ceil(length / 64) words; bits at and above <paramref name="length"/> are dropped.</param>
    /// <param name="length">The number of bits.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of words does not fit the length.</exception>
    public BitString(ReadOnlySpan<ulong> words, int length)
    {
        if (length < 0 || words.Length != (length + 63) / 64)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"{length} bits need {(Math.Max(length, 0) + 63) / 64} words; {words.Length} were given.");
        }

        Length = length;
        var tail = length % 64 == 0 ? ulong.MaxValue : (1UL << (length % 64)) - 1;
        _low = words.Length == 0 ? 0 : words.Length == 1 ? words[0] & tail : words[0];
        if (words.Length > 1)
        {
            _high = words[1..].ToArray();
            _high[^1] &= tail;
        }
    }

    /// <summary>Gets the number of bits.</summary>
    public int Length { get; }

    /// <summary>Gets bit <paramref name="index"/>; bit 0 is the least significant.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside the string.</exception>
    public bool this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Length)
            {
                throw new ArgumentOutOfRangeException(nameof(index), index, $"Bit {index} was asked for; the string has {Length} bits.");
            }

            return ((index < 64 ? _low : _high![index / 64 - 1]) >> (index % 64) & 1) != 0;
        }
    }

    /// <summary>Reads a string of '0' and '1', most significant bit first.</summary>
    /// <exception cref="FormatException">A character is neither '0' nor '1'.</exception>
    public static BitString Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var count = (text.Length + 63) / 64;
        var words = count <= 16 ? stackalloc ulong[count] : new ulong[count];
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[text.Length - 1 - i];
            if (c is not ('0' or '1'))
            {
                throw new FormatException($"'{c}' at position {text.Length - 1 - i} of a bit string; only '0' and '1' are accepted.");
            }

            words[i / 64] |= (ulong)(c - '0') << (i % 64);
        }

        return new BitString(words, text.Length);
    }

    /// <summary>Converts to an integer.</summary>
    /// <exception cref="OverflowException">The string is longer than 64 bits and a higher bit is set.</exception>
    public ulong ToUInt64() => _high is null || Array.TrueForAll(_high, w => w == 0)
        ? _low
        : throw new OverflowException($"A bit string of {Length} bits does not fit into 64 bits; use ToBigInteger.");

    /// <summary>Converts to an integer of any size.</summary>
    public BigInteger ToBigInteger()
    {
        BigInteger value = 0;
        for (var i = (_high?.Length ?? 0) - 1; i >= 0; i--)
        {
            value = (value << 64) | _high![i];
        }

        return (value << 64) | _low;
    }

    /// <summary>Writes the bits, most significant first.</summary>
    public override string ToString()
    {
        return string.Create(Length, this, static (span, bits) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[span.Length - 1 - i] = bits[i] ? '1' : '0';
            }
        });
    }

    /// <inheritdoc/>
    public bool Equals(BitString other) =>
        Length == other.Length && _low == other._low && (_high ?? []).AsSpan().SequenceEqual(other._high ?? []);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BitString other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Length);
        hash.Add(_low);
        foreach (var word in _high ?? [])
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }

    /// <summary>Orders by length, then by value.</summary>
    public int CompareTo(BitString other)
    {
        if (Length != other.Length)
        {
            return Length.CompareTo(other.Length);
        }

        for (var i = (_high?.Length ?? 0) - 1; i >= 0; i--)
        {
            if (_high![i] != other._high![i])
            {
                return _high[i].CompareTo(other._high[i]);
            }
        }

        return _low.CompareTo(other._low);
    }

    /// <summary>Compares for equality.</summary>
    public static bool operator ==(BitString left, BitString right) => left.Equals(right);

    /// <summary>Compares for inequality.</summary>
    public static bool operator !=(BitString left, BitString right) => !left.Equals(right);

    /// <summary>Orders by length, then by value.</summary>
    public static bool operator <(BitString left, BitString right) => left.CompareTo(right) < 0;

    /// <summary>Orders by length, then by value.</summary>
    public static bool operator >(BitString left, BitString right) => left.CompareTo(right) > 0;

    /// <summary>Orders by length, then by value.</summary>
    public static bool operator <=(BitString left, BitString right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by length, then by value.</summary>
    public static bool operator >=(BitString left, BitString right) => left.CompareTo(right) >= 0;
}

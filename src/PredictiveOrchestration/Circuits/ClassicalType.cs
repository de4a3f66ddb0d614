namespace PredictiveOrchestration.Circuits;

/// <summary>The kinds of values that a circuit computes with while it runs.</summary>
public enum ClassicalKind : byte
{
    /// <summary>True or false.</summary>
    Bool,

    /// <summary>Signed integer of 1 to 64 bits, two's complement; arithmetic wraps around.</summary>
    Int,

    /// <summary>Unsigned integer of 1 to 64 bits; arithmetic wraps around.</summary>
    UInt,

    /// <summary>Double-precision number; also an angle in radians.</summary>
    Float,
}

/// <summary>The type of a run-time variable or expression.</summary>
/// <param name="Kind">The kind of value.</param>
/// <param name="Width">The number of bits: 1 for bool, 1 to 64 for integers, 64 for float.</param>
public readonly record struct ClassicalType(ClassicalKind Kind, int Width)
{
    /// <summary>Gets the type of truth values.</summary>
    public static ClassicalType Bool => new(ClassicalKind.Bool, 1);

    /// <summary>Gets the type of double-precision numbers.</summary>
    public static ClassicalType Float => new(ClassicalKind.Float, 64);

    /// <summary>Gets a signed integer type.</summary>
    public static ClassicalType Int(int width = 64) => new(ClassicalKind.Int, width);

    /// <summary>Gets an unsigned integer type.</summary>
    public static ClassicalType UInt(int width = 64) => new(ClassicalKind.UInt, width);
}

/// <summary>A value computed while a circuit runs. Integers and truth values live in <see cref="Bits"/>, numbers in <see cref="Number"/>.</summary>
public readonly record struct ClassicalValue
{
    private ClassicalValue(ClassicalKind kind, long bits, double number)
    {
        Kind = kind;
        Bits = bits;
        Number = number;
    }

    /// <summary>Gets the kind of value.</summary>
    public ClassicalKind Kind { get; }

    /// <summary>Gets the integer's two's complement bits, or 0 or 1 for a truth value.</summary>
    public long Bits { get; }

    /// <summary>Gets the number of a <see cref="ClassicalKind.Float"/>.</summary>
    public double Number { get; }

    /// <summary>Makes a truth value.</summary>
    public static ClassicalValue Of(bool value) => new(ClassicalKind.Bool, value ? 1 : 0, 0);

    /// <summary>Makes a signed integer.</summary>
    public static ClassicalValue Of(long value) => new(ClassicalKind.Int, value, 0);

    /// <summary>Makes an unsigned integer.</summary>
    public static ClassicalValue Of(ulong value) => new(ClassicalKind.UInt, (long)value, 0);

    /// <summary>Makes a number.</summary>
    public static ClassicalValue Of(double value) => new(ClassicalKind.Float, 0, value);

    /// <summary>Converts to a truth value: anything but zero is true.</summary>
    public bool ToBool() => Kind == ClassicalKind.Float ? Number != 0 : Bits != 0;

    /// <summary>Converts to a number.</summary>
    public double ToDouble() => Kind switch
    {
        ClassicalKind.Float => Number,
        ClassicalKind.UInt => (ulong)Bits,
        _ => Bits,
    };

    /// <summary>Converts to a 64-bit integer; numbers are cut towards zero.</summary>
    public long ToInt64() => Kind == ClassicalKind.Float ? (long)Number : Bits;

    /// <summary>Converts to <paramref name="type"/>; integers wrap around to the type's width.</summary>
    public ClassicalValue ConvertTo(ClassicalType type)
    {
        switch (type.Kind)
        {
            case ClassicalKind.Bool:
                return Of(ToBool());
            case ClassicalKind.Float:
                return Of(ToDouble());
            default:
                var bits = Kind == ClassicalKind.Float && type.Kind == ClassicalKind.UInt && Number >= 0 ? (long)(ulong)Number : ToInt64();
                var shift = 64 - type.Width;
                return type.Kind == ClassicalKind.Int ? Of(bits << shift >> shift) : Of((ulong)bits << shift >> shift);
        }
    }
}

using System.Numerics;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// What the classical operators compute. Integer results wrap around to the width of the result type; a number in either
/// operand makes arithmetic and comparison one of numbers; dividing an integer by zero gives zero (OpenQASM 3 leaves it undefined).
/// </summary>
internal static class ClassicalArithmetic
{
    public static ClassicalValue Unary(ClassicalOperator op, ClassicalValue value, ClassicalType operandType, ClassicalType type)
    {
        var x = value.ToDouble();
        var result = op switch
        {
            ClassicalOperator.Negate => value.Kind == ClassicalKind.Float ? ClassicalValue.Of(-x) : ClassicalValue.Of(unchecked(-value.ToInt64())),
            ClassicalOperator.BitwiseNot => ClassicalValue.Of((ulong)~value.ToInt64()).ConvertTo(operandType),
            ClassicalOperator.LogicalNot => ClassicalValue.Of(!value.ToBool()),
            ClassicalOperator.Cast => value,
            ClassicalOperator.PopCount => ClassicalValue.Of((long)BitOperations.PopCount((ulong)value.ConvertTo(ClassicalType.UInt(operandType.Width)).Bits)),
            ClassicalOperator.Sin => ClassicalValue.Of(Math.Sin(x)),
            ClassicalOperator.Cos => ClassicalValue.Of(Math.Cos(x)),
            ClassicalOperator.Tan => ClassicalValue.Of(Math.Tan(x)),
            ClassicalOperator.Arcsin => ClassicalValue.Of(Math.Asin(x)),
            ClassicalOperator.Arccos => ClassicalValue.Of(Math.Acos(x)),
            ClassicalOperator.Arctan => ClassicalValue.Of(Math.Atan(x)),
            ClassicalOperator.Exp => ClassicalValue.Of(Math.Exp(x)),
            ClassicalOperator.Log => ClassicalValue.Of(Math.Log(x)),
            ClassicalOperator.Sqrt => ClassicalValue.Of(Math.Sqrt(x)),
            ClassicalOperator.Floor => ClassicalValue.Of(Math.Floor(x)),
            ClassicalOperator.Ceiling => ClassicalValue.Of(Math.Ceiling(x)),
            _ => throw new ArgumentOutOfRangeException(nameof(op), op, $"'{op}' does not take one operand."),
        };
        return result.ConvertTo(type);
    }

    public static ClassicalValue Binary(ClassicalOperator op, ClassicalValue left, ClassicalValue right, ClassicalType type)
    {
        var numbers = left.Kind == ClassicalKind.Float || right.Kind == ClassicalKind.Float;
        var result = numbers ? Numbers(op, left.ToDouble(), right.ToDouble()) : Integers(op, left, right, type);
        return result.ConvertTo(type);
    }

    private static ClassicalValue Numbers(ClassicalOperator op, double a, double b) => op switch
    {
        ClassicalOperator.Add => ClassicalValue.Of(a + b),
        ClassicalOperator.Subtract => ClassicalValue.Of(a - b),
        ClassicalOperator.Multiply => ClassicalValue.Of(a * b),
        ClassicalOperator.Divide => ClassicalValue.Of(a / b),
        ClassicalOperator.Modulo => ClassicalValue.Of(a % b),
        ClassicalOperator.Power => ClassicalValue.Of(Math.Pow(a, b)),
        ClassicalOperator.Equal => ClassicalValue.Of(a == b),
        ClassicalOperator.NotEqual => ClassicalValue.Of(a != b),
        ClassicalOperator.Less => ClassicalValue.Of(a < b),
        ClassicalOperator.LessOrEqual => ClassicalValue.Of(a <= b),
        ClassicalOperator.Greater => ClassicalValue.Of(a > b),
        ClassicalOperator.GreaterOrEqual => ClassicalValue.Of(a >= b),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, $"'{op}' is not defined for numbers that are not integers."),
    };

    private static ClassicalValue Integers(ClassicalOperator op, ClassicalValue left, ClassicalValue right, ClassicalType type)
    {
        long a = left.ToInt64(), b = right.ToInt64();

        // Unsigned comparison only if no operand is a negative signed integer: bits and uints are never negative.
        var unsigned = left.Kind != ClassicalKind.Int && right.Kind != ClassicalKind.Int;
        var order = unsigned ? ((ulong)a).CompareTo((ulong)b) : Compare(left, right);
        return op switch
        {
            ClassicalOperator.Add => ClassicalValue.Of(unchecked(a + b)),
            ClassicalOperator.Subtract => ClassicalValue.Of(unchecked(a - b)),
            ClassicalOperator.Multiply => ClassicalValue.Of(unchecked(a * b)),
            ClassicalOperator.Divide => b == 0 ? ClassicalValue.Of(0L) : unsigned ? ClassicalValue.Of((ulong)a / (ulong)b) : ClassicalValue.Of(b == -1 ? unchecked(-a) : a / b),
            ClassicalOperator.Modulo => b == 0 ? ClassicalValue.Of(0L) : unsigned ? ClassicalValue.Of((ulong)a % (ulong)b) : ClassicalValue.Of(b == -1 ? 0 : a % b),
            ClassicalOperator.Power => b >= 0 ? ClassicalValue.Of(Power(a, b)) : ClassicalValue.Of(Math.Pow(a, b)),
            ClassicalOperator.BitwiseAnd => ClassicalValue.Of((ulong)(a & b)),
            ClassicalOperator.BitwiseOr => ClassicalValue.Of((ulong)(a | b)),
            ClassicalOperator.BitwiseXor => ClassicalValue.Of((ulong)(a ^ b)),
            ClassicalOperator.ShiftLeft => b is < 0 or > 63 ? ClassicalValue.Of(0L) : ClassicalValue.Of((ulong)a << (int)b),
            ClassicalOperator.ShiftRight => b is < 0 or > 63 ? ClassicalValue.Of(0L) : ClassicalValue.Of((ulong)a >> (int)b),
            ClassicalOperator.RotateLeft => Rotate((ulong)a, b, type.Width),
            ClassicalOperator.RotateRight => Rotate((ulong)a, -b, type.Width),
            ClassicalOperator.Equal => ClassicalValue.Of(order == 0),
            ClassicalOperator.NotEqual => ClassicalValue.Of(order != 0),
            ClassicalOperator.Less => ClassicalValue.Of(order < 0),
            ClassicalOperator.LessOrEqual => ClassicalValue.Of(order <= 0),
            ClassicalOperator.Greater => ClassicalValue.Of(order > 0),
            ClassicalOperator.GreaterOrEqual => ClassicalValue.Of(order >= 0),
            _ => throw new ArgumentOutOfRangeException(nameof(op), op, $"'{op}' does not take two operands."),
        };
    }

    // Compares by mathematical value: a signed negative is less than every unsigned.
    private static int Compare(ClassicalValue left, ClassicalValue right) => Widen(left).CompareTo(Widen(right));

    private static Int128 Widen(ClassicalValue value) => value.Kind == ClassicalKind.Int ? value.Bits : (Int128)(ulong)value.Bits;

    private static long Power(long value, long exponent)
    {
        long result = 1;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0)
            {
                result = unchecked(result * value);
            }

            value = unchecked(value * value);
        }

        return result;
    }

    private static ClassicalValue Rotate(ulong value, long by, int width)
    {
        var mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
        var shift = (int)(((by % width) + width) % width);
        value &= mask;
        return ClassicalValue.Of(shift == 0 ? value : ((value << shift) | (value >> (width - shift))) & mask);
    }
}

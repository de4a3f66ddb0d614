namespace PredictiveOrchestration.Circuits;

/// <summary>
/// An immutable expression over a circuit's classical bits and variables, evaluated while the circuit runs.
/// Whatever is known before the run has been folded into constants.
/// </summary>
public abstract record ClassicalExpression
{
    // A tree as deep as this is still evaluated on any thread's stack; one as large as this, shared parts counted again, in no time.
    internal const int MaxDepth = 1000;
    internal const int MaxSize = 1 << 16;

    private protected ClassicalExpression(ClassicalType type, ClassicalExpression? left = null, ClassicalExpression? right = null)
    {
        Type = type;
        Depth = 1 + Math.Max(left?.Depth ?? 0, right?.Depth ?? 0);
        Size = (int)Math.Min(1L + (left?.Size ?? 0) + (right?.Size ?? 0), int.MaxValue);
    }

    /// <summary>The nodes on the longest way down.</summary>
    internal int Depth { get; }

    /// <summary>The nodes that evaluating visits.</summary>
    internal int Size { get; }

    /// <summary>Gets the type of the value.</summary>
    public ClassicalType Type { get; }

    /// <summary>Evaluates the expression.</summary>
    /// <param name="state">The bits and variables.</param>
    public abstract ClassicalValue Evaluate(ClassicalState state);

    /// <summary>Gets the operands.</summary>
    public virtual IEnumerable<ClassicalExpression> Operands => [];

    /// <summary>Makes "register = value", as OpenQASM 2's <c>if</c> tests it; bits beyond 64 are compared with zero.</summary>
    /// <param name="firstBit">The register's first classical bit.</param>
    /// <param name="length">The number of bits.</param>
    /// <param name="value">The value to compare with.</param>
    public static ClassicalExpression RegisterEquals(int firstBit, int length, ulong value)
    {
        if (length <= 0)
        {
            return new ConstantExpression(ClassicalValue.Of(value == 0));
        }

        if (length > 64)
        {
            // Halves, not a chain: a register of a million bits must not make a tree as deep.
            var lower = (length / 2 + 63) / 64 * 64;
            return new BinaryExpression(
                ClassicalOperator.LogicalAnd, RegisterEquals(firstBit, lower, value), RegisterEquals(firstBit + lower, length - lower, 0), ClassicalType.Bool);
        }

        ClassicalExpression part = length == 1 ? new BitExpression(firstBit) : new BitRangeExpression(firstBit, length);
        var wanted = value <= long.MaxValue ? ClassicalValue.Of((long)value) : ClassicalValue.Of(value);
        return new BinaryExpression(ClassicalOperator.Equal, part, new ConstantExpression(wanted), ClassicalType.Bool);
    }

    internal abstract ClassicalExpression MapBits(Func<int, int> map);
}

/// <summary>A constant.</summary>
/// <param name="Value">The value.</param>
public sealed record ConstantExpression(ClassicalValue Value) : ClassicalExpression(new ClassicalType(Value.Kind, Value.Kind == ClassicalKind.Bool ? 1 : 64))
{
    /// <inheritdoc/>
    public override ClassicalValue Evaluate(ClassicalState state) => Value;

    internal override ClassicalExpression MapBits(Func<int, int> map) => this;
}

/// <summary>One classical bit as a truth value.</summary>
/// <param name="Bit">The classical bit.</param>
public sealed record BitExpression(int Bit) : ClassicalExpression(ClassicalType.Bool)
{
    /// <inheritdoc/>
    public override ClassicalValue Evaluate(ClassicalState state) => ClassicalValue.Of(state[Bit]);

    internal override ClassicalExpression MapBits(Func<int, int> map) => new BitExpression(map(Bit));
}

/// <summary>Up to 64 consecutive classical bits as an unsigned integer; the first bit is the least significant.</summary>
/// <param name="Start">The first bit.</param>
/// <param name="Length">The number of bits, 1 to 64.</param>
public sealed record BitRangeExpression(int Start, int Length) : ClassicalExpression(ClassicalType.UInt(Length))
{
    /// <inheritdoc/>
    public override ClassicalValue Evaluate(ClassicalState state) => ClassicalValue.Of(state.ReadBits(Start, Length));

    internal override ClassicalExpression MapBits(Func<int, int> map)
    {
        // Scratch bits have descending provisional numbers. A mapping that tears the range apart gives a sum of single bits.
        var first = map(Start);
        var step = first < 0 ? -1 : 1;
        var source = Start < 0 ? -1 : 1;
        ClassicalExpression? torn = null;
        for (var i = 0; i < Length; i++)
        {
            if (map(Start + source * i) != first + step * i)
            {
                torn = new ConstantExpression(ClassicalValue.Of(0UL));
                break;
            }
        }

        for (var i = 0; torn is not null && i < Length; i++)
        {
            var bit = new BinaryExpression(
                ClassicalOperator.ShiftLeft, new UnaryExpression(ClassicalOperator.Cast, new BitExpression(map(Start + source * i)), Type), new ConstantExpression(ClassicalValue.Of((long)i)), Type);
            torn = new BinaryExpression(ClassicalOperator.BitwiseOr, torn, bit, Type);
        }

        return torn ?? new BitRangeExpression(first, Length);
    }
}

/// <summary>A run-time variable.</summary>
/// <param name="Index">The index among the circuit's variables.</param>
/// <param name="VariableType">Its type.</param>
public sealed record VariableExpression(int Index, ClassicalType VariableType) : ClassicalExpression(VariableType)
{
    /// <inheritdoc/>
    public override ClassicalValue Evaluate(ClassicalState state) => state.GetVariable(Index);

    internal override ClassicalExpression MapBits(Func<int, int> map) => this;
}

/// <summary>An operator or function of one operand.</summary>
/// <param name="Operator">What is computed.</param>
/// <param name="Operand">The operand.</param>
/// <param name="ResultType">The type of the result.</param>
public sealed record UnaryExpression(ClassicalOperator Operator, ClassicalExpression Operand, ClassicalType ResultType) : ClassicalExpression(ResultType, Operand)
{
    /// <inheritdoc/>
    public override IEnumerable<ClassicalExpression> Operands => [Operand];

    /// <inheritdoc/>
    public override ClassicalValue Evaluate(ClassicalState state) => ClassicalArithmetic.Unary(Operator, Operand.Evaluate(state), Operand.Type, Type);

    internal override ClassicalExpression MapBits(Func<int, int> map) => new UnaryExpression(Operator, Operand.MapBits(map), Type);
}

/// <summary>An operator or function of two operands. The logical operators do not evaluate the right operand where the left decides.</summary>
/// <param name="Operator">What is computed.</param>
/// <param name="Left">The left operand.</param>
/// <param name="Right">The right operand.</param>
/// <param name="ResultType">The type of the result.</param>
public sealed record BinaryExpression(ClassicalOperator Operator, ClassicalExpression Left, ClassicalExpression Right, ClassicalType ResultType) : ClassicalExpression(ResultType, Left, Right)
{
    /// <inheritdoc/>
    public override IEnumerable<ClassicalExpression> Operands => [Left, Right];

    /// <inheritdoc/>
    public override ClassicalValue Evaluate(ClassicalState state)
    {
        var left = Left.Evaluate(state);
        return Operator switch
        {
            ClassicalOperator.LogicalAnd => ClassicalValue.Of(left.ToBool() && Right.Evaluate(state).ToBool()),
            ClassicalOperator.LogicalOr => ClassicalValue.Of(left.ToBool() || Right.Evaluate(state).ToBool()),
            _ => ClassicalArithmetic.Binary(Operator, left, Right.Evaluate(state), Type),
        };
    }

    internal override ClassicalExpression MapBits(Func<int, int> map) => new BinaryExpression(Operator, Left.MapBits(map), Right.MapBits(map), Type);
}

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Expressions, assignments, measurements.</content>
internal sealed partial class Interpreter
{
    private static readonly Dictionary<string, ClassicalOperator> Binaries = new(StringComparer.Ordinal)
    {
        ["+"] = ClassicalOperator.Add, ["-"] = ClassicalOperator.Subtract, ["*"] = ClassicalOperator.Multiply, ["/"] = ClassicalOperator.Divide,
        ["%"] = ClassicalOperator.Modulo, ["**"] = ClassicalOperator.Power, ["&"] = ClassicalOperator.BitwiseAnd, ["|"] = ClassicalOperator.BitwiseOr,
        ["^"] = ClassicalOperator.BitwiseXor, ["<<"] = ClassicalOperator.ShiftLeft, [">>"] = ClassicalOperator.ShiftRight,
        ["=="] = ClassicalOperator.Equal, ["!="] = ClassicalOperator.NotEqual, ["<"] = ClassicalOperator.Less, ["<="] = ClassicalOperator.LessOrEqual,
        [">"] = ClassicalOperator.Greater, [">="] = ClassicalOperator.GreaterOrEqual, ["&&"] = ClassicalOperator.LogicalAnd, ["||"] = ClassicalOperator.LogicalOr,
    };

    private static readonly Dictionary<string, ClassicalOperator> Functions = new(StringComparer.Ordinal)
    {
        ["sin"] = ClassicalOperator.Sin, ["cos"] = ClassicalOperator.Cos, ["tan"] = ClassicalOperator.Tan, ["exp"] = ClassicalOperator.Exp,
        ["ln"] = ClassicalOperator.Log, ["log"] = ClassicalOperator.Log, ["sqrt"] = ClassicalOperator.Sqrt, ["arcsin"] = ClassicalOperator.Arcsin,
        ["arccos"] = ClassicalOperator.Arccos, ["arctan"] = ClassicalOperator.Arctan, ["floor"] = ClassicalOperator.Floor,
        ["ceiling"] = ClassicalOperator.Ceiling, ["popcount"] = ClassicalOperator.PopCount,
    };

    private Value Evaluate(Expression expression, bool allowVoid = false)
    {
        Charge(expression.Start, 2);
        CheckStack(expression.Start);
        switch (expression)
        {
            case NumberNode number:
                return new ScalarValue(new ConstantExpression(number.Value));
            case BitStringNode text:
                return text.Bits.Length <= 64
                    ? new ScalarValue(Fold.Cast(new ConstantExpression(ClassicalValue.Of(System.Convert.ToUInt64(text.Bits, 2))), ClassicalType.UInt(text.Bits.Length)))
                    : throw Error(OpenQasmCodes.Unsupported, text.Start, $"A string of {text.Bits.Length} bits is too long.", "At most 64 bits are supported.");
            case DurationNode duration:
                throw Error(OpenQasmCodes.Unsupported, duration.Start, "A time cannot be part of an expression.", "Times have no effect; remove it.");
            case NameNode name:
                return Named(name);
            case PhysicalQubitNode physical:
                return new QubitsValue([PhysicalQubit(physical)], true);
            case UnaryNode unary:
                var op = unary.Operator switch { "-" => ClassicalOperator.Negate, "!" => ClassicalOperator.LogicalNot, _ => ClassicalOperator.BitwiseNot };
                return new ScalarValue(Bounded(Fold.Unary(op, Scalar(unary.Operand)), unary.Start));
            case BinaryNode { Operator: "++" } join:
                return Join(Evaluate(join.Left), Evaluate(join.Right), join.Start);
            case BinaryNode binary:
                return new ScalarValue(Chain(binary));
            case CastNode cast:
                return new ScalarValue(Fold.Cast(Scalar(cast.Operand), ScalarType(cast.Type)));
            case CallNode call:
                return Call(call, allowVoid);
            case IndexNode index:
                return Index(index);
            case SetNode set:
                return new ArrayValue([.. set.Items.Select(i => Evaluate(i))]);
            default:
                throw Error(OpenQasmCodes.NotAllowedHere, expression.Start, "This cannot stand in an expression.", "Write a value here.");
        }
    }

    // Long sums lean to the left. They are walked in a loop, as a small stack would not hold a call for each of their operators.
    private ClassicalExpression Chain(BinaryNode last)
    {
        var above = _leaning.Count;
        _leaning.Push(last);
        var first = last.Left;
        while (first is BinaryNode { Operator: not "++" } node)
        {
            Charge(node.Start, 2);
            _leaning.Push(node);
            first = node.Left;
        }

        var value = Scalar(first);
        while (_leaning.Count > above)
        {
            var node = _leaning.Pop();
            value = Combine(Binaries[node.Operator], value, Scalar(node.Right), node.Start);
        }

        return value;
    }

    private Value EvaluateOrMeasure(Expression expression)
    {
        if (expression is not MeasureNode measure)
        {
            return Evaluate(expression);
        }

        var qubits = Qubits(measure.Operand);
        var first = AddScratchBits(qubits.Qubits.Length, measure.Start);
        var bits = new BitsValue(Enumerable.Range(0, qubits.Qubits.Length).Select(i => first - i).ToArray(), qubits.IsScalar);
        Measure(qubits, bits, measure.Start);
        return bits;
    }

    private Value Named(NameNode node)
    {
        switch (_scope.Find(node.Name))
        {
            case QubitSymbol qubits:
                return new QubitsValue(qubits.Qubits, qubits.IsScalar);
            case BitSymbol bits:
                return new BitsValue(bits.Bits, bits.IsScalar);
            case VariableSymbol variable:
                return new ScalarValue(variable.Runtime ?? variable.Value);
            case ArraySymbol array:
                return array.Array;
            case OpaqueSymbol opaque:
                throw Error(OpenQasmCodes.Unsupported, node.Start, $"'{node.Name}' is an {opaque.What} and has no value here.", "Remove it.");
            case FaultySymbol:
                throw Faulty(node.Start);
            case null:
                double? constant = node.Name switch { "pi" or "π" => Math.PI, "tau" or "τ" => Math.Tau, "euler" or "ℇ" => Math.E, _ => null };
                if (constant is { } value && (_dialect == 3 || node.Name == "pi"))
                {
                    return new ScalarValue(Fold.Constant(value));
                }

                if (_dialect == 3 && node.Name is "true" or "false")
                {
                    return new ScalarValue(Fold.Constant(node.Name == "true"));
                }

                throw Error(OpenQasmCodes.Undeclared, node.Start, $"The name '{node.Name}' is not declared.", "Declare it before it is used.");
            default:
                throw Error(OpenQasmCodes.WrongKind, node.Start, $"'{node.Name}' is not a value.", "Use a variable, a register or a number.");
        }
    }

    private int PhysicalQubit(PhysicalQubitNode node)
    {
        // Physical qubits are one register "$"; it grows as higher ones are used, and cannot once other registers follow.
        while (_builder.NumQubits <= node.Number)
        {
            if (_global.Find("$0") is null && _builder.NumQubits > 0)
            {
                throw Error(OpenQasmCodes.Unsupported, node.Start, "Physical qubits and declared qubits are mixed.", "Use one kind.");
            }

            var name = "$" + _builder.NumQubits;
            var register = _builder.AddQubits(name, 1);
            _global.TryAdd(name, new QubitSymbol([register.Start], true));
        }

        return node.Number;
    }

    private static ClassicalExpression Combine(ClassicalOperator op, ClassicalExpression left, ClassicalExpression right, int start) =>
        op is >= ClassicalOperator.BitwiseAnd and <= ClassicalOperator.RotateRight && (left.Type.Kind == ClassicalKind.Float || right.Type.Kind == ClassicalKind.Float)
            ? throw Error(OpenQasmCodes.WrongKind, start, "An operator on bits is given a number that is not an integer.", "Convert it by int(…) or uint(…).")
            : Bounded(Fold.Binary(op, left, right), start);

    private Value Join(Value left, Value right, int start) => (left, right) switch
    {
        (QubitsValue a, QubitsValue b) => new QubitsValue(Join(a.Qubits, b.Qubits, start), false),
        (BitsValue a, BitsValue b) => new BitsValue(Join(a.Bits, b.Bits, start), false),
        (ArrayValue a, ArrayValue b) => new ArrayValue(Join(a.Items, b.Items, start)),
        _ => throw Error(OpenQasmCodes.WrongKind, start, "'++' joins two registers of the same kind.", "Join qubits with qubits or bits with bits."),
    };

    private T[] Join<T>(T[] left, T[] right, int start)
    {
        Charge(start, 2L * left.Length + 2L * right.Length);
        return [.. left, .. right];
    }

    private Value Index(IndexNode node)
    {
        var target = Evaluate(node.Target);
        if (target is ArrayValue)
        {
            foreach (var item in node.Items)
            {
                if (target is not ArrayValue array)
                {
                    throw Error(OpenQasmCodes.IndexRange, item.Start, "There are more indices than dimensions.", "Remove the last one.");
                }

                var picked = Select(item, array.Items.Length);
                target = picked.IsScalar ? array.Items[picked.Items[0]] : new ArrayValue(Array.ConvertAll(picked.Items, i => array.Items[i]));
            }

            return target;
        }

        if (node.Items.Count != 1)
        {
            throw Error(OpenQasmCodes.IndexRange, node.Start, "A register has one index.", "Remove the others.");
        }

        switch (target)
        {
            case QubitsValue qubits:
                var q = Select(node.Items[0], qubits.Qubits.Length);
                return new QubitsValue(Array.ConvertAll(q.Items, i => qubits.Qubits[i]), q.IsScalar);
            case BitsValue bits:
                var b = Select(node.Items[0], bits.Bits.Length);
                return new BitsValue(Array.ConvertAll(b.Items, i => bits.Bits[i]), b.IsScalar);
            case ScalarValue { Expression: { Type.Kind: ClassicalKind.Int or ClassicalKind.UInt } scalar }:
                var s = Select(node.Items[0], scalar.Type.Width);
                ClassicalExpression value = Fold.Constant(0L);
                for (var i = 0; i < s.Items.Length; i++)
                {
                    var bit = Fold.Binary(ClassicalOperator.BitwiseAnd, Fold.Binary(ClassicalOperator.ShiftRight, Fold.Cast(scalar, ClassicalType.UInt(scalar.Type.Width)), Fold.Constant((long)s.Items[i])), Fold.Constant(1L));
                    value = i == 0 ? bit : Fold.Binary(ClassicalOperator.BitwiseOr, value, Fold.Binary(ClassicalOperator.ShiftLeft, bit, Fold.Constant((long)i)));
                }

                return new ScalarValue(s.IsScalar ? Fold.Cast(value, ClassicalType.Bool) : Fold.Cast(value, ClassicalType.UInt(s.Items.Length)));
            default:
                throw Error(OpenQasmCodes.WrongKind, node.Start, "This has no elements.", "Index a register, an array or an integer.");
        }
    }

    private (int[] Items, bool IsScalar) Select(Expression item, int length)
    {
        switch (item)
        {
            case RangeNode range:
                var step = range.Step is null ? 1 : Integer(range.Step);
                if (step == 0)
                {
                    throw Error(OpenQasmCodes.IndexRange, range.Start, "The step of a range is 0.", "Use another step.");
                }

                var first = range.First is null ? (step > 0 ? 0 : length - 1) : Position(range.First, length);
                var last = range.Last is null ? (step > 0 ? length - 1 : 0) : Position(range.Last, length);
                var distance = step > 0 ? (long)last - first : (long)first - last;
                var count = distance < 0 ? 0 : (long)(distance / Int128.Abs(step)) + 1;
                Charge(range.Start, 2 * count);
                var items = new int[count];
                for (var i = 0; i < items.Length; i++)
                {
                    items[i] = (int)(first + i * step);
                }

                return (items, false);
            case SetNode set:
                return (set.Items.Select(i => Position(i, length)).ToArray(), false);
            default:
                return ([Position(item, length)], true);
        }
    }

    private int Position(Expression expression, int length)
    {
        var index = Integer(expression);
        var actual = index < 0 && _dialect == 3 ? index + length : index;
        return actual >= 0 && actual < length
            ? (int)actual
            : throw Error(OpenQasmCodes.IndexRange, expression.Start, $"The index {index} is out of range.", $"Accepted are 0 to {length - 1}.");
    }

    // The values that a for loop runs over.
    private IEnumerable<ClassicalExpression> Sequence(Expression expression)
    {
        if (expression is RangeNode range)
        {
            if (range.First is null || range.Last is null)
            {
                throw Error(OpenQasmCodes.UnexpectedToken, range.Start, "A loop range needs a first and a last value.", "Write [first:last] or [first:step:last].");
            }

            long first = Integer(range.First), last = Integer(range.Last), step = range.Step is null ? 1 : Integer(range.Step);
            if (step == 0)
            {
                throw Error(OpenQasmCodes.IndexRange, range.Start, "The step of a range is 0.", "Use another step.");
            }

            for (var i = (Int128)first; step > 0 ? i <= last : i >= last; i += step)
            {
                yield return Fold.Constant((long)i);
            }

            yield break;
        }

        switch (Evaluate(expression))
        {
            case ArrayValue array:
                foreach (var item in array.Items)
                {
                    yield return AsScalar(item, expression.Start);
                }

                break;
            case BitsValue bits:
                foreach (var bit in bits.Bits)
                {
                    yield return new BitExpression(bit);
                }

                break;
            default:
                throw Error(OpenQasmCodes.WrongKind, expression.Start, "A loop runs over a range, a set, an array or bits.", "Write [first:last] or {a, b, c}.");
        }
    }

    private ClassicalExpression Truth(Expression expression) => Fold.Cast(Scalar(expression), ClassicalType.Bool);

    private ClassicalExpression Scalar(Expression expression) => AsScalar(Evaluate(expression), expression.Start);

    private static ClassicalExpression AsScalar(Value value, int start)
    {
        switch (value)
        {
            case ScalarValue scalar:
                return scalar.Expression;
            case BitsValue { Bits.Length: 1 } bit:
                return new BitExpression(bit.Bits[0]);
            case BitsValue { Bits.Length: <= 64 } bits:
                return Pack(bits.Bits);
            case BitsValue wide:
                throw Error(OpenQasmCodes.Unsupported, start, $"{wide.Bits.Length} bits are used as one number.", "At most 64 bits make a number.");
            default:
                throw Error(OpenQasmCodes.WrongKind, start, "A number or truth value is needed here.", "Use a classical value.");
        }
    }

    private static ClassicalExpression Pack(int[] bits)
    {
        ClassicalExpression? packed = null;
        for (var i = 0; i < bits.Length;)
        {
            var count = 1;
            while (i + count < bits.Length && IsNext(bits[i + count - 1], bits[i + count]))
            {
                count++;
            }

            ClassicalExpression part = new BitRangeExpression(bits[i], count);
            if (i > 0)
            {
                part = Fold.Binary(ClassicalOperator.ShiftLeft, Fold.Cast(part, ClassicalType.UInt(bits.Length)), Fold.Constant((long)i));
            }

            packed = packed is null ? Fold.Cast(part, ClassicalType.UInt(bits.Length)) : new BinaryExpression(ClassicalOperator.BitwiseOr, packed, part, ClassicalType.UInt(bits.Length));
            i += count;
        }

        return packed!;
    }

    // Scratch bits have descending provisional numbers.
    private static bool IsNext(int bit, int following) => bit < 0 ? following == bit - 1 : following == bit + 1;

    private QubitsValue Qubits(Expression expression) => Evaluate(expression) as QubitsValue
        ?? throw Error(OpenQasmCodes.WrongKind, expression.Start, "Qubits are needed here.", "Name a qubit or a quantum register.");

    private long Integer(Expression expression)
    {
        var scalar = Scalar(expression);
        if (scalar is not ConstantExpression { Value: var value })
        {
            throw NotConstant(expression.Start, "An index, size or range");
        }

        if (value.Kind == ClassicalKind.Float && value.Number != Math.Floor(value.Number))
        {
            throw Error(OpenQasmCodes.BadNumber, expression.Start, $"{value.Number} is not an integer.", "Use an integer.");
        }

        return value.ToInt64();
    }

    private int Size(Expression expression)
    {
        if (expression is NameNode name && _scope.Find(name.Name) is VariableSymbol { IsConst: false })
        {
            throw NotConstant(expression.Start, "A size");
        }

        var size = Integer(expression);
        if (size > _options.MaxBits)
        {
            throw Error(OpenQasmCodes.TooManyBits, expression.Start, $"The size {size} is more than {_options.MaxBits}.", "Use a smaller one.");
        }

        return size >= 1 ? (int)size : throw Error(OpenQasmCodes.BadSize, expression.Start, $"The size {size} is not positive.", "Use 1 or more.");
    }

    private ClassicalType ScalarType(TypeNode type)
    {
        int Width(int fallback) => type.Size is null ? fallback : Size(type.Size) is var width && width <= 64
            ? width
            : throw Error(OpenQasmCodes.Unsupported, type.Start, $"A width of {Size(type.Size)} bits is not supported.", "At most 64 bits are.");
        return type.Name switch
        {
            "bool" => ClassicalType.Bool,
            "int" => ClassicalType.Int(Width(64)),
            "uint" => ClassicalType.UInt(Width(64)),
            "bit" or "creg" => type.Size is null ? ClassicalType.Bool : ClassicalType.UInt(Width(1)),
            "float" or "angle" => ClassicalType.Float,
            _ => throw Error(OpenQasmCodes.WrongKind, type.Start, $"'{type.Name}' is not a type of numbers or truth values.", "Use bool, int, uint, float, angle or bit."),
        };
    }
}

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>Builds expressions, evaluating at once what is constant.</summary>
internal static class Fold
{
    public static ClassicalExpression Constant(double value) => new ConstantExpression(ClassicalValue.Of(value));

    public static ClassicalExpression Constant(long value) => new ConstantExpression(ClassicalValue.Of(value));

    public static ClassicalExpression Constant(bool value) => new ConstantExpression(ClassicalValue.Of(value));

    public static ClassicalExpression Cast(ClassicalExpression operand, ClassicalType type) => operand switch
    {
        ConstantExpression constant => new ConstantExpression(constant.Value.ConvertTo(type)),
        _ when operand.Type == type => operand,
        _ => new UnaryExpression(ClassicalOperator.Cast, operand, type),
    };

    public static ClassicalExpression Unary(ClassicalOperator op, ClassicalExpression operand)
    {
        var type = op switch
        {
            ClassicalOperator.LogicalNot => ClassicalType.Bool,
            ClassicalOperator.Negate => operand.Type.Kind == ClassicalKind.Float ? ClassicalType.Float : ClassicalType.Int(),
            ClassicalOperator.BitwiseNot => operand.Type,
            ClassicalOperator.PopCount => ClassicalType.UInt(),
            _ => ClassicalType.Float,
        };
        return operand is ConstantExpression constant
            ? new ConstantExpression(ClassicalArithmetic.Unary(op, constant.Value, operand.Type, type))
            : new UnaryExpression(op, operand, type);
    }

    public static ClassicalExpression Binary(ClassicalOperator op, ClassicalExpression left, ClassicalExpression right)
    {
        var type = ResultType(op, left, right);
        if (left is ConstantExpression a && right is ConstantExpression b)
        {
            return op switch
            {
                ClassicalOperator.LogicalAnd => Constant(a.Value.ToBool() && b.Value.ToBool()),
                ClassicalOperator.LogicalOr => Constant(a.Value.ToBool() || b.Value.ToBool()),
                ClassicalOperator.Divide => Constant(a.Value.ToDouble() / b.Value.ToDouble()),
                _ => new ConstantExpression(ClassicalArithmetic.Binary(op, a.Value, b.Value, type)),
            };
        }

        if (op == ClassicalOperator.Divide)
        {
            // Division is that of numbers; assigning to an integer cuts.
            left = Cast(left, ClassicalType.Float);
        }

        return new BinaryExpression(op, left, right, type);
    }

    private static ClassicalType ResultType(ClassicalOperator op, ClassicalExpression left, ClassicalExpression right)
    {
        if (op is ClassicalOperator.Divide)
        {
            return ClassicalType.Float;
        }

        if (op >= ClassicalOperator.Equal)
        {
            return ClassicalType.Bool;
        }

        if (left.Type.Kind == ClassicalKind.Float || right.Type.Kind == ClassicalKind.Float)
        {
            return ClassicalType.Float;
        }

        if (op == ClassicalOperator.Power && right is ConstantExpression { Value: { Kind: ClassicalKind.Int, Bits: < 0 } })
        {
            return ClassicalType.Float;
        }

        if (op is ClassicalOperator.BitwiseAnd or ClassicalOperator.BitwiseOr or ClassicalOperator.BitwiseXor && left.Type.Kind == ClassicalKind.Bool && right.Type.Kind == ClassicalKind.Bool)
        {
            return ClassicalType.Bool;
        }

        if (op is ClassicalOperator.ShiftLeft or ClassicalOperator.ShiftRight or ClassicalOperator.RotateLeft or ClassicalOperator.RotateRight)
        {
            return left is ConstantExpression { Value.Kind: ClassicalKind.Int } or { Type.Kind: ClassicalKind.Bool } ? ClassicalType.Int() : left.Type;
        }

        var signed = left.Type.Kind == ClassicalKind.Int || right.Type.Kind == ClassicalKind.Int;
        return signed ? ClassicalType.Int() : ClassicalType.UInt();
    }
}

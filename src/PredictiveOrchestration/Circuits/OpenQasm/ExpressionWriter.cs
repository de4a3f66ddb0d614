using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>Writes run-time expressions as OpenQASM 3, fully parenthesised.</summary>
internal sealed class ExpressionWriter(Circuit circuit)
{
    private static readonly Dictionary<ClassicalOperator, string> Symbols = new()
    {
        [ClassicalOperator.Add] = "+", [ClassicalOperator.Subtract] = "-", [ClassicalOperator.Multiply] = "*", [ClassicalOperator.Divide] = "/",
        [ClassicalOperator.Modulo] = "%", [ClassicalOperator.Power] = "**", [ClassicalOperator.BitwiseAnd] = "&", [ClassicalOperator.BitwiseOr] = "|",
        [ClassicalOperator.BitwiseXor] = "^", [ClassicalOperator.ShiftLeft] = "<<", [ClassicalOperator.ShiftRight] = ">>",
        [ClassicalOperator.Equal] = "==", [ClassicalOperator.NotEqual] = "!=", [ClassicalOperator.Less] = "<", [ClassicalOperator.LessOrEqual] = "<=",
        [ClassicalOperator.Greater] = ">", [ClassicalOperator.GreaterOrEqual] = ">=", [ClassicalOperator.LogicalAnd] = "&&", [ClassicalOperator.LogicalOr] = "||",
        [ClassicalOperator.Negate] = "-", [ClassicalOperator.BitwiseNot] = "~", [ClassicalOperator.LogicalNot] = "!",
    };

    private static readonly Dictionary<ClassicalOperator, string> Functions = new()
    {
        [ClassicalOperator.RotateLeft] = "rotl", [ClassicalOperator.RotateRight] = "rotr", [ClassicalOperator.PopCount] = "popcount", [ClassicalOperator.Sin] = "sin",
        [ClassicalOperator.Cos] = "cos", [ClassicalOperator.Tan] = "tan", [ClassicalOperator.Arcsin] = "arcsin", [ClassicalOperator.Arccos] = "arccos",
        [ClassicalOperator.Arctan] = "arctan", [ClassicalOperator.Exp] = "exp", [ClassicalOperator.Log] = "log", [ClassicalOperator.Sqrt] = "sqrt",
        [ClassicalOperator.Floor] = "floor", [ClassicalOperator.Ceiling] = "ceiling",
    };

    public string Write(ClassicalExpression expression) => expression switch
    {
        ConstantExpression constant => Constant(constant.Value),
        BitExpression bit => Bits(bit.Bit, 1),
        VariableExpression variable => circuit.Variables[variable.Index].Name,
        BitRangeExpression range => Bits(range.Start, range.Length),
        UnaryExpression { Operator: ClassicalOperator.Cast } cast => $"{Type(cast.Type)}({Write(cast.Operand)})",
        UnaryExpression unary when Symbols.TryGetValue(unary.Operator, out var symbol) => $"{symbol}({Write(unary.Operand)})",
        UnaryExpression unary => $"{Functions[unary.Operator]}({Write(unary.Operand)})",
        BinaryExpression binary when Symbols.TryGetValue(binary.Operator, out var symbol) => $"({Write(binary.Left)} {symbol} {Write(binary.Right)})",
        BinaryExpression binary => $"{Functions[binary.Operator]}({Write(binary.Left)}, {Write(binary.Right)})",
        _ => throw new ArgumentException($"The expression '{expression}' cannot be written.", nameof(expression)),
    };

    private static string Constant(ClassicalValue value) => value.Kind switch
    {
        ClassicalKind.Bool => value.ToBool() ? "true" : "false",
        ClassicalKind.Float => Real(value.Number),

        // Unsigned constants come from strings of bits, and are read back as unsigned only from these.
        ClassicalKind.UInt => $"\"{Convert.ToString(value.Bits, 2)}\"",
        _ => value.ToInt64().ToString(CultureInfo.InvariantCulture),
    };

    private static string Real(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E', 'e') ? text : text + ".0";
    }

    private static string Type(ClassicalType type) => type.Kind switch
    {
        ClassicalKind.Bool => "bool",
        ClassicalKind.Float => "float",
        ClassicalKind.Int => $"int[{type.Width}]",
        _ => $"uint[{type.Width}]",
    };

    private string Bits(int start, int length)
    {
        var register = circuit.ClassicalRegisters.First(r => start < r.Start + r.Size);
        var offset = start - register.Start;
        return length == register.Size && offset == 0 && length > 1 ? register.Name
            : length == 1 ? $"{register.Name}[{offset}]"
            : $"{register.Name}[{offset}:{offset + length - 1}]";
    }
}

#pragma warning disable CS1591 // the names say it all
namespace PredictiveOrchestration.Circuits;

/// <summary>The operators and functions of run-time classical expressions, named as in OpenQASM 3.</summary>
public enum ClassicalOperator : byte
{
    // unary
    Negate, BitwiseNot, LogicalNot, Cast, PopCount, Sin, Cos, Tan, Arcsin, Arccos, Arctan, Exp, Log, Sqrt, Floor, Ceiling,

    // binary
    Add, Subtract, Multiply, Divide, Modulo, Power, BitwiseAnd, BitwiseOr, BitwiseXor, ShiftLeft, ShiftRight, RotateLeft, RotateRight,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, LogicalAnd, LogicalOr,
}

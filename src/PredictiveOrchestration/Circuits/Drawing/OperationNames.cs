using System.Globalization;
using System.Text;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.Circuits.Drawing;

/// <summary>Short names for drawings.</summary>
internal sealed class OperationNames
{
    private const int MaxLength = 36;
    private readonly Circuit _circuit;
    private readonly ExpressionWriter _expressions;

    public OperationNames(Circuit circuit)
    {
        // Bits that are not part of the outcome have a name here too.
        _circuit = circuit.NumScratchBits == 0 ? circuit : circuit.WithRegisters(circuit.QuantumRegisters, [.. circuit.ClassicalRegisters, new Register("scratch", circuit.NumClbits, circuit.NumScratchBits)]);
        _expressions = new ExpressionWriter(_circuit);
    }

    public string Qubit(int qubit) => Element(_circuit.QuantumRegisters, qubit, "q");

    /// <summary>The name of an operation: a gate with its parameters, where a measurement goes, what a block depends on.</summary>
    public string Of(in Operation op) => Cut(op.Kind switch
    {
        OperationKind.Gate => _circuit.GateOf(op).Name + Parameters(op),
        OperationKind.Unitary => "U",
        OperationKind.Measure => $"M {Bit(op.Argument)}",
        OperationKind.Reset => "|0⟩",
        OperationKind.Assign => $"{Target(_circuit.AssignmentOf(op))} = {_expressions.Write(_circuit.AssignmentOf(op).Value)}",
        OperationKind.If => $"if {_expressions.Write(_circuit.ConditionOf(op))} {{",
        OperationKind.While => $"while {_expressions.Write(_circuit.ConditionOf(op))} {{",
        OperationKind.Else => "} else {",
        OperationKind.EndIf or OperationKind.EndWhile => "}",
        _ => op.Kind.ToString().ToLowerInvariant(),
    });

    /// <summary>An angle: a multiple of π with a small denominator if it is one, else a number.</summary>
    public static string Angle(double angle)
    {
        foreach (var denominator in (ReadOnlySpan<int>)[1, 2, 3, 4, 6, 8, 16, 32])
        {
            var times = angle / Math.PI * denominator;
            var whole = Math.Round(times);
            if (whole != 0 && Math.Abs(whole) <= 64 && Math.Abs(times - whole) < 1e-12 * Math.Abs(times))
            {
                var above = whole is 1 ? "π" : whole is -1 ? "-π" : string.Create(CultureInfo.InvariantCulture, $"{whole}π");
                return denominator == 1 ? above : $"{above}/{denominator}";
            }
        }

        return angle.ToString("G4", CultureInfo.InvariantCulture);
    }

    private string Parameters(in Operation op)
    {
        var parameters = _circuit.ParametersOf(op);
        if (parameters.Length == 0)
        {
            return string.Empty;
        }

        var text = new StringBuilder("(");
        for (var i = 0; i < parameters.Length; i++)
        {
            text.Append(i == 0 ? string.Empty : ",").Append(op.HasDynamicParameters ? _expressions.Write(_circuit.ExpressionAt(op.Argument + i)) : Angle(parameters[i]));
        }

        return text.Append(')').ToString();
    }

    private string Target(ClassicalAssignment assignment) =>
        assignment.VariableIndex >= 0 ? _circuit.Variables[assignment.VariableIndex].Name : assignment.BitCount == 1 ? Bit(assignment.FirstBit) : $"{Bit(assignment.FirstBit)}…{Bit(assignment.FirstBit + assignment.BitCount - 1)}";

    private string Bit(int bit) => Element(_circuit.ClassicalRegisters, bit, "c");

    private static string Element(IReadOnlyList<Register> registers, int index, string otherwise) =>
        Cut(registers.FirstOrDefault(r => index >= r.Start && index < r.Start + r.Size) is { } register
            ? register.Name.StartsWith('$') ? register.Name : string.Create(CultureInfo.InvariantCulture, $"{register.Name}[{index - register.Start}]")
            : string.Create(CultureInfo.InvariantCulture, $"{otherwise}[{index}]"));

    private static string Cut(string text) => text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength - 1), "…");
}

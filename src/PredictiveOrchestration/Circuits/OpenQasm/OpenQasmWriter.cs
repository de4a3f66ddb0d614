using System.Globalization;
using System.Text;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>The versions of the language that can be written.</summary>
public enum OpenQasmVersion
{
    /// <summary>OpenQASM 2.0.</summary>
    Version2 = 2,

    /// <summary>OpenQASM 3.0.</summary>
    Version3 = 3,
}

/// <summary>
/// Writes circuits as OpenQASM. Reading the text again gives the same circuit. Gates outside the version's library are defined at the
/// top, so that other readers know them too. Thread-safe.
/// </summary>
public static class OpenQasmWriter
{
    /// <summary>Writes a circuit.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="version">The version of the language.</param>
    /// <exception cref="OpenQasmException">The version cannot express an operation: code OQ5001 says which.</exception>
    public static string Write(Circuit circuit, OpenQasmVersion version = OpenQasmVersion.Version3)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        return version is OpenQasmVersion.Version2 or OpenQasmVersion.Version3
            ? new Writing(WrittenNames.Apply(circuit, version == OpenQasmVersion.Version3), version == OpenQasmVersion.Version3).Run()
            : throw new ArgumentOutOfRangeException(nameof(version), version, $"The version '{version}' is not declared.");
    }

    private sealed class Writing(Circuit circuit, bool three)
    {
        private readonly StringBuilder _body = new();
        private readonly SortedDictionary<string, string> _definitions = new(StringComparer.Ordinal);
        private readonly ExpressionWriter _expressions = new(circuit);
        private int _indent;

        public string Run()
        {
            Registers();
            var operations = circuit.Operations;
            var note = 0;
            for (var i = 0; i < operations.Length; i++)
            {
                for (; note < circuit.Annotations.Count && circuit.Annotations[note].OperationIndex <= i; note++)
                {
                    Annotation(circuit.Annotations[note].Text);
                }

                Operation(operations, ref i);
            }

            for (; note < circuit.Annotations.Count; note++)
            {
                Annotation(circuit.Annotations[note].Text);
            }

            var text = new StringBuilder(three ? "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n" : "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n");
            foreach (var definition in _definitions.Values)
            {
                text.Append(definition).Append('\n');
            }

            return text.Append(_body).ToString();
        }

        private void Registers()
        {
            foreach (var register in circuit.QuantumRegisters)
            {
                // Physical qubits need no declaration.
                if (register.Name[0] != '$')
                {
                    Line(three ? $"qubit[{register.Size}] {register.Name};" : $"qreg {register.Name}[{register.Size}];");
                }
                else if (!three)
                {
                    throw Cannot(-1, "physical qubits", "Use version 3.");
                }
            }

            foreach (var register in circuit.ClassicalRegisters)
            {
                Line(three ? $"bit[{register.Size}] {register.Name};" : $"creg {register.Name}[{register.Size}];");
            }

            if (circuit.NumScratchBits > 0)
            {
                throw Cannot(-1, "bits that are not part of the outcome", "Measure into declared registers.");
            }

            foreach (var variable in circuit.Variables)
            {
                throw Cannot(-1, $"the run-time variable '{variable.Name}'", "Keep run-time values in classical bits.");
            }
        }

        private void Annotation(string text)
        {
            if (three)
            {
                Line(text);
            }
        }

        private void Operation(ReadOnlySpan<Operation> operations, ref int index)
        {
            ref readonly var op = ref operations[index];
            switch (op.Kind)
            {
                case OperationKind.Gate:
                    Gate(op, index);
                    break;
                case OperationKind.Unitary:
                    throw Cannot(index, "an arbitrary unitary matrix", "Decompose it into gates first.");
                case OperationKind.Measure:
                    Measure(circuit.QubitsOf(op)[0], op.Argument);
                    break;
                case OperationKind.Reset:
                    Begin().Append("reset ");
                    Qubits(op);
                    End();
                    break;
                case OperationKind.Barrier:
                    Begin().Append("barrier ");
                    Qubits(op);
                    End();
                    break;
                case OperationKind.If when !three:
                    If2(operations, ref index);
                    break;
                case OperationKind.If or OperationKind.While when three:
                    Line($"{(op.Kind == OperationKind.If ? "if" : "while")} ({_expressions.Write(circuit.ConditionOf(op))}) {{");
                    _indent++;
                    break;
                case OperationKind.Else when three:
                    _indent--;
                    Line("} else {");
                    _indent++;
                    break;
                case OperationKind.EndIf or OperationKind.EndWhile when three:
                    _indent--;
                    Line("}");
                    break;
                case OperationKind.Break or OperationKind.Continue or OperationKind.End when three:
                    Line(op.Kind switch { OperationKind.Break => "break;", OperationKind.Continue => "continue;", _ => "end;" });
                    break;
                case OperationKind.Assign when three:
                    Line(Assignment(circuit.AssignmentOf(op), index));
                    break;
                default:
                    throw Cannot(index, $"'{op.Kind}' at run time", "Use version 3.");
            }
        }

        // OpenQASM 2 knows if (register == integer) and one operation.
        private void If2(ReadOnlySpan<Operation> operations, ref int index)
        {
            var condition = circuit.ConditionOf(operations[index]);
            var register = circuit.ClassicalRegisters.FirstOrDefault(r => IsTest(condition, r, out _));
            if (register is null || operations[index].Argument != index + 2 || operations[index + 2].Kind != OperationKind.EndIf || operations[index + 1].Kind == OperationKind.If)
            {
                throw Cannot(index, "a condition other than a whole register's value before one operation", "Use version 3.");
            }

            IsTest(condition, register, out var value);
            _body.Append(CultureInfo.InvariantCulture, $"if ({register.Name} == {value}) ");
            var inner = index + 1;
            Operation(operations, ref inner);
            index += 2;
        }

        private static bool IsTest(ClassicalExpression condition, Register register, out ulong value)
        {
            value = 0;
            var first = condition;
            while (first is BinaryExpression { Operator: ClassicalOperator.LogicalAnd } all)
            {
                first = all.Left;
            }

            if (first is BinaryExpression { Operator: ClassicalOperator.Equal, Right: ConstantExpression constant })
            {
                value = (ulong)constant.Value.Bits;
            }

            return ClassicalExpression.RegisterEquals(register.Start, register.Size, value) == condition;
        }

        private string Assignment(ClassicalAssignment assignment, int index)
        {
            var register = circuit.ClassicalRegisters.First(r => assignment.FirstBit >= r.Start && assignment.FirstBit < r.Start + r.Size);
            var offset = assignment.FirstBit - register.Start;
            if (offset + assignment.BitCount > register.Size)
            {
                throw Cannot(index, "an assignment across registers", "Assign register by register.");
            }

            var target = assignment.BitCount == 1 ? $"{register.Name}[{offset}]" : $"{register.Name}[{offset}:{offset + assignment.BitCount - 1}]";
            return $"{target} = {_expressions.Write(assignment.Value)};";
        }

        private void Gate(in Operation op, int index)
        {
            var gate = circuit.GateOf(op);
            var (name, implied, drop) = WrittenGates.Find(gate, op.ControlCount, three);
            if (name is null)
            {
                throw Cannot(index, $"'{gate.Name}' with {op.ControlCount} controls", "Use version 3.");
            }

            if (WrittenGates.Definition(name, three) is { } definition)
            {
                _definitions.TryAdd(name, definition);
            }

            Begin();
            if (op.ControlCount > implied)
            {
                _body.Append(op.ControlCount - implied == 1 ? "ctrl @ " : $"ctrl({op.ControlCount - implied}) @ ");
            }

            _body.Append(name);
            var count = gate.NumParameters - drop;
            for (var i = 0; i < count; i++)
            {
                _body.Append(i == 0 ? "(" : ", ");
                if (op.HasDynamicParameters)
                {
                    _body.Append(_expressions.Write(circuit.ExpressionAt(op.Argument + i)));
                }
                else
                {
                    _body.Append(CultureInfo.InvariantCulture, $"{circuit.ParametersOf(op)[i]:R}");
                }
            }

            _body.Append(count > 0 ? ")" : string.Empty);
            if (op.QubitCount > 0)
            {
                _body.Append(' ');
                Qubits(op);
            }

            End();
        }

        private void Measure(int qubit, int bit)
        {
            Begin();
            if (three)
            {
                Element(circuit.ClassicalRegisters, bit);
                _body.Append(" = ");
            }

            _body.Append("measure ");
            Element(circuit.QuantumRegisters, qubit);
            if (!three)
            {
                _body.Append(" -> ");
                Element(circuit.ClassicalRegisters, bit);
            }

            End();
        }

        private void Qubits(in Operation op)
        {
            var qubits = circuit.QubitsOf(op);
            for (var i = 0; i < qubits.Length; i++)
            {
                _body.Append(i == 0 ? string.Empty : ", ");
                Element(circuit.QuantumRegisters, qubits[i]);
            }
        }

        private void Element(IReadOnlyList<Register> registers, int index)
        {
            for (var i = 0; i < registers.Count; i++)
            {
                var register = registers[i];
                if (index < register.Start + register.Size)
                {
                    _body.Append(register.Name);
                    if (register.Name[0] != '$')
                    {
                        _body.Append('[').Append(index - register.Start).Append(']');
                    }

                    return;
                }
            }

            throw new ArgumentOutOfRangeException(nameof(index), index, "The index belongs to no register.");
        }

        // A line in pieces: they go where the text is made, and not into strings of their own.
        private StringBuilder Begin() => _body.Append(' ', 2 * _indent);

        private void End() => _body.Append(";\n");

        private void Line(string text) => _body.Append(' ', 2 * _indent).Append(text).Append('\n');

        private OpenQasmException Cannot(int index, string what, string remedy) => new(
        [
            new OpenQasmDiagnostic(OpenQasmCodes.CannotWrite, DiagnosticSeverity.Error, $"OpenQASM {(three ? 3 : 2)} cannot express {what}{(index < 0 ? string.Empty : $" (operation {index})")}.", remedy, circuit.Name, 0, 0, string.Empty),
        ]);
    }
}

namespace PredictiveOrchestration.Circuits;

/// <content>New circuits from old ones.</content>
public sealed partial class Circuit
{
    /// <summary>Makes the circuit that undoes this one.</summary>
    /// <exception cref="CircuitException">The circuit measures, resets or has run-time control flow or parameters.</exception>
    public Circuit Inverse()
    {
        var builder = CreateBuilder(Name.Length == 0 ? string.Empty : Name + "_inverse");
        for (var i = _operations.Length - 1; i >= 0; i--)
        {
            AppendInverse(builder, i);
        }

        return builder.Build();
    }

    /// <summary>Makes the circuit repeated <paramref name="exponent"/> times; a negative exponent repeats the inverse.</summary>
    /// <param name="exponent">The exponent; the result has at most 100,000,000 operations.</param>
    /// <exception cref="CircuitException">The result is too long, or a negative exponent is given for a circuit that has no inverse.</exception>
    public Circuit Power(int exponent)
    {
        if (Math.Abs((long)exponent) * _operations.Length > 100_000_000)
        {
            throw new CircuitException($"Raising a circuit of {_operations.Length} operations to the power {exponent}: the result has more than 100,000,000 operations.");
        }

        var factor = exponent < 0 ? Inverse() : this;
        var builder = CreateBuilder(Name);
        for (var k = 0; k < Math.Abs(exponent); k++)
        {
            factor.AppendTo(builder, null, null);
        }

        return builder.Build();
    }

    /// <summary>Makes the circuit that runs this one and then <paramref name="next"/>.</summary>
    /// <param name="next">The second circuit.</param>
    /// <param name="qubits">The qubit of this circuit for each qubit of <paramref name="next"/>; null for equal numbers.</param>
    /// <param name="clbits">The classical bit of this circuit for each one of <paramref name="next"/>; null for equal numbers.</param>
    /// <exception cref="CircuitException">A mapping has the wrong length, or names a bit twice or one that does not exist.</exception>
    public Circuit Compose(Circuit next, IReadOnlyList<int>? qubits = null, IReadOnlyList<int>? clbits = null)
    {
        ArgumentNullException.ThrowIfNull(next);
        CheckMapping(qubits, next.NumQubits, NumQubits, "qubits");
        CheckMapping(clbits, next.NumClbits, NumClbits, "classical bits");
        var builder = CreateBuilder(Name);
        AppendTo(builder, null, null);
        next.AppendTo(builder, qubits, clbits);
        return builder.Build();
    }

    /// <summary>Makes the circuit with its qubits renumbered.</summary>
    /// <param name="qubits">The new number of each qubit: a permutation, or an injection into more qubits.</param>
    /// <param name="numQubits">The number of qubits of the result; null for the same as now.</param>
    /// <exception cref="CircuitException">The mapping has the wrong length, or names a qubit twice or one that does not exist.</exception>
    public Circuit Remap(IReadOnlyList<int> qubits, int? numQubits = null)
    {
        ArgumentNullException.ThrowIfNull(qubits);
        CheckMapping(qubits, NumQubits, numQubits ?? NumQubits, "qubits");
        var builder = new CircuitBuilder(Name);
        if ((numQubits ?? NumQubits) > 0)
        {
            builder.AddQubits("q", numQubits ?? NumQubits);
        }

        AddClassicalRegisters(builder);
        AppendTo(builder, qubits, null);
        return builder.Build();
    }

    /// <summary>Tells whether another circuit has the same registers and the same operations in the same order; names, notes and variables' names apart.</summary>
    /// <param name="other">The other circuit.</param>
    /// <param name="tolerance">The greatest difference of parameters and matrix elements.</param>
    public bool StructurallyEquals(Circuit other, double tolerance = 0)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (NumQubits != other.NumQubits || NumClbits != other.NumClbits || NumScratchBits != other.NumScratchBits || _operations.Length != other._operations.Length
            || !QuantumRegisters.SequenceEqual(other.QuantumRegisters) || !ClassicalRegisters.SequenceEqual(other.ClassicalRegisters)
            || !Variables.Select(v => v.Type).SequenceEqual(other.Variables.Select(v => v.Type)))
        {
            return false;
        }

        for (var i = 0; i < _operations.Length; i++)
        {
            if (!SameOperation(other, i, tolerance))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Tells whether an operation of this circuit, controls included, is a Clifford gate; angles count within a relative 1e-12.</summary>
    public bool IsClifford(in Operation operation) => CliffordCheck.IsClifford(this, operation);

    /// <summary>The operations from <paramref name="first"/> on, with others put in between.</summary>
    /// <param name="first">The first operation; no block is open before it.</param>
    /// <param name="extraQubits">Qubits to add behind this circuit's.</param>
    /// <param name="before">Called before each operation with its index, and once more at the end.</param>
    internal Circuit Splice(int first, int extraQubits, Action<CircuitBuilder, int> before)
    {
        var builder = CreateBuilder(Name);
        if (extraQubits > 0)
        {
            builder.AddQubits(builder.UnusedName("extra"), extraQubits);
        }

        AppendTo(builder, null, null, first, before);
        before(builder, _operations.Length);
        return builder.Build();
    }

    /// <summary>This circuit on fewer qubits, in the order given; all that anything but a barrier acts on must be among them.</summary>
    internal Circuit Restrict(int[] kept)
    {
        var builder = new CircuitBuilder(Name);
        builder.AddQubits("q", kept.Length);
        AddClassicalRegisters(builder);
        var places = new int[NumQubits];
        Array.Fill(places, -1);
        for (var i = 0; i < kept.Length; i++)
        {
            places[kept[i]] = i;
        }

        AppendTo(builder, places, null);
        return builder.Build();
    }

    /// <summary>This circuit with all qubits measured at the end, into bits of the same numbers; null if it has classical operations.</summary>
    internal Circuit? MeasuredAtEnd()
    {
        if (IsDynamic)
        {
            return null;
        }

        var builder = new CircuitBuilder(NumQubits, NumQubits, Name);
        AppendTo(builder, null, null);
        for (var q = 0; q < NumQubits; q++)
        {
            builder.Measure(q, q);
        }

        return builder.Build();
    }

    private bool SameOperation(Circuit other, int index, double tolerance)
    {
        ref readonly var a = ref _operations[index];
        ref readonly var b = ref other._operations[index];
        if (a.Kind != b.Kind || a.GateIndex != b.GateIndex || a.ControlCount != b.ControlCount || a.HasDynamicParameters != b.HasDynamicParameters || !QubitsOf(a).SequenceEqual(other.QubitsOf(b)))
        {
            return false;
        }

        switch (a.Kind)
        {
            case OperationKind.Gate:
                var parameters = ParametersOf(a);
                for (var i = 0; i < parameters.Length; i++)
                {
                    var same = a.HasDynamicParameters
                        ? ExpressionAt(a.Argument + i) == other.ExpressionAt(b.Argument + i)
                        : Math.Abs(parameters[i] - other.ParametersOf(b)[i]) <= tolerance;
                    if (!same)
                    {
                        return false;
                    }
                }

                return true;
            case OperationKind.Unitary:
                var mine = MatrixOf(a);
                var theirs = other.MatrixOf(b);
                for (var i = 0; i < mine.Length && mine.Length == theirs.Length; i++)
                {
                    if ((mine[i] - theirs[i]).Magnitude > tolerance)
                    {
                        return false;
                    }
                }

                return mine.Length == theirs.Length;
            case OperationKind.Assign:
                return AssignmentOf(a) == other.AssignmentOf(b);
            case OperationKind.If or OperationKind.While:
                return a.Argument == b.Argument && ConditionOf(a) == other.ConditionOf(b);
            default:
                return a.Argument == b.Argument;
        }
    }

    private CircuitBuilder CreateBuilder(string name)
    {
        var builder = new CircuitBuilder(name);
        foreach (var register in QuantumRegisters)
        {
            builder.AddQubits(register.Name, register.Size);
        }

        AddClassicalRegisters(builder);
        return builder;
    }

    private void AddClassicalRegisters(CircuitBuilder builder)
    {
        foreach (var register in ClassicalRegisters)
        {
            builder.AddClbits(register.Name == "q" && QuantumRegisters.Count != 1 ? "c_q" : register.Name, register.Size);
        }
    }

    private void AppendInverse(CircuitBuilder builder, int index)
    {
        ref readonly var op = ref _operations[index];
        switch (op.Kind)
        {
            case OperationKind.Barrier:
                builder.Barrier(QubitsOf(op));
                return;
            case OperationKind.Unitary:
                var adjoint = new System.Numerics.Complex[MatrixOf(op).Length];
                UnitaryMatrix.Adjoint(MatrixOf(op), 1 << (op.QubitCount - op.ControlCount), adjoint);
                builder.Unitary(adjoint, QubitsOf(op), op.ControlCount);
                return;
            case OperationKind.Gate when !op.HasDynamicParameters:
                var gate = GateOf(op);
                if (GateInversion.Invert(gate, ParametersOf(op).ToArray(), p => -p) is { } inverse)
                {
                    builder.Gate(inverse.Gate, op.ControlCount, inverse.Parameters, QubitsOf(op));
                }
                else
                {
                    builder.Unitary(GateInversion.Adjoint(gate, ParametersOf(op)), QubitsOf(op), op.ControlCount);
                }

                return;
            default:
                throw new CircuitException($"Inverting a circuit: operation {index} ({op.Kind}) has no inverse. Invert the part before it.", operationIndex: index);
        }
    }

    /// <summary>Makes a circuit on the same registers, written operation by operation: kept ones by their index, new ones by the builder.</summary>
    internal Circuit Rewritten(Action<OperationCopier, CircuitBuilder> write)
    {
        var builder = CreateBuilder(Name);
        write(new OperationCopier(this, builder, null, null), builder);
        return builder.Build();
    }

    /// <summary>The operations on these qubits alone, as a circuit of their own: the k-th qubit and bit here are its k-th. No operation but a barrier may act on others too.</summary>
    internal Circuit Part(IReadOnlyList<int> qubits, IReadOnlyList<int> clbits)
    {
        static int[] Places(IReadOnlyList<int> of, int count)
        {
            var places = new int[count];
            Array.Fill(places, -1);
            for (var k = 0; k < of.Count; k++)
            {
                places[of[k]] = k;
            }

            return places;
        }

        var own = Places(qubits, NumQubits);
        var builder = new CircuitBuilder(qubits.Count, clbits.Count, Name);
        var copier = new OperationCopier(this, builder, own, Places(clbits, NumClbits));
        for (var index = 0; index < _operations.Length; index++)
        {
            ref readonly var op = ref _operations[index];
            if (op.Kind == OperationKind.Barrier || (op.QubitCount > 0 && own[QubitsOf(op)[0]] >= 0))
            {
                copier.Append(index);
            }
            else
            {
                copier.Skip(index);
            }
        }

        return builder.Build();
    }

    private void AppendTo(CircuitBuilder builder, IReadOnlyList<int>? qubits, IReadOnlyList<int>? clbits, int first = 0, Action<CircuitBuilder, int>? before = null)
    {
        var copier = new OperationCopier(this, builder, qubits, clbits);
        for (var index = first; index < _operations.Length; index++)
        {
            before?.Invoke(builder, index);
            copier.Append(index);
        }
    }

    /// <summary>Copies operations into a builder, in ascending order; notes come along before the operation that they belong to.</summary>
    internal sealed class OperationCopier
    {
        private readonly Circuit _circuit;
        private readonly CircuitBuilder _builder;
        private readonly IReadOnlyList<int>? _qubits, _clbits;
        private readonly VariableExpression[] _variables;
        private readonly List<int> _mapped = [];
        private readonly int _scratch;
        private int _note;

        public OperationCopier(Circuit circuit, CircuitBuilder builder, IReadOnlyList<int>? qubits, IReadOnlyList<int>? clbits)
        {
            (_circuit, _builder, _qubits, _clbits) = (circuit, builder, qubits, clbits);
            _scratch = circuit.NumScratchBits == 0 ? 0 : builder.AddScratchBits(circuit.NumScratchBits);
            _variables = [.. circuit.Variables.Select(v => builder.AddVariable(builder.UnusedName(v.Name), v.Type))];
        }

        /// <summary>Leaves an operation out, and its notes.</summary>
        public void Skip(int index)
        {
            while (_note < _circuit.Annotations.Count && _circuit.Annotations[_note].OperationIndex <= index)
            {
                _note++;
            }
        }

        public void Append(int index)
        {
            ref readonly var op = ref _circuit._operations[index];
            for (; _note < _circuit.Annotations.Count && _circuit.Annotations[_note].OperationIndex <= index; _note++)
            {
                _builder.Annotate(_circuit.Annotations[_note].Text);
            }

            _mapped.Clear();
            foreach (var q in _circuit.QubitsOf(op))
            {
                _mapped.Add(_qubits is null ? q : _qubits[q]);
            }

            var operands = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_mapped);
            switch (op.Kind)
            {
                case OperationKind.Gate when op.HasDynamicParameters:
                    var expressions = new ClassicalExpression[_circuit.GateOf(op).NumParameters];
                    for (var i = 0; i < expressions.Length; i++)
                    {
                        expressions[i] = Expression(_circuit.ExpressionAt(op.Argument + i));
                    }

                    _builder.DynamicGate(_circuit.GateOf(op), op.ControlCount, expressions, operands);
                    break;
                case OperationKind.Gate:
                    _builder.Gate(_circuit.GateOf(op), op.ControlCount, _circuit.ParametersOf(op), operands);
                    break;
                case OperationKind.Unitary:
                    _builder.Unitary(_circuit.MatrixOf(op), operands, op.ControlCount);
                    break;
                case OperationKind.Measure:
                    _builder.Measure(operands[0], Bit(op.Argument));
                    break;
                case OperationKind.Reset:
                    _builder.Reset(operands[0]);
                    break;
                case OperationKind.Barrier:
                    if (_mapped.RemoveAll(static q => q < 0) < operands.Length)
                    {
                        _builder.Barrier(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_mapped));
                    }

                    break;
                case OperationKind.Assign:
                    var assignment = _circuit.AssignmentOf(op);
                    if (assignment.VariableIndex >= 0)
                    {
                        _builder.Assign(_variables[assignment.VariableIndex], Expression(assignment.Value));
                    }
                    else
                    {
                        AssignBits(_builder, assignment, Bit, Expression(assignment.Value));
                    }

                    break;
                case OperationKind.If:
                    _builder.If(Expression(_circuit.ConditionOf(op)));
                    break;
                case OperationKind.While:
                    _builder.While(Expression(_circuit.ConditionOf(op)));
                    break;
                default:
                    _builder.Control(op.Kind);
                    break;
            }
        }

        private int Bit(int bit) => bit >= _circuit.NumClbits ? _scratch - (bit - _circuit.NumClbits) : _clbits is null ? bit : _clbits[bit];

        private ClassicalExpression Expression(ClassicalExpression e) => MapVariables(e.MapBits(Bit), _variables);
    }

    // A mapping may tear consecutive bits apart: then they are assigned one by one.
    private static void AssignBits(CircuitBuilder builder, ClassicalAssignment assignment, Func<int, int> map, ClassicalExpression value)
    {
        var first = map(assignment.FirstBit);
        var step = first < 0 ? -1 : 1;
        if (Enumerable.Range(0, assignment.BitCount).All(i => map(assignment.FirstBit + i) == first + step * i))
        {
            builder.AssignBits(first, assignment.BitCount, value);
            return;
        }

        for (var i = 0; i < assignment.BitCount; i++)
        {
            var shifted = new BinaryExpression(ClassicalOperator.ShiftRight, value, new ConstantExpression(ClassicalValue.Of((long)i)), value.Type);
            builder.AssignBits(map(assignment.FirstBit + i), 1, shifted);
        }
    }

    private static ClassicalExpression MapVariables(ClassicalExpression expression, VariableExpression[] variables) => expression switch
    {
        VariableExpression variable => variables[variable.Index],
        UnaryExpression unary => unary with { Operand = MapVariables(unary.Operand, variables) },
        BinaryExpression binary => binary with { Left = MapVariables(binary.Left, variables), Right = MapVariables(binary.Right, variables) },
        _ => expression,
    };

    private static void CheckMapping(IReadOnlyList<int>? mapping, int needed, int available, string what)
    {
        if (mapping is null)
        {
            if (needed > available)
            {
                throw new CircuitException($"Composing circuits: the second has {needed} {what}, the first only {available}. Give a mapping or add {what}.");
            }

            return;
        }

        if (mapping.Count != needed || mapping.Any(m => m < 0 || m >= available) || mapping.Distinct().Count() != needed)
        {
            throw new CircuitException($"The mapping [{string.Join(", ", mapping.Take(20))}] of {what} is wrong: {needed} different numbers from 0 to {available - 1} are needed.");
        }
    }
}

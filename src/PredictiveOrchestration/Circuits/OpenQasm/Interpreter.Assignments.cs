namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Assignments, measurements, and variables that become known only at run time.</content>
internal sealed partial class Interpreter
{
    private void Assign(AssignmentStatement assignment)
    {
        // A measurement into classical bits needs no detour.
        if (assignment is { Operator: "=", Value: MeasureNode measure } && !IsVariable(assignment.Target) && Evaluate(assignment.Target) is BitsValue target)
        {
            Measure(Qubits(measure.Operand), target, measure.Start);
            return;
        }

        var value = EvaluateOrMeasure(assignment.Value);
        if (assignment.Operator != "=")
        {
            var op = Binaries.TryGetValue(assignment.Operator[..^1], out var known)
                ? known
                : throw Error(OpenQasmCodes.Unsupported, assignment.Start, $"'{assignment.Operator}' is not supported.", "Write it out.");
            value = new ScalarValue(Combine(op, Scalar(assignment.Target), AsScalar(value, assignment.Value.Start), assignment.Start));
        }

        switch (Flattened(assignment.Target))
        {
            case NameNode name when _scope.Find(name.Name) is VariableSymbol variable:
                AssignVariable(variable, name.Name, AsScalar(value, assignment.Value.Start), assignment.Start);
                break;
            case NameNode name when _scope.Find(name.Name) is ArraySymbol:
                throw Error(OpenQasmCodes.Unsupported, assignment.Start, "Assigning a whole array is not supported.", "Assign its elements.");
            case IndexNode { Target: NameNode array } element when _scope.Find(array.Name) is ArraySymbol symbol:
                AssignElement(symbol, element, value, assignment.Start);
                break;
            case IndexNode { Target: NameNode integer } element when _scope.Find(integer.Name) is VariableSymbol variable:
                if (variable.Type.Kind == ClassicalKind.Float || element.Items.Count != 1)
                {
                    throw Error(OpenQasmCodes.WrongKind, element.Start, "This has no elements that could be assigned.", "Index an array, an integer or bits.");
                }

                var position = Select(element.Items[0], variable.Type.Width);
                var mask = 0UL;
                foreach (var i in position.Items)
                {
                    mask |= 1UL << i;
                }

                ClassicalExpression updated = Fold.Binary(ClassicalOperator.BitwiseAnd, variable.Runtime ?? variable.Value, new ConstantExpression(ClassicalValue.Of(~mask)));
                var bits = Fold.Cast(AsScalar(value, assignment.Value.Start), ClassicalType.UInt(position.Items.Length));
                for (var i = 0; i < position.Items.Length; i++)
                {
                    var bit = Fold.Binary(ClassicalOperator.BitwiseAnd, Fold.Binary(ClassicalOperator.ShiftRight, bits, Fold.Constant((long)i)), Fold.Constant(1L));
                    updated = Fold.Binary(ClassicalOperator.BitwiseOr, updated, Fold.Binary(ClassicalOperator.ShiftLeft, Fold.Cast(bit, ClassicalType.UInt()), Fold.Constant((long)position.Items[i])));
                }

                AssignVariable(variable, integer.Name, updated, assignment.Start);
                break;
            default:
                Store(Evaluate(assignment.Target), value, assignment.Start);
                break;
        }
    }

    // a[i][j] is a[i, j].
    private Expression Flattened(Expression target)
    {
        while (target is IndexNode { Target: IndexNode inner } outer && IsArray(inner.Target))
        {
            target = new IndexNode(outer.Start, inner.Target, [.. inner.Items, .. outer.Items]);
        }

        return target;
    }

    private bool IsArray(Expression target) =>
        target is IndexNode index ? IsArray(index.Target) : target is NameNode name && _scope.Find(name.Name) is ArraySymbol;

    private bool IsVariable(Expression target) => target switch
    {
        NameNode name => _scope.Find(name.Name) is VariableSymbol or ArraySymbol,
        IndexNode index => IsVariable(index.Target),
        _ => false,
    };

    private void AssignVariable(VariableSymbol variable, string name, ClassicalExpression value, int start)
    {
        if (variable.IsConst)
        {
            throw Error(OpenQasmCodes.ConstantAssigned, start, $"'{name}' is a constant.", "Declare it without 'const'.");
        }

        value = Fold.Cast(value, variable.Type);
        if (variable.Runtime is null && value is ConstantExpression)
        {
            variable.Value = value;
            return;
        }

        if (variable.Runtime is null)
        {
            Spill(variable, name);
        }

        CountOperation(start);
        _builder.Assign(variable.Runtime!, value);
    }

    private void AssignElement(ArraySymbol symbol, IndexNode element, Value value, int start)
    {
        if (symbol.IsConst)
        {
            throw Error(OpenQasmCodes.ConstantAssigned, start, "The array is a constant.", "Declare it without 'const'.");
        }

        if (_runtimeDepth > 0)
        {
            throw Error(OpenQasmCodes.Unsupported, start, "Array elements cannot be assigned in a branch or loop that depends on a measurement.", "Use a plain variable.");
        }

        var array = symbol.Array;
        for (var i = 0; i < element.Items.Count; i++)
        {
            var position = Select(element.Items[i], array.Items.Length);
            if (i == element.Items.Count - 1 && position.IsScalar && array.Items[position.Items[0]] is ScalarValue old)
            {
                array.Items[position.Items[0]] = new ScalarValue(Fold.Cast(AsScalar(value, start), old.Expression.Type));
                return;
            }

            array = position.IsScalar && array.Items[position.Items[0]] is ArrayValue next
                ? next
                : throw Error(OpenQasmCodes.Unsupported, start, "Only single elements of an array can be assigned.", "Assign element by element.");
        }
    }

    private void Store(Value target, Value value, int start)
    {
        if (target is not BitsValue bits)
        {
            throw Error(OpenQasmCodes.WrongKind, start, "This cannot be assigned to.", "Assign to a variable or to classical bits.");
        }

        if (value is BitsValue source && source.Bits.Length != bits.Bits.Length)
        {
            throw Error(OpenQasmCodes.SizeMismatch, start, $"{source.Bits.Length} bits are assigned to {bits.Bits.Length}.", "Make the sizes equal.");
        }

        var scalar = AsScalar(value, start);
        scalar = scalar.Type.Kind == ClassicalKind.Float ? Fold.Cast(scalar, ClassicalType.Int()) : scalar;
        for (var i = 0; i < bits.Bits.Length;)
        {
            var count = 1;
            while (count < 64 && i + count < bits.Bits.Length && IsNext(bits.Bits[i + count - 1], bits.Bits[i + count]))
            {
                count++;
            }

            CountOperation(start);
            _builder.AssignBits(bits.Bits[i], count, i == 0 ? scalar : Fold.Binary(ClassicalOperator.ShiftRight, scalar, Fold.Constant((long)i)));
            i += count;
        }
    }

    private void Measure(QubitsValue source, Value? target, int start)
    {
        if (target is null)
        {
            var first = AddScratchBits(source.Qubits.Length, start);
            target = new BitsValue(Enumerable.Range(0, source.Qubits.Length).Select(i => first - i).ToArray(), source.IsScalar);
        }

        if (target is not BitsValue bits)
        {
            throw Error(OpenQasmCodes.WrongKind, start, "A measurement goes into classical bits.", "Name a classical bit or register.");
        }

        if (bits.Bits.Length != source.Qubits.Length || (_dialect == 2 && bits.IsScalar != source.IsScalar))
        {
            throw Error(OpenQasmCodes.SizeMismatch, start, $"{source.Qubits.Length} qubits are measured into {bits.Bits.Length} bits.", "Measure a qubit into a bit, or a register into one of the same size.");
        }

        for (var i = 0; i < bits.Bits.Length; i++)
        {
            CountOperation(start, bits.Bits.Length > 1);
            _builder.Measure(source.Qubits[i], bits.Bits[i]);
        }
    }

    private int AddScratchBits(int count, int start)
    {
        CheckBits(start, _scratchBits, count);
        _scratchBits += count;
        return _builder.AddScratchBits(count);
    }

    // Everything that the statement may assign must live in run-time variables from now on.
    private void Spill(Statement statement)
    {
        foreach (var name in AssignedNames.In(statement))
        {
            if (_scope.Find(name) is VariableSymbol { Runtime: null, IsConst: false } variable)
            {
                Spill(variable, name);
            }
        }
    }

    private void Spill(VariableSymbol variable, string name)
    {
        variable.Runtime = _builder.AddVariable($"{name}_{_variables++}", variable.Type);
        CountOperation(0);
        _builder.Assign(variable.Runtime, variable.Value);
    }
}

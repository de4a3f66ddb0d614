namespace PredictiveOrchestration.Circuits;

/// <content>Classical computation and control flow at run time.</content>
public sealed partial class CircuitBuilder
{
    /// <summary>Assigns to a variable.</summary>
    public CircuitBuilder Assign(VariableExpression variable, ClassicalExpression value)
    {
        ArgumentNullException.ThrowIfNull(variable);
        ArgumentNullException.ThrowIfNull(value);
        if ((uint)variable.Index >= (uint)_variables.Count || _variables[variable.Index].Type != variable.Type)
        {
            throw Wrong("assign", $"variable {variable.Index} does not exist; the circuit has {_variables.Count}");
        }

        return AddAssignment(new ClassicalAssignment(variable.Index, 0, 0, variable.Type, value));
    }

    /// <summary>Assigns an integer or truth value to up to 64 consecutive classical bits.</summary>
    public CircuitBuilder AssignBits(int firstBit, int count, ClassicalExpression value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (count is < 1 or > 64)
        {
            throw Wrong("assign", $"{count} bits are assigned at once; accepted are 1 to 64");
        }

        CheckClbits("assign", firstBit, count);
        return AddAssignment(new ClassicalAssignment(-1, firstBit, count, ClassicalType.UInt(count), value));
    }

    /// <summary>Begins a block that runs if <paramref name="condition"/> is true.</summary>
    public CircuitBuilder If(ClassicalExpression condition) => Open(OperationKind.If, condition);

    /// <summary>Begins a block that runs as long as <paramref name="condition"/> is true.</summary>
    public CircuitBuilder While(ClassicalExpression condition) => Open(OperationKind.While, condition);

    /// <summary>Begins the alternative of the innermost if.</summary>
    /// <exception cref="CircuitException">The innermost open block is not an if.</exception>
    public CircuitBuilder Else()
    {
        var opening = Innermost(OperationKind.If, "else");
        _open.Pop();
        _operations[opening] = _operations[opening].WithArgument(_operations.Count);
        _open.Push(_operations.Count);
        _operations.Add(new Operation(OperationKind.Else));
        return this;
    }

    /// <summary>Ends the innermost if.</summary>
    /// <exception cref="CircuitException">The innermost open block is not an if.</exception>
    public CircuitBuilder EndIf()
    {
        var opening = Innermost(OperationKind.If, "end of an if");
        _open.Pop();
        _operations[opening] = _operations[opening].WithArgument(_operations.Count);
        _operations.Add(new Operation(OperationKind.EndIf));
        return this;
    }

    /// <summary>Ends the innermost while.</summary>
    /// <exception cref="CircuitException">The innermost open block is not a while.</exception>
    public CircuitBuilder EndWhile()
    {
        var opening = Innermost(OperationKind.While, "end of a while");
        _open.Pop();
        var end = _operations.Count;
        _operations[opening] = _operations[opening].WithArgument(end);
        _operations.Add(new Operation(OperationKind.EndWhile, argument: opening));
        for (var i = opening + 1; i < end; i++)
        {
            // Inner loops have resolved their own breaks; an unresolved one belongs here.
            if (_operations[i].Kind == OperationKind.Break && _operations[i].Argument < 0)
            {
                _operations[i] = _operations[i].WithArgument(end);
            }
        }

        return this;
    }

    /// <summary>Leaves the innermost while.</summary>
    /// <exception cref="CircuitException">No while is open.</exception>
    public CircuitBuilder Break()
    {
        InnermostLoop("break");
        _operations.Add(new Operation(OperationKind.Break));
        return this;
    }

    /// <summary>Goes on with the next round of the innermost while.</summary>
    /// <exception cref="CircuitException">No while is open.</exception>
    public CircuitBuilder Continue()
    {
        _operations.Add(new Operation(OperationKind.Continue, argument: InnermostLoop("continue")));
        return this;
    }

    /// <summary>Ends the shot.</summary>
    public CircuitBuilder End()
    {
        _operations.Add(new Operation(OperationKind.End));
        return this;
    }

    /// <summary>Adds an operation of control flow that takes no operand.</summary>
    internal CircuitBuilder Control(OperationKind kind) => kind switch
    {
        OperationKind.Else => Else(),
        OperationKind.EndIf => EndIf(),
        OperationKind.EndWhile => EndWhile(),
        OperationKind.Break => Break(),
        OperationKind.Continue => Continue(),
        OperationKind.End => End(),
        _ => throw Wrong(kind.ToString(), "it takes operands"),
    };

    /// <summary>A name like <paramref name="name"/> that nothing has yet.</summary>
    internal string UnusedName(string name)
    {
        var unused = name;
        for (var i = 1; _names.Contains(unused); i++)
        {
            unused = $"{name}_{i}";
        }

        return unused;
    }

    private CircuitBuilder AddAssignment(ClassicalAssignment assignment)
    {
        CheckExpression("assign", assignment.Value);
        _assignments.Add(assignment);
        _operations.Add(new Operation(OperationKind.Assign, argument: _assignments.Count - 1));
        return this;
    }

    private CircuitBuilder Open(OperationKind kind, ClassicalExpression condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        CheckExpression(kind.ToString(), condition);
        _expressions.Add(condition);
        _open.Push(_operations.Count);
        _operations.Add(new Operation(kind, parameterStart: _expressions.Count - 1));
        return this;
    }

    private void CheckExpression(string operation, ClassicalExpression expression)
    {
        if (expression.Depth > ClassicalExpression.MaxDepth || expression.Size > ClassicalExpression.MaxSize)
        {
            throw Wrong(operation, $"its expression has {expression.Size} operands and operators, {expression.Depth} deep; accepted are {ClassicalExpression.MaxSize} and {ClassicalExpression.MaxDepth}");
        }
    }

    private int Innermost(OperationKind kind, string what)
    {
        if (_open.Count > 0)
        {
            var opening = _open.Peek();
            var found = _operations[opening].Kind;
            if (found == kind || (kind == OperationKind.If && found == OperationKind.Else && what != "else"))
            {
                return opening;
            }
        }

        throw Wrong(what, "no block of that kind is open here");
    }

    private int InnermostLoop(string what)
    {
        foreach (var opening in _open)
        {
            if (_operations[opening].Kind == OperationKind.While)
            {
                return opening;
            }
        }

        throw Wrong(what, "it is not inside a while");
    }
}

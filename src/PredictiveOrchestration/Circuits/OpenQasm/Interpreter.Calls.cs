namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Calls of functions and subroutines.</content>
internal sealed partial class Interpreter
{
    private Value Call(CallNode call, bool allowVoid)
    {
        if (_scope.Find(call.Name) is SubroutineSymbol subroutine)
        {
            return CallSubroutine(subroutine.Declaration, call, allowVoid);
        }

        if (_scope.Find(call.Name) is FaultySymbol)
        {
            throw Faulty(call.Start);
        }

        if (_scope.Find(call.Name) is OpaqueSymbol opaque)
        {
            throw Error(OpenQasmCodes.Opaque, call.Start, $"'{call.Name}' is an {opaque.What}: its meaning is not known here.", "Define it.");
        }

        var arguments = call.Arguments;
        if (Functions.TryGetValue(call.Name, out var function) && (_dialect == 3 || call.Name is "sin" or "cos" or "tan" or "exp" or "ln" or "sqrt"))
        {
            CheckCount(call, 1);
            return new ScalarValue(Fold.Unary(function, Scalar(arguments[0])));
        }

        switch (_dialect == 3 ? call.Name : string.Empty)
        {
            case "mod":
                CheckCount(call, 2);
                return new ScalarValue(Combine(ClassicalOperator.Modulo, Scalar(arguments[0]), Scalar(arguments[1]), call.Start));
            case "pow":
                CheckCount(call, 2);
                return new ScalarValue(Combine(ClassicalOperator.Power, Scalar(arguments[0]), Scalar(arguments[1]), call.Start));
            case "rotl" or "rotr":
                CheckCount(call, 2);
                return new ScalarValue(Combine(call.Name == "rotl" ? ClassicalOperator.RotateLeft : ClassicalOperator.RotateRight, Scalar(arguments[0]), Scalar(arguments[1]), call.Start));
            case "sizeof":
                if (arguments.Count is < 1 or > 2)
                {
                    CheckCount(call, 1);
                }

                var value = Evaluate(arguments[0]);
                for (var level = arguments.Count == 2 ? Integer(arguments[1]) : 0; level > 0 && value is ArrayValue nested && nested.Items.Length > 0; level--)
                {
                    value = nested.Items[0];
                }

                return new ScalarValue(Fold.Constant(value switch
                {
                    ArrayValue array => array.Items.Length,
                    QubitsValue qubits => qubits.Qubits.Length,
                    BitsValue bits => bits.Bits.Length,
                    _ => throw Error(OpenQasmCodes.WrongKind, call.Start, "'sizeof' takes an array or a register.", "Remove it."),
                } + 0L));
        }

        throw Error(OpenQasmCodes.Undeclared, call.Start, $"The function '{call.Name}' is not declared.", "Define it with 'def', or use a built-in one.");
    }

    private static void CheckCount(CallNode call, int expected)
    {
        if (call.Arguments.Count != expected)
        {
            throw Error(OpenQasmCodes.WrongCount, call.Start, $"'{call.Name}' takes {expected} arguments; {call.Arguments.Count} were given.", "Make them fit.");
        }
    }

    private Value CallSubroutine(SubroutineDeclaration subroutine, CallNode call, bool allowVoid)
    {
        CheckCount(call, subroutine.Parameters.Count);
        if (_callDepth >= _options.MaxDepth)
        {
            throw Error(OpenQasmCodes.TooDeep, call.Start, $"Calls nest deeper than {_options.MaxDepth}.", "Recursion must end earlier.");
        }

        Charge(call.Start, 2 * UnitsPerStep);
        var inner = new Scope(_global);
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            var (type, name) = subroutine.Parameters[i];
            var argument = Evaluate(call.Arguments[i]);
            if (!inner.TryAdd(name, Bind(type, argument, call.Arguments[i].Start)))
            {
                throw Redeclared(subroutine.Start, name);
            }
        }

        var (scope, runtimeDepth) = (_scope, _subroutineRuntimeDepth);
        _scope = inner;
        _subroutineRuntimeDepth = _runtimeDepth;
        _callDepth++;
        _returned = null;
        try
        {
            Block(subroutine.Body);
        }
        finally
        {
            _callDepth--;
            (_scope, _subroutineRuntimeDepth) = (scope, runtimeDepth);
        }

        var result = _returned;
        _returned = null;
        if (result is null)
        {
            return allowVoid && subroutine.Returns is null
                ? new ArrayValue([])
                : throw Error(OpenQasmCodes.WrongKind, call.Start, $"Subroutine '{call.Name}' returned no value.", "Let it return one, or call it as a statement.");
        }

        return subroutine.Returns is { Name: not "bit" } returns ? new ScalarValue(Fold.Cast(AsScalar(result, call.Start), ScalarType(returns))) : result;
    }

    private Symbol Bind(TypeNode type, Value argument, int start)
    {
        if (type.Name is "qubit" or "qreg")
        {
            return argument is QubitsValue qubits && (type.Size is null ? qubits.Qubits.Length == 1 : qubits.Qubits.Length == Size(type.Size))
                ? new QubitSymbol(qubits.Qubits, type.Size is null)
                : throw Error(OpenQasmCodes.SizeMismatch, start, "The argument is not a qubit register of the declared size.", "Pass one that fits.");
        }

        if (argument is ArrayValue array)
        {
            return new ArraySymbol(array, false);
        }

        if (argument is BitsValue bits && type.Name is "bit" or "creg")
        {
            return new BitSymbol(((BitsValue)argument).Bits, type.Size is null);
        }

        var scalarType = ScalarType(type);
        var value = Fold.Cast(AsScalar(argument, start), scalarType);
        var symbol = new VariableSymbol(scalarType, false);
        if (value is ConstantExpression)
        {
            symbol.Value = value;
        }
        else
        {
            Spill(symbol, "argument");
            _builder.Assign(symbol.Runtime!, value);
        }

        return symbol;
    }
}

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Declarations of qubits and classical variables.</content>
internal sealed partial class Interpreter
{
    private void DeclareQubits(QubitDeclaration declaration)
    {
        RequireGlobal(declaration.Start, "A qubit");
        var size = declaration.Size is null ? 1 : Size(declaration.Size);
        CheckBits(declaration.Start, _builder.NumQubits, size);
        var register = AddRegister(declaration.Start, declaration.Name, () => _builder.AddQubits(declaration.Name, size));
        Add(declaration.Start, declaration.Name, new QubitSymbol(Enumerable.Range(register.Start, size).ToArray(), declaration.Size is null));
    }

    private void Declare(ClassicalDeclaration declaration)
    {
        if (declaration.Direction is not null)
        {
            RequireGlobal(declaration.Start, $"An {declaration.Direction}");
        }

        if (declaration.Type.Name is "duration" or "stretch")
        {
            Add(declaration.Start, declaration.Name, new OpaqueSymbol("duration"));
            _warn(OpenQasmCodes.TimingIgnored, declaration.Start, $"'{declaration.Name}' is a time and has no effect.", "Timing does not change an ideal run.");
            return;
        }

        if (declaration.Type.Name == "array")
        {
            DeclareArray(declaration);
            return;
        }

        if (declaration.Type.Name == "bit" && !declaration.IsConst && declaration.Direction != "input")
        {
            DeclareBits(declaration);
            return;
        }

        var type = ScalarType(declaration.Type);
        var symbol = new VariableSymbol(type, declaration.IsConst || declaration.Direction == "input");
        if (declaration.Direction == "input")
        {
            // Declared first, so that its uses are not reported as well.
            Add(declaration.Start, declaration.Name, symbol);
            symbol.Value = Fold.Cast(
                _options.Inputs.TryGetValue(declaration.Name, out var input)
                    ? Fold.Constant(input)
                    : throw Error(OpenQasmCodes.UnboundInput, declaration.Start, $"The input '{declaration.Name}' has no value.", "Give one in OpenQasmReaderOptions.Inputs."),
                type);
            return;
        }

        if (declaration.Value is not null)
        {
            var value = Fold.Cast(AsScalar(EvaluateOrMeasure(declaration.Value), declaration.Value.Start), type);
            if (declaration.IsConst && value is not ConstantExpression)
            {
                throw NotConstant(declaration.Value.Start, $"The constant '{declaration.Name}'");
            }

            if (value is ConstantExpression)
            {
                symbol.Value = value;
            }
            else
            {
                Spill(symbol, declaration.Name);
                _builder.Assign(symbol.Runtime!, value);
            }
        }

        Add(declaration.Start, declaration.Name, symbol);
    }

    private void DeclareBits(ClassicalDeclaration declaration)
    {
        var size = declaration.Type.Size is null ? 1 : Size(declaration.Type.Size);
        CheckBits(declaration.Start, _builder.NumClbits, size);
        int[] bits;
        if (_scope == _global)
        {
            var register = AddRegister(declaration.Start, declaration.Name, () => _builder.AddClbits(declaration.Name, size));
            bits = Enumerable.Range(register.Start, size).ToArray();
        }
        else
        {
            // Bits inside blocks and subroutines are not part of the outcome.
            var first = AddScratchBits(size, declaration.Start);
            bits = Enumerable.Range(0, size).Select(i => first - i).ToArray();
        }

        Add(declaration.Start, declaration.Name, new BitSymbol(bits, declaration.Type.Size is null));
        if (declaration.Value is MeasureNode measure)
        {
            Measure(Qubits(measure.Operand), new BitsValue(bits, declaration.Type.Size is null), measure.Start);
        }
        else if (declaration.Value is not null)
        {
            Store(new BitsValue(bits, declaration.Type.Size is null), EvaluateOrMeasure(declaration.Value), declaration.Value.Start);
        }
        else if (_scope != _global)
        {
            Store(new BitsValue(bits, false), new ScalarValue(Fold.Constant(0L)), declaration.Start);
        }
    }

    private void DeclareArray(ClassicalDeclaration declaration)
    {
        var element = ScalarType(declaration.Type.Element!);
        var dimensions = declaration.Type.Dimensions!.Select(Size).ToArray();
        var elements = dimensions.Aggregate(1.0, (product, d) => product * d);
        if (elements > 1_000_000)
        {
            throw Error(OpenQasmCodes.TooManyBits, declaration.Start, $"The array '{declaration.Name}' has more than 1,000,000 elements.", "Use a smaller one.");
        }

        Charge(declaration.Start, 4 * (long)elements);
        var zero = new ScalarValue(Fold.Cast(Fold.Constant(0L), element));
        var array = declaration.Value is null
            ? Zeros(dimensions, 0, zero)
            : Evaluate(declaration.Value) is ArrayValue given ? Convert(given, dimensions, 0, element, declaration.Start) : throw Error(OpenQasmCodes.WrongKind, declaration.Value.Start, "An array needs a list of values.", "Write {…}.");
        Add(declaration.Start, declaration.Name, new ArraySymbol((ArrayValue)array, declaration.IsConst));
    }

    private static Value Zeros(int[] dimensions, int level, Value zero) =>
        level == dimensions.Length ? zero : new ArrayValue(Enumerable.Range(0, dimensions[level]).Select(_ => Zeros(dimensions, level + 1, zero)).ToArray());

    private Value Convert(Value value, int[] dimensions, int level, ClassicalType element, int start)
    {
        if (level == dimensions.Length)
        {
            return new ScalarValue(Fold.Cast(AsScalar(value, start), element));
        }

        return value is ArrayValue array && array.Items.Length == dimensions[level]
            ? new ArrayValue(Array.ConvertAll(array.Items, item => Convert(item, dimensions, level + 1, element, start)))
            : throw Error(OpenQasmCodes.SizeMismatch, start, $"The list does not have {dimensions[level]} elements.", "Make it fit the declared dimensions.");
    }

    private Register AddRegister(int start, string name, Func<Register> add)
    {
        try
        {
            return add();
        }
        catch (CircuitException)
        {
            throw Redeclared(start, name);
        }
    }

    private void Add(int start, string name, Symbol symbol)
    {
        if (!_scope.TryAdd(name, symbol))
        {
            throw Redeclared(start, name);
        }
    }

    private static SyntaxException Redeclared(int start, string name) =>
        Error(OpenQasmCodes.Redeclared, start, $"The name '{name}' is declared twice.", "Choose another name.");

    private void RequireGlobal(int start, string what)
    {
        if (_scope != _global)
        {
            throw Error(OpenQasmCodes.NotAllowedHere, start, $"{what} is declared inside a block.", "Declare it at the top level.");
        }
    }
}

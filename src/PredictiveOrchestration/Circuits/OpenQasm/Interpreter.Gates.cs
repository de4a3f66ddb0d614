using System.Numerics;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Gate definitions, calls, modifiers, broadcasting.</content>
internal sealed partial class Interpreter
{
    private readonly double[] _values = new double[4];
    private int _gateDepth;
    private int _operations;
    private bool _broadcasting;

    private BuiltInGate? FindBuiltIn(string name)
    {
        var key = _dialect == 3 && name == "U" && !_options.PhaseFreeU ? "U#3" : name;
        return BuiltInGates.ByName.TryGetValue(key, out var gate) && ((gate.Libraries & _libraries) != 0 || name == "U") ? gate : null;
    }

    private void DeclareGate(GateDeclaration declaration)
    {
        RequireGlobal(declaration.Start, "A gate");
        var name = declaration.Name;
        var builtIn = FindBuiltIn(name);
        if (_gates.ContainsKey(name) || (builtIn is not null && (builtIn.Libraries & _libraries & ~GateLibraries.Extension) != 0))
        {
            throw Redeclared(declaration.Start, name);
        }

        double operations = 0;
        double steps = 0;
        foreach (var statement in declaration.Body)
        {
            CheckBody(declaration, statement);
            var (more, moreSteps) = LeastWork(statement);
            operations += more;
            steps += moreSteps;
        }

        // A definition of a gate that the catalogue knows, with the same matrix, is that gate: engines have kernels for it.
        BuiltInGates.ByName.TryGetValue(name, out var known);
        Add(declaration.Start, name, new OpaqueSymbol("gate"));
        _gates.Add(name, new GateSymbol(declaration, null, operations, steps));
        if (known is not null && steps <= 1000 && known.NumQubits == declaration.Qubits.Count && known.NumParameters == declaration.Parameters.Count && known.NumQubits is > 0 and <= 5 && IsSame(known, declaration))
        {
            _gates[name] = new GateSymbol(declaration, known, 1, 0);
        }
    }

    private void CheckBody(GateDeclaration declaration, Statement statement)
    {
        switch (statement)
        {
            case GateCall call:
                if (call.Name == declaration.Name)
                {
                    throw Error(OpenQasmCodes.Undeclared, call.Start, $"Gate '{call.Name}' calls itself.", "Gates are not recursive.");
                }

                var (parameters, qubits) = Arity(call.Name, call.Start);
                if (call.Modifiers.Count == 0)
                {
                    CheckArity(call, parameters, qubits, call.Operands.Count);
                }

                foreach (var operand in call.Operands)
                {
                    if (operand is not NameNode name || !declaration.Qubits.Contains(name.Name))
                    {
                        throw Error(OpenQasmCodes.NotAllowedHere, operand.Start, $"Gate '{declaration.Name}' uses something other than its own qubits.", $"Inside it only {string.Join(", ", declaration.Qubits)} may be used, without an index.");
                    }
                }

                break;
            case ForStatement loop:
                foreach (var inner in loop.Body)
                {
                    CheckBody(declaration, inner);
                }

                break;
        }
    }

    // What a statement of a gate body comes to at least, so that exponential nesting is refused before it is walked. Loops and powers may come to nothing.
    private (double Operations, double Steps) LeastWork(Statement statement) =>
        statement is not GateCall call || call.Modifiers.Exists(m => m.Name == "pow") ? (0, 1)
        : _gates.TryGetValue(call.Name, out var gate) ? (gate.Operations, gate.Steps + 1)
        : (1, 1);

    private bool IsSame(BuiltInGate known, GateDeclaration declaration)
    {
        var parameters = new ClassicalExpression[known.NumParameters];
        for (var i = 0; i < parameters.Length; i++)
        {
            parameters[i] = Fold.Constant(0.7 + 0.411 * i);
        }

        var qubits = Enumerable.Range(0, known.NumQubits).ToArray();
        var defined = new List<GateApplication>();
        try
        {
            ExpandDefinition(declaration, parameters, qubits, defined.Add);
            if (defined.Count > 1000 || !defined.TrueForAll(a => a.IsConstant))
            {
                return false;
            }
        }
        catch (SyntaxException)
        {
            // What is wrong in the body is reported where the gate is used.
            return false;
        }

        var expected = GateApplication.MatrixOf([Map(known, parameters, qubits)], qubits);
        var actual = GateApplication.MatrixOf(defined, qubits);
        for (var i = 0; i < expected.Length; i++)
        {
            if ((expected[i] - actual[i]).Magnitude > 1e-12)
            {
                return false;
            }
        }

        return true;
    }

    private (int Parameters, int Qubits) Arity(string name, int start)
    {
        if (_gates.TryGetValue(name, out var gate))
        {
            return (gate.Declaration.Parameters.Count, gate.Declaration.Qubits.Count);
        }

        if (FindBuiltIn(name) is { } builtIn)
        {
            return (builtIn.NumParameters, builtIn.NumQubits);
        }

        if (_global.Find(name) is FaultySymbol)
        {
            throw Faulty(start);
        }

        if (_global.Find(name) is OpaqueSymbol opaque)
        {
            throw Error(OpenQasmCodes.Opaque, start, $"'{name}' is an {opaque.What}: its meaning is not known here.", "Define it with 'gate'.");
        }

        var library = BuiltInGates.ByName.ContainsKey(name) ? $"Add include \"{(_dialect == 2 ? "qelib1.inc" : "stdgates.inc")}\";" : "Define it with 'gate' before it is used.";
        throw Error(OpenQasmCodes.Undeclared, start, $"The gate '{name}' is not defined.", library);
    }

    private static void CheckArity(GateCall call, int parameters, int qubits, int operands)
    {
        if (call.Parameters.Count != parameters)
        {
            throw Error(OpenQasmCodes.WrongCount, call.Start, $"Gate '{call.Name}' takes {parameters} parameters; {call.Parameters.Count} were given.", "Make them fit.");
        }

        if (operands != qubits)
        {
            throw Error(OpenQasmCodes.WrongCount, call.Start, $"Gate '{call.Name}' acts on {qubits} qubits here; {operands} were given.", "Make them fit; ctrl adds one.");
        }
    }

    private void CallGate(GateCall call)
    {
        var (parameterCount, qubitCount) = Arity(call.Name, call.Start);
        var modifiers = call.Modifiers.Count == 0 ? [] : call.Modifiers.ConvertAll(Resolve);
        CheckArity(call, parameterCount, qubitCount + modifiers.Sum(m => m.Controls), call.Operands.Count);
        var parameters = new ClassicalExpression[parameterCount];
        for (var i = 0; i < parameterCount; i++)
        {
            parameters[i] = Fold.Cast(Scalar(call.Parameters[i]), ClassicalType.Float);
            if (parameters[i] is ConstantExpression constant && !double.IsFinite(constant.Value.Number))
            {
                throw Error(OpenQasmCodes.NotFinite, call.Parameters[i].Start, $"A parameter of '{call.Name}' is not a finite number.", "Check divisions and logarithms.");
            }
        }

        var operands = call.Operands.ConvertAll(Qubits);
        var length = -1;
        foreach (var operand in operands)
        {
            if (!operand.IsScalar)
            {
                if (length >= 0 && operand.Qubits.Length != length)
                {
                    throw Error(OpenQasmCodes.SizeMismatch, call.Start, $"Gate '{call.Name}' is given registers of {length} and {operand.Qubits.Length} qubits.", "Registers must have the same size.");
                }

                length = operand.Qubits.Length;
            }
        }

        Charge(call.Start, call.Operands.Count);
        _broadcasting = length > 1;
        for (var k = 0; k < (length < 0 ? 1 : length); k++)
        {
            var qubits = new int[operands.Count];
            for (var i = 0; i < qubits.Length; i++)
            {
                qubits[i] = operands[i].Qubits[operands[i].IsScalar ? 0 : k];
                if (qubits.AsSpan(0, i).Contains(qubits[i]))
                {
                    throw Error(OpenQasmCodes.RepeatedQubit, call.Operands[i].Start, $"Gate '{call.Name}' is given qubit {qubits[i]} twice.", "Use different qubits.");
                }
            }

            if (modifiers.Count == 0)
            {
                Expand(call.Name, parameters, qubits, call.Start, application =>
                {
                    CountOperation(call.Start);
                    Emit(application);
                });
            }
            else
            {
                var sequence = Modified(call, parameters, qubits, modifiers);
                foreach (var application in sequence)
                {
                    CountOperation(call.Start, sequence.Count > 1);
                    Emit(application);
                }
            }
        }

        _broadcasting = false;
    }

    // Controls and power of a modifier; inv is a power of -1.
    private (int Controls, bool IsNegative, double Power) Resolve(Modifier modifier)
    {
        if (modifier.Name is "inv")
        {
            return (0, false, -1);
        }

        if (modifier.Argument is NameNode name && _scope.Find(name.Name) is VariableSymbol { IsConst: false } && modifier.Name is "ctrl" or "negctrl")
        {
            throw NotConstant(modifier.Argument!.Start, "The number of controls");
        }

        if (modifier.Name == "pow")
        {
            var power = Scalar(modifier.Argument ?? throw Error(OpenQasmCodes.WrongCount, modifier.Start, "'pow' needs an exponent.", "Write pow(k) @."));
            return power is ConstantExpression constant && double.IsFinite(constant.Value.ToDouble())
                ? (0, false, constant.Value.ToDouble())
                : throw NotConstant(modifier.Argument.Start, "An exponent");
        }

        var count = modifier.Argument is null ? 1 : Integer(modifier.Argument);
        return count is >= 1 and <= 4096
            ? ((int)count, modifier.Name == "negctrl", 1)
            : throw Error(OpenQasmCodes.WrongCount, modifier.Start, $"The number of controls is {count}.", "Accepted are 1 to 4096.");
    }

    private List<GateApplication> Modified(GateCall call, ClassicalExpression[] parameters, int[] qubits, List<(int Controls, bool IsNegative, double Power)> modifiers)
    {
        var sequence = new List<GateApplication>();
        var operand = modifiers.Sum(m => m.Controls);
        Expand(call.Name, parameters, qubits[operand..], call.Start, application =>
        {
            CountOperation(call.Start, true);
            sequence.Add(application);
        });

        // The innermost modifier is written last, and takes the operands just before the gate's own.
        for (var i = modifiers.Count - 1; i >= 0; i--)
        {
            var (controls, isNegative, power) = modifiers[i];
            Charge(call.Start, UnitsPerStep + 8L * sequence.Count * (1 + controls));
            if (controls > 0)
            {
                operand -= controls;
                var added = qubits[operand..(operand + controls)];
                sequence = sequence.ConvertAll(a => a.Controlled(added));
                if (isNegative)
                {
                    var flips = Array.ConvertAll(added, q => new GateApplication(GateCatalog.X, null, [], 0, [q]));
                    sequence = [.. flips, .. sequence, .. flips];
                }
            }
            else
            {
                sequence = Power(sequence, power, call.Start);
            }
        }

        return sequence;
    }

    private List<GateApplication> Power(List<GateApplication> sequence, double power, int start)
    {
        if (sequence.Count == 1 && Scaled(sequence[0], power) is { } scaled)
        {
            return [scaled];
        }

        if (power == Math.Floor(power))
        {
            if (power < 0)
            {
                sequence.Reverse();
                sequence = sequence.ConvertAll(a => a.Inverted(start));
                power = -power;
            }

            if (power * sequence.Count > _options.MaxUnrolledOperations - _operations)
            {
                throw TooManyOperations(start);
            }

            Charge(start, 8 * (long)power * sequence.Count);
            var repeated = new List<GateApplication>(sequence.Count * (int)power);
            for (var k = 0; k < (int)power; k++)
            {
                repeated.AddRange(sequence);
            }

            return repeated;
        }

        var qubits = sequence.SelectMany(a => a.Qubits).Distinct().ToArray();
        if (qubits.Length is 0 or > CircuitBuilder.MaxUnitaryQubits || !sequence.TrueForAll(a => a.IsConstant))
        {
            throw Error(OpenQasmCodes.Unsupported, start, $"A fractional power of a gate on {qubits.Length} qubits is not supported.", $"Use an integer exponent, or at most {CircuitBuilder.MaxUnitaryQubits} qubits and constant parameters.");
        }

        // Each gate is multiplied into the matrix; eigenvalues take some cubes of its size.
        Charge(start, sequence.Count * (4L << (2 * qubits.Length)) + (8L << (3 * qubits.Length)));
        var matrix = UnitaryPower.Of(GateApplication.MatrixOf(sequence, qubits), 1 << qubits.Length, power);
        return [new GateApplication(null, matrix, [], 0, qubits)];
    }

    // Powers that stay one gate of the catalogue: rotations and phases scale their angle.
    private static GateApplication? Scaled(GateApplication application, double power)
    {
        if (application.Gate is not { } gate || power == -1)
        {
            return null;
        }

        if (gate.Inverse == GateInverse.NegateParameters)
        {
            return application with { Parameters = Array.ConvertAll(application.Parameters, p => Fold.Binary(ClassicalOperator.Multiply, Fold.Constant(power), p)) };
        }

        if (power == Math.Floor(power) && Math.Abs(power) < 16)
        {
            return null;
        }

        double? turn = gate.Name switch { "z" => Math.PI, "s" => Math.PI / 2, "sdg" => -Math.PI / 2, "t" => Math.PI / 4, "tdg" => -Math.PI / 4, _ => null };
        return turn is { } angle ? application with { Gate = GateCatalog.P, Parameters = [Fold.Constant(angle * power)] } : null;
    }

    private void Expand(string name, ClassicalExpression[] parameters, int[] qubits, int start, Action<GateApplication> sink)
    {
        if (!_gates.TryGetValue(name, out var gate))
        {
            sink(Map(FindBuiltIn(name)!, parameters, qubits));
            return;
        }

        if (gate.Equivalent is { } equivalent)
        {
            sink(Map(equivalent, parameters, qubits));
            return;
        }

        if (gate.Operations > _options.MaxUnrolledOperations - _operations)
        {
            throw TooManyOperations(start);
        }

        if (gate.Steps > _options.MaxSteps - _work / UnitsPerStep)
        {
            throw TooManySteps(start);
        }

        if (_gateDepth >= _options.MaxDepth)
        {
            throw Error(OpenQasmCodes.TooDeep, start, $"Gates nest deeper than {_options.MaxDepth}.", "Raise OpenQasmReaderOptions.MaxDepth.");
        }

        CountStep(start);
        CheckStack(start);
        ExpandDefinition(gate.Declaration, parameters, qubits, sink);
    }

    private void ExpandDefinition(GateDeclaration declaration, ClassicalExpression[] parameters, int[] qubits, Action<GateApplication> sink)
    {
        var outer = _scope;
        var scope = new Scope(_global);
        for (var i = 0; i < parameters.Length; i++)
        {
            scope.TryAdd(declaration.Parameters[i], new VariableSymbol(ClassicalType.Float, true) { Value = parameters[i] });
        }

        for (var i = 0; i < qubits.Length; i++)
        {
            scope.TryAdd(declaration.Qubits[i], new QubitSymbol([qubits[i]], true));
        }

        _scope = scope;
        _gateDepth++;
        try
        {
            ExpandBody(declaration.Body, sink);
        }
        finally
        {
            _gateDepth--;
            _scope = outer;
        }
    }

    private void ExpandBody(List<Statement> body, Action<GateApplication> sink)
    {
        foreach (var statement in body)
        {
            CountStep(statement.Start);
            switch (statement)
            {
                case GateCall call:
                    var modifiers = call.Modifiers.Count == 0 ? [] : call.Modifiers.ConvertAll(Resolve);
                    var (parameterCount, qubitCount) = Arity(call.Name, call.Start);
                    CheckArity(call, parameterCount, qubitCount + modifiers.Sum(m => m.Controls), call.Operands.Count);
                    var parameters = call.Parameters.ConvertAll(p => Fold.Cast(Scalar(p), ClassicalType.Float)).ToArray();
                    if (Array.Exists(parameters, p => p is ConstantExpression c && !double.IsFinite(c.Value.Number)))
                    {
                        throw Error(OpenQasmCodes.NotFinite, call.Start, $"A parameter of '{call.Name}' is not a finite number.", "Check divisions and logarithms.");
                    }

                    var qubits = call.Operands.ConvertAll(o => Qubits(o).Qubits[0]).ToArray();
                    if (qubits.Distinct().Count() != qubits.Length)
                    {
                        throw Error(OpenQasmCodes.RepeatedQubit, call.Start, $"Gate '{call.Name}' is given a qubit twice.", "Use different qubits.");
                    }

                    if (modifiers.Count == 0)
                    {
                        Expand(call.Name, parameters, qubits, call.Start, sink);
                    }
                    else
                    {
                        Modified(call, parameters, qubits, modifiers).ForEach(sink);
                    }

                    break;
                case ForStatement loop:
                    foreach (var value in Sequence(loop.Values))
                    {
                        CountStep(loop.Start);
                        var outer = _scope;
                        _scope = new Scope(outer);
                        _scope.TryAdd(loop.Name, new VariableSymbol(ScalarType(loop.Type), true) { Value = Fold.Cast(value, ScalarType(loop.Type)) });
                        ExpandBody(loop.Body, sink);
                        _scope = outer;
                    }

                    break;
            }
        }
    }

    private static GateApplication Map(BuiltInGate gate, ClassicalExpression[] parameters, int[] qubits)
    {
        parameters = gate.Map switch
        {
            ParameterMap.U2 => [Fold.Constant(Math.PI / 2), .. parameters],
            ParameterMap.Drop => [],
            ParameterMap.PhasedU => [.. parameters, Fold.Binary(ClassicalOperator.Multiply, Fold.Constant(0.5), parameters[0])],
            _ => parameters,
        };
        return new GateApplication(gate.Gate, null, parameters, gate.Controls, qubits);
    }

    private void Emit(GateApplication application)
    {
        if (application.Matrix is { } matrix)
        {
            _builder.Unitary(matrix, application.Qubits, application.Controls);
            return;
        }

        if (!application.IsConstant)
        {
            _builder.DynamicGate(application.Gate!, application.Controls, application.Parameters, application.Qubits);
            return;
        }

        for (var i = 0; i < application.Parameters.Length; i++)
        {
            _values[i] = ((ConstantExpression)application.Parameters[i]).Value.ToDouble();
        }

        _builder.Gate(application.Gate!, application.Controls, _values.AsSpan(0, application.Parameters.Length), application.Qubits);
    }

    // Flat statements do not count: they are bounded by the source itself.
    private void CountOperation(int start, bool always = false)
    {
        var flat = !always && _gateDepth == 0 && _loops.Count == 0 && _callDepth == 0 && !_broadcasting;
        if (!flat && ++_operations > _options.MaxUnrolledOperations)
        {
            throw TooManyOperations(start);
        }
    }

    private SyntaxException TooManyOperations(int start) =>
        Error(OpenQasmCodes.TooManyOperations, start, $"Unrolling gives more than {_options.MaxUnrolledOperations} operations.", "Use fewer repetitions, or raise OpenQasmReaderOptions.MaxUnrolledOperations.");
}

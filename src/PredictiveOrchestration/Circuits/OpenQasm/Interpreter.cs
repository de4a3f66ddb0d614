using System.Globalization;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>
/// Executes statements as far as they can be known before the run, and builds the circuit from the rest: loops and branches on known
/// values unroll; what depends on a measurement becomes run-time control flow.
/// </summary>
internal sealed partial class Interpreter
{
    private const int UnitsPerStep = 16;

    private readonly CircuitBuilder _builder;
    private readonly OpenQasmReaderOptions _options;
    private readonly int _dialect;
    private readonly Action<string, int, string, string> _warn;
    private readonly Action<SyntaxException> _report;
    private readonly Dictionary<string, GateSymbol> _gates = new(StringComparer.Ordinal);
    private readonly Stack<(bool IsRuntime, int Depth)> _loops = new();
    private readonly Stack<BinaryNode> _leaning = new();
    private readonly Scope _global = new(null);
    private Scope _scope;
    private GateLibraries _libraries;
    private int _runtimeDepth;
    private int _callDepth;
    private int _subroutineRuntimeDepth = -1;
    private Value? _returned;
    private long _work;
    private int _variables;
    private int _scratchBits;

    public Interpreter(CircuitBuilder builder, OpenQasmReaderOptions options, int dialect, Action<string, int, string, string> warn, Action<SyntaxException> report)
    {
        _builder = builder;
        _options = options;
        _dialect = dialect;
        _warn = warn;
        _report = report;
        _scope = _global;
        _libraries = dialect == 2 ? GateLibraries.Language2 : GateLibraries.Language3;
    }

    private enum Flow
    {
        Next,
        Break,
        Continue,
        Return,

        /// <summary>What follows in this block is never reached.</summary>
        Stop,
        End,
    }

    /// <summary>Whether a statement at the top level ended the program.</summary>
    public bool Ended { get; private set; }

    /// <summary>Finds the gate that a name means by itself, for the fast path of flat gate statements.</summary>
    public BuiltInGate? PlainGate(string name) => _gates.ContainsKey(name) ? null : FindBuiltIn(name);

    /// <summary>Whether no declaration took the name.</summary>
    public bool IsFree(string name) => _global.Find(name) is null;

    /// <summary>Finds a top-level qubit register, for the fast path.</summary>
    public QubitSymbol? PlainQubits(string name) => _global.Find(name) as QubitSymbol;

    /// <summary>Executes a statement at the top level. Work in proportion to its length in the source is free.</summary>
    public void Run(Statement statement, int length)
    {
        var before = _work;
        _work -= UnitsPerStep + 4L * length;
        try
        {
            if (Execute(statement) == Flow.End)
            {
                Ended = true;
            }
        }
        catch (SyntaxException)
        {
            Leave(statement, _global, 0, 0, 0);
            throw;
        }
        finally
        {
            _work = Math.Max(_work, before);
        }
    }

    private Flow Execute(Statement statement)
    {
        CountStep(statement.Start);
        CheckStack(statement.Start);
        switch (statement)
        {
            case GateCall call:
                CallGate(call);
                return Flow.Next;
            case QubitDeclaration declaration:
                DeclareQubits(declaration);
                return Flow.Next;
            case ClassicalDeclaration declaration:
                Declare(declaration);
                return Flow.Next;
            case GateDeclaration gate:
                DeclareGate(gate);
                return Flow.Next;
            case SubroutineDeclaration subroutine:
                RequireGlobal(subroutine.Start, "A subroutine");
                if (subroutine.Returns is not null && !Returns(subroutine.Body))
                {
                    throw Error(OpenQasmCodes.NotAllowedHere, subroutine.Start, $"Subroutine '{subroutine.Name}' declares a return value and returns none.", "Add a return statement.");
                }

                Add(subroutine.Start, subroutine.Name, new SubroutineSymbol(subroutine));
                return Flow.Next;
            case OpaqueDeclaration opaque:
                Add(opaque.Start, opaque.Name, new OpaqueSymbol("opaque gate"));
                return Flow.Next;
            case IgnoredStatement ignored:
                if (ignored.Code is null)
                {
                    Add(ignored.Start, ignored.What, new OpaqueSymbol("extern function"));
                }
                else
                {
                    _warn(ignored.Code, ignored.Start, $"'{ignored.What}' is accepted and has no effect.", "Timing and calibration do not change an ideal run.");
                }

                return Flow.Next;
            case AliasDeclaration alias:
                Add(alias.Start, alias.Name, Evaluate(alias.Value) switch
                {
                    QubitsValue qubits => new QubitSymbol(qubits.Qubits, qubits.IsScalar),
                    BitsValue bits => new BitSymbol(bits.Bits, bits.IsScalar),
                    _ => throw Error(OpenQasmCodes.WrongKind, alias.Start, $"The alias '{alias.Name}' is neither of qubits nor of bits.", "Use a register, a slice or registers joined by ++."),
                });
                return Flow.Next;
            case MeasureStatement measure:
                Measure(Qubits(measure.Source), measure.Target is null ? null : Evaluate(measure.Target), measure.Start);
                return Flow.Next;
            case ResetStatement reset:
                var wiped = Qubits(reset.Operand).Qubits;
                foreach (var qubit in wiped)
                {
                    CountOperation(reset.Start, wiped.Length > 1);
                    _builder.Reset(qubit);
                }

                return Flow.Next;
            case BarrierStatement barrier:
                var operands = barrier.Operands.ConvertAll(Qubits);
                Charge(barrier.Start, 4 * (operands.Count == 0 ? _builder.NumQubits : operands.Sum(o => (long)o.Qubits.Length)));
                var all = operands.SelectMany(o => o.Qubits).Distinct().ToArray();
                if (all.Length > 0 || (barrier.Operands.Count == 0 && _builder.NumQubits > 0))
                {
                    CountOperation(barrier.Start);
                    _builder.Barrier(all);
                }

                return Flow.Next;
            case IfStatement branch:
                return If(branch);
            case ForStatement loop:
                return For(loop);
            case WhileStatement loop:
                return While(loop);
            case SwitchStatement choice:
                return Switch(choice);
            case AssignmentStatement assignment:
                Assign(assignment);
                return Flow.Next;
            case ExpressionStatement expression:
                Evaluate(expression.Value, true);
                return Flow.Next;
            case ReturnStatement result:
                if (_callDepth == 0)
                {
                    throw Error(OpenQasmCodes.NotAllowedHere, result.Start, "'return' stands outside a subroutine.", "Remove it.");
                }

                if (_runtimeDepth > _subroutineRuntimeDepth)
                {
                    throw Error(OpenQasmCodes.Unsupported, result.Start, "'return' inside a branch or loop that depends on a measurement is not supported.", "Assign to a variable and return it at the end.");
                }

                _returned = result.Value is null ? null : EvaluateOrMeasure(result.Value);
                return Flow.Return;
            case JumpStatement jump:
                return Jump(jump);
            case BlockStatement block:
                return Block(block.Body);
            case IncludeStatement include:
                Include(include);
                return Flow.Next;
            case AnnotationStatement annotation:
                _builder.Annotate(annotation.Text);
                return Flow.Next;
            default:
                throw Error(OpenQasmCodes.Unsupported, statement.Start, $"{statement.GetType().Name} is not supported.", "Write it otherwise.");
        }
    }

    private void Include(IncludeStatement include)
    {
        switch (include.File)
        {
            case "qelib1.inc":
                _libraries |= GateLibraries.Qelib1 | GateLibraries.Extension;
                break;
            case "stdgates.inc" or "stdgates.qasm":
                _libraries |= GateLibraries.StdGates | GateLibraries.Extension;
                break;
            default:
                throw Error(OpenQasmCodes.UnknownInclude, include.Start, $"The file \"{include.File}\" is not one of the built-in ones.", "\"qelib1.inc\" and \"stdgates.inc\" are built in; the file system is never read. Paste the definitions instead.");
        }
    }

    private Flow Block(List<Statement> body)
    {
        var outer = _scope;
        var inner = _scope = new Scope(outer);
        var (loops, runtimeDepth, callDepth) = (_loops.Count, _runtimeDepth, _callDepth);
        SyntaxException? failed = null;
        try
        {
            foreach (var statement in body)
            {
                try
                {
                    if (Execute(statement) is var flow && flow != Flow.Next)
                    {
                        return failed is null ? flow : throw failed;
                    }
                }
                catch (SyntaxException exception) when (!exception.IsFatal && exception != failed)
                {
                    // Reported here, so that the rest of the block is checked as well; then all around it is given up, once.
                    _report(exception);
                    failed = exception;
                    Leave(statement, inner, loops, runtimeDepth, callDepth);
                }
            }

            return failed is null ? Flow.Next : throw failed;
        }
        finally
        {
            _scope = outer;
        }
    }

    // After an error, what follows is read as if the statement had been left properly and had declared what it should.
    private void Leave(Statement statement, Scope scope, int loops, int runtimeDepth, int callDepth)
    {
        _scope = scope;
        while (_loops.Count > loops)
        {
            _loops.Pop();
        }

        (_runtimeDepth, _callDepth, _gateDepth, _broadcasting) = (runtimeDepth, callDepth, 0, false);
        var name = statement switch
        {
            QubitDeclaration declaration => declaration.Name,
            ClassicalDeclaration declaration => declaration.Name,
            AliasDeclaration declaration => declaration.Name,
            GateDeclaration declaration => declaration.Name,
            SubroutineDeclaration declaration => declaration.Name,
            _ => null,
        };
        if (name is not null)
        {
            scope.TryAdd(name, new FaultySymbol());
        }
    }

    // The use of what could not be declared is given up without another report.
    private static SyntaxException Faulty(int start) => new(OpenQasmCodes.Undeclared, start, 1, string.Empty, string.Empty) { IsReported = true };

    private Flow If(IfStatement branch)
    {
        var condition = RegisterTest(branch.Condition) ?? Truth(branch.Condition);
        if (condition is ConstantExpression known)
        {
            return known.Value.ToBool() ? Block(branch.Then) : branch.Else is null ? Flow.Next : Block(branch.Else);
        }

        Charge(branch.Start, 8 * UnitsPerStep);
        Spill(branch);
        _builder.If(condition);
        try
        {
            RunTimeBlock(branch.Then);
            if (branch.Else is not null)
            {
                _builder.Else();
                RunTimeBlock(branch.Else);
            }
        }
        finally
        {
            _builder.EndIf();
        }

        return Flow.Next;
    }

    // OpenQASM 2's test of a whole register, of any size.
    private ClassicalExpression? RegisterTest(Expression condition) =>
        _dialect == 2 && condition is BinaryNode { Left: NameNode name, Right: NumberNode number } && _scope.Find(name.Name) is BitSymbol register
            ? ClassicalExpression.RegisterEquals(register.Bits[0], register.Bits.Length, (ulong)number.Value.ToInt64())
            : null;

    private void RunTimeBlock(List<Statement> body)
    {
        _runtimeDepth++;
        Block(body);
        _runtimeDepth--;
    }

    private Flow While(WhileStatement loop)
    {
        while (true)
        {
            CountStep(loop.Start);
            var condition = Truth(loop.Condition);
            if (condition is ConstantExpression known)
            {
                if (!known.Value.ToBool())
                {
                    return Flow.Next;
                }

                var flow = Loop(loop.Body, false);
                if (flow is Flow.Break)
                {
                    return Flow.Next;
                }

                if (flow is Flow.Return or Flow.End or Flow.Stop)
                {
                    return flow;
                }

                continue;
            }

            Charge(loop.Start, 8 * UnitsPerStep);
            Spill(loop);
            _builder.While(Truth(loop.Condition));
            _runtimeDepth++;
            try
            {
                Loop(loop.Body, true);
            }
            finally
            {
                _runtimeDepth--;
                _builder.EndWhile();
            }

            return Flow.Next;
        }
    }

    private Flow Loop(List<Statement> body, bool isRuntime)
    {
        _loops.Push((isRuntime, _runtimeDepth));
        var flow = Block(body);
        _loops.Pop();
        return flow;
    }

    private Flow For(ForStatement loop)
    {
        var type = ScalarType(loop.Type);
        foreach (var value in Sequence(loop.Values))
        {
            CountStep(loop.Start);
            var outer = _scope;
            _scope = new Scope(outer);
            Add(loop.Start, loop.Name, new VariableSymbol(type, false) { Value = Fold.Cast(value, type) });
            var flow = Loop(loop.Body, false);
            _scope = outer;
            if (flow == Flow.Break)
            {
                break;
            }

            if (flow is Flow.Return or Flow.End or Flow.Stop)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Switch(SwitchStatement choice)
    {
        var value = Scalar(choice.Value);
        var arms = new List<(ClassicalExpression Condition, List<Statement> Body)>();
        foreach (var (labels, body) in choice.Cases)
        {
            ClassicalExpression any = Fold.Constant(false);
            foreach (var label in labels)
            {
                var test = Fold.Binary(ClassicalOperator.Equal, value, Scalar(label));
                any = any is ConstantExpression none && !none.Value.ToBool() ? test : Bounded(Fold.Binary(ClassicalOperator.LogicalOr, any, test), label.Start);
            }

            arms.Add((any, body));
        }

        if (arms.TrueForAll(a => a.Condition is ConstantExpression))
        {
            var taken = arms.FindIndex(a => ((ConstantExpression)a.Condition).Value.ToBool());
            return taken >= 0 ? Block(arms[taken].Body) : choice.Default is null ? Flow.Next : Block(choice.Default);
        }

        Spill(choice);
        var open = 0;
        try
        {
            foreach (var (condition, body) in arms)
            {
                _builder.If(condition);
                open++;
                RunTimeBlock(body);
                _builder.Else();
            }

            if (choice.Default is not null)
            {
                RunTimeBlock(choice.Default);
            }
        }
        finally
        {
            for (; open > 0; open--)
            {
                _builder.EndIf();
            }
        }

        return Flow.Next;
    }

    private Flow Jump(JumpStatement jump)
    {
        if (jump.Keyword == "end")
        {
            if (_runtimeDepth == 0)
            {
                return Flow.End;
            }

            _builder.End();
            return Flow.Stop;
        }

        if (_loops.Count == 0)
        {
            throw Error(OpenQasmCodes.NotAllowedHere, jump.Start, $"'{jump.Keyword}' stands outside a loop.", "Remove it.");
        }

        var (isRuntime, depth) = _loops.Peek();
        if (!isRuntime)
        {
            if (_runtimeDepth > depth)
            {
                throw Error(OpenQasmCodes.Unsupported, jump.Start, $"'{jump.Keyword}' depends on a measurement but belongs to a loop that is unrolled.", "Use a while loop whose condition depends on the measurement.");
            }

            return jump.Keyword == "break" ? Flow.Break : Flow.Continue;
        }

        _ = jump.Keyword == "break" ? _builder.Break() : _builder.Continue();
        return Flow.Stop;
    }

    private static bool Returns(List<Statement> body) => body.Exists(s => s switch
    {
        ReturnStatement => true,
        BlockStatement block => Returns(block.Body),
        IfStatement branch => Returns(branch.Then) || (branch.Else is not null && Returns(branch.Else)),
        ForStatement loop => Returns(loop.Body),
        WhileStatement loop => Returns(loop.Body),
        SwitchStatement choice => choice.Cases.Exists(c => Returns(c.Body)) || (choice.Default is not null && Returns(choice.Default)),
        _ => false,
    });

    private void CheckBits(int start, int present, int size)
    {
        if (size > _options.MaxBits - present)
        {
            throw Error(OpenQasmCodes.TooManyBits, start, $"{size.ToString(CultureInfo.InvariantCulture)} more bits make more than {_options.MaxBits.ToString(CultureInfo.InvariantCulture)}.", "Use a smaller register.");
        }
    }

    private void CountStep(int start) => Charge(start, UnitsPerStep);

    // Whatever takes time or memory that is not in proportion to the source is charged for: values computed, elements of slices, matrices.
    private void Charge(int start, long units)
    {
        if ((_work += units) > UnitsPerStep * (long)_options.MaxSteps)
        {
            throw TooManySteps(start);
        }
    }

    // Calls, blocks and expressions nest in one another: each is bounded, their product is not.
    private static void CheckStack(int start)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Error(OpenQasmCodes.TooDeep, start, "Calls, blocks and expressions nest too deep for the stack of this thread.", "Simplify, or read on a thread with a larger stack.");
        }
    }

    private static ClassicalExpression Bounded(ClassicalExpression expression, int start) =>
        expression.Depth <= ClassicalExpression.MaxDepth && expression.Size <= ClassicalExpression.MaxSize
            ? expression
            : throw Error(OpenQasmCodes.TooDeep, start, $"An expression that is evaluated at run time has {expression.Size} operands and operators, {expression.Depth} deep.", $"At most {ClassicalExpression.MaxSize} and {ClassicalExpression.MaxDepth} are accepted; keep intermediate results in variables.");

    private SyntaxException TooManySteps(int start) =>
        Error(OpenQasmCodes.TooManySteps, start, $"Unrolling takes more than {_options.MaxSteps} steps.", "Use shorter loops, or raise OpenQasmReaderOptions.MaxSteps.");

    private static SyntaxException NotConstant(int start, string what) =>
        Error(OpenQasmCodes.NotConstant, start, $"{what} must be known before the run.", "Use a constant.");

    private static SyntaxException Error(string code, int start, string message, string remedy) => new(code, start, 1, message, remedy);
}

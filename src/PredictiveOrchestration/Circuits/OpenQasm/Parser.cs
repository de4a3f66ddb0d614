using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>Turns tokens into statements, one at a time, so that a long file needs no tree of its own.</summary>
internal sealed partial class Parser
{
    private static readonly HashSet<string> TypeNames =
        ["int", "uint", "float", "angle", "bool", "bit", "complex", "array", "duration", "stretch"];

    private readonly Lexer _lexer;
    private readonly OpenQasmReaderOptions _options;
    private readonly Action<SyntaxException> _report;
    private Token _token;
    private int _previousEnd;
    private int _depth;

    public Parser(Lexer lexer, OpenQasmReaderOptions options, Action<SyntaxException> report)
    {
        _lexer = lexer;
        _options = options;
        _report = report;
    }

    /// <summary>2 or 3; 3 if there is no version line.</summary>
    public int Dialect { get; private set; } = 3;

    public bool AtEnd => _token.Kind == TokenKind.End;

    public Token Current => _token;

    /// <summary>The end of the last token read.</summary>
    public int PreviousEnd => _previousEnd;

    private bool IsStrict2 => Dialect == 2 && !_options.Lenient;

    /// <summary>Reads the version line, if there is one.</summary>
    public void ReadVersion()
    {
        var start = _lexer.Position;
        Advance();
        if (!IsName("OPENQASM"))
        {
            return;
        }

        Advance();
        var version = Text(_token);
        Dialect = version switch
        {
            "2.0" or "2" => 2,
            "3.0" or "3" or "3.1" => 3,
            _ => throw Error(OpenQasmCodes.BadVersion, _token, $"The version '{version}' is unknown.", "Versions 2.0, 3.0 and 3.1 are read."),
        };
        _lexer.ForbidBlockComments = IsStrict2;
        Advance();
        Expect(";");
    }

    /// <summary>Goes to the beginning of the next statement after an error.</summary>
    public void Recover()
    {
        // What means nothing in the rest of a statement that is given up is not worth another report.
        _depth = 0;
        _lexer.IsRecovering = true;
        while (!(AtEnd || Is(";") || Is("}")))
        {
            Advance();
        }

        Advance();
        _lexer.IsRecovering = false;
    }

    // The same inside a block: to the next of its statements, or to its end.
    private void RecoverInBlock()
    {
        _lexer.IsRecovering = true;
        var inner = 0;
        while (!AtEnd && (inner > 0 || !Is("}")))
        {
            var isEnd = inner == 0 ? Is(";") : inner == 1 && Is("}");
            inner += Is("{") ? 1 : Is("}") ? -1 : 0;
            Advance();
            if (isEnd)
            {
                break;
            }
        }

        _lexer.IsRecovering = false;
    }

    /// <summary>Goes on at another position, after something else has read up to it.</summary>
    public void MoveTo(int position)
    {
        _lexer.Position = position;
        Advance();
    }

    private void Advance()
    {
        _previousEnd = _token.End;
        _token = _lexer.Next();
    }

    /// <summary>Reads one statement; null for an empty one.</summary>
    public Statement? ReadStatement(bool inGate = false)
    {
        if (++_depth > _options.MaxDepth)
        {
            throw TooDeep(_token.Start);
        }

        _operators = 0;
        try
        {
            return Statement(inGate);
        }
        finally
        {
            _depth--;
        }
    }

    private Statement? Statement(bool inGate)
    {
        var token = _token;
        switch (token.Kind)
        {
            case TokenKind.Pragma or TokenKind.Annotation:
                Advance();
                return new AnnotationStatement(token.Start, Text(token));
            case TokenKind.Symbol when TryTake(";"):
                return null;
            case TokenKind.Symbol when Is("{"):
                Require3("A block");
                return new BlockStatement(token.Start, Block());
            case TokenKind.Name:
                return NamedStatement(token, inGate);
            case TokenKind.Invalid:
                // Read again, to say what is wrong with it.
                MoveTo(token.Start);
                return null;
            default:
                throw Unexpected("a statement");
        }
    }

    private Statement NamedStatement(Token token, bool inGate)
    {
        var name = Text(token);
        switch (name)
        {
            case "OPENQASM":
                throw Error(OpenQasmCodes.BadVersion, token, "The version line is not at the beginning.", "Move it to the first line.");
            case "include":
                Advance();
                var file = _token.Kind == TokenKind.String ? _lexer.Source[(_token.Start + 1)..(_token.End - 1)] : throw Unexpected("a file name in quotes");
                Advance();
                Expect(";");
                return new IncludeStatement(token.Start, file);
            case "qreg" or "creg":
                Advance();
                var register = Identifier();
                Expression? size = null;
                if (Dialect == 2 || Is("["))
                {
                    Expect("[");
                    size = Expression();
                    Expect("]");
                }

                Expect(";");
                return name == "qreg"
                    ? new QubitDeclaration(token.Start, register, size ?? new NumberNode(token.Start, ClassicalValue.Of(1L)))
                    : new ClassicalDeclaration(token.Start, new TypeNode(token.Start, "bit", size ?? new NumberNode(token.Start, ClassicalValue.Of(1L))), register, null, false, null);
            case "gate":
                return GateDeclaration(token);
            case "opaque":
                if (Dialect == 3)
                {
                    throw Error(OpenQasmCodes.WrongDialect, token, "'opaque' was removed in OpenQASM 3.", "Define the gate.");
                }

                Advance();
                var opaque = Identifier();
                SkipTo(";");
                return new OpaqueDeclaration(token.Start, opaque);
            case "measure":
                Advance();
                var source = Operand();
                Expression? target = null;
                if (TryTake("->"))
                {
                    target = Operand();
                }
                else if (Dialect == 2)
                {
                    throw Unexpected("'->'");
                }

                Expect(";");
                return new MeasureStatement(token.Start, source, target);
            case "reset":
                Advance();
                var operand = Operand();
                Expect(";");
                return new ResetStatement(token.Start, operand);
            case "barrier":
                Advance();
                var operands = Is(";") && Dialect == 3 ? [] : Operands();
                Expect(";");
                return new BarrierStatement(token.Start, operands);
            case "if":
                return If(token);
        }

        return Dialect == 3 && Statement3(token, name) is { } statement ? statement : GateCallOrAssignment(token, name);
    }

    private GateDeclaration GateDeclaration(Token token)
    {
        Advance();
        var name = Identifier();
        var parameters = new List<string>();
        if (TryTake("("))
        {
            parameters = Names(")");
            Expect(")");
        }

        var qubits = Names("{");
        if (qubits.Count == 0)
        {
            throw Unexpected("the names of the gate's qubits");
        }

        var all = parameters.Concat(qubits).ToList();
        if (all.Distinct().Count() != all.Count)
        {
            throw Error(OpenQasmCodes.Redeclared, token, $"Gate '{name}' has two parameters or qubits of the same name.", "Give each its own name.");
        }

        var body = Block(true);
        var stray = body.Find(s => s is not (GateCall or BarrierStatement or ForStatement or AnnotationStatement));
        if (stray is not null)
        {
            _report(Error(OpenQasmCodes.NotAllowedHere, stray.Start, 1, $"Gate '{name}' holds a statement that is not a gate.", "Gate bodies hold gates only; use 'def' for the rest."));
            body.Remove(stray);
        }

        return new GateDeclaration(token.Start, name, parameters, qubits, body);
    }

    private IfStatement If(Token token)
    {
        Advance();
        Expect("(");
        var condition = Expression();
        Expect(")");
        if (Dialect == 2)
        {
            if (condition is not BinaryNode { Operator: "==", Right: NumberNode { Value.Kind: ClassicalKind.Int } } test
                || !(test.Left is NameNode || (_options.Lenient && test.Left is IndexNode)))
            {
                throw Error(OpenQasmCodes.WrongDialect, condition.Start, 1, "OpenQASM 2 compares a whole register with a non-negative integer.", "Write if (c == 1), use OpenQASM 3, or read with Lenient.");
            }

            if (Is("{") || IsName("if") || IsName("gate") || IsName("qreg") || IsName("creg"))
            {
                throw Error(OpenQasmCodes.WrongDialect, _token, "In OpenQASM 2 'if' takes one quantum operation.", "Repeat the condition for each operation, or use OpenQASM 3.");
            }
        }

        var then = Body();
        List<Statement>? otherwise = null;
        if (Dialect == 3 && IsName("else"))
        {
            Advance();
            otherwise = Body();
        }

        return new IfStatement(token.Start, condition, then, otherwise);
    }

    private Statement GateCallOrAssignment(Token token, string name)
    {
        var modifiers = new List<Modifier>();
        while (Dialect == 3 && Text(_token) is "ctrl" or "negctrl" or "inv" or "pow")
        {
            var start = _token.Start;
            var modifier = Text(_token);
            Advance();
            Expression? argument = null;
            if (TryTake("("))
            {
                argument = Expression();
                Expect(")");
            }

            Expect("@");
            CountOperator(start);
            modifiers.Add(new Modifier(start, modifier, argument));
        }

        if (modifiers.Count == 0 && Dialect == 3)
        {
            if (AssignmentOrCall(token) is { } statement)
            {
                return statement;
            }
        }

        var nameStart = _token.Start;
        var gate = Text(_token);
        if (gate is "measure" or "reset" or "barrier" || _token.Kind != TokenKind.Name)
        {
            throw Error(OpenQasmCodes.NotAllowedHere, _token, "Modifiers apply to gates.", "Remove the modifier.");
        }

        Advance();
        var parameters = new List<Expression>();
        if (TryTake("("))
        {
            parameters = List(")", Expression);
            Expect(")");
        }

        if (TryTake("["))
        {
            // A duration of the gate: timing has no effect.
            Expression();
            Expect("]");
        }

        var operands = Is(";") ? [] : Operands();
        Expect(";");
        return new GateCall(modifiers.Count > 0 ? token.Start : nameStart, gate, modifiers, parameters, operands);
    }

    private List<Expression> Operands()
    {
        var operands = new List<Expression> { Operand() };
        while (TryTake(","))
        {
            if (Is(";") && Dialect == 3)
            {
                break;
            }

            operands.Add(Operand());
        }

        return operands;
    }

    private Expression Operand()
    {
        var token = _token;
        if (token.Kind == TokenKind.Physical)
        {
            Advance();
            return Lexer.TryInteger(_lexer.Source.AsSpan(token.Start + 1, token.Length - 1), out var number) && number < _options.MaxBits
                ? new PhysicalQubitNode(token.Start, (int)number)
                : throw Error(OpenQasmCodes.IndexRange, token, $"The physical qubit '{Text(token)}' is too far.", $"At most {_options.MaxBits} qubits are supported.");
        }

        return Indexed(new NameNode(token.Start, Identifier()));
    }

    // An error in one statement is reported here, so that the rest of the block is read as what it is.
    private List<Statement> Block(bool inGate = false)
    {
        Expect("{");
        var body = new List<Statement>();
        var depth = _depth;
        while (!TryTake("}"))
        {
            if (AtEnd)
            {
                throw Unexpected("'}'");
            }

            try
            {
                if (ReadStatement(inGate) is { } statement)
                {
                    body.Add(statement);
                }
            }
            catch (SyntaxException exception) when (!exception.IsFatal && !AtEnd)
            {
                _report(exception);
                _depth = depth;
                RecoverInBlock();
            }
        }

        return body;
    }

    private List<Statement> Body()
    {
        if (Is("{"))
        {
            return Block();
        }

        return ReadStatement() is { } statement ? [statement] : [];
    }

    private List<string> Names(string close)
    {
        var names = new List<string>();
        while (!Is(close))
        {
            names.Add(Identifier());
            if (!TryTake(",") || (Is(close) && Dialect == 3))
            {
                break;
            }
        }

        return names;
    }

    private List<T> List<T>(string close, Func<T> item)
    {
        var items = new List<T>();
        while (!Is(close))
        {
            items.Add(item());
            if (!TryTake(",") || (Is(close) && Dialect == 3))
            {
                break;
            }
        }

        return items;
    }
}

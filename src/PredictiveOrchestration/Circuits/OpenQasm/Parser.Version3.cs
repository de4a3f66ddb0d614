namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Statements of OpenQASM 3 only.</content>
internal sealed partial class Parser
{
    private Statement? Statement3(Token token, string name)
    {
        switch (name)
        {
            case "qubit":
                Advance();
                Expression? size = OptionalSize();
                var qubits = Identifier();
                Expect(";");
                return new QubitDeclaration(token.Start, qubits, size);
            case "const" or "input" or "output":
                Advance();
                return Declaration(token.Start, name == "const", name == "const" ? null : name);
            case "let":
                Advance();
                var alias = Identifier();
                Expect("=");
                var value = Expression();
                Expect(";");
                return new AliasDeclaration(token.Start, alias, value);
            case "for":
                return For(token);
            case "while":
                Advance();
                Expect("(");
                var condition = Expression();
                Expect(")");
                return new WhileStatement(token.Start, condition, Body());
            case "switch":
                return Switch(token);
            case "def":
                return Subroutine(token);
            case "return":
                Advance();
                var result = Is(";") ? null : MeasureOrExpression();
                Expect(";");
                return new ReturnStatement(token.Start, result);
            case "break" or "continue" or "end":
                Advance();
                Expect(";");
                return new JumpStatement(token.Start, name);
            case "extern":
                Advance();
                var function = Identifier();
                SkipTo(";");
                return new IgnoredStatement(token.Start, function, null);
            case "defcalgrammar":
                SkipTo(";");
                return new IgnoredStatement(token.Start, name, OpenQasmCodes.CalibrationIgnored);
            case "cal" or "defcal":
                SkipBraces();
                return new IgnoredStatement(token.Start, name, OpenQasmCodes.CalibrationIgnored);
            case "delay":
                SkipTo(";");
                return new IgnoredStatement(token.Start, name, OpenQasmCodes.TimingIgnored);
            case "duration" or "stretch":
                SkipTo(";");
                return new IgnoredStatement(token.Start, name, OpenQasmCodes.TimingIgnored);
            case "box":
                Advance();
                OptionalSize();
                return new BlockStatement(token.Start, Block());
            case "nop":
                SkipTo(";");
                return new IgnoredStatement(token.Start, name, OpenQasmCodes.TimingIgnored);
        }

        return TypeNames.Contains(name) ? Declaration(token.Start, false, null) : null;
    }

    private ClassicalDeclaration Declaration(int start, bool isConst, string? direction)
    {
        var type = Type();
        var nameToken = _token;
        var name = Identifier();
        Expression? value = null;
        if (TryTake("="))
        {
            if (direction == "input")
            {
                throw Error(OpenQasmCodes.NotAllowedHere, nameToken, $"The input '{name}' has an initial value.", "Inputs get their value from OpenQasmReaderOptions.Inputs.");
            }

            value = MeasureOrExpression();
        }
        else if (isConst)
        {
            throw Unexpected("'=' and the constant's value");
        }

        Expect(";");
        return new ClassicalDeclaration(start, type, name, value, isConst, direction);
    }

    private TypeNode Type()
    {
        var token = _token;
        var name = Text(token);
        if (token.Kind == TokenKind.Name && name is "readonly" or "mutable")
        {
            Advance();
            return Type();
        }

        if (token.Kind != TokenKind.Name || !(TypeNames.Contains(name) || name is "qubit" or "creg" or "qreg"))
        {
            throw Unexpected("a type");
        }

        Advance();
        if (name == "array")
        {
            Expect("[");
            var element = Type();
            var dimensions = new List<Expression>();
            while (TryTake(","))
            {
                dimensions.Add(Expression());
            }

            Expect("]");
            return new TypeNode(token.Start, name, null, element, dimensions);
        }

        if (name == "complex")
        {
            throw Error(OpenQasmCodes.Unsupported, token, "Complex numbers are not supported.", "Use two floats.");
        }

        return new TypeNode(token.Start, name, OptionalSize());
    }

    private Expression? OptionalSize()
    {
        if (!TryTake("["))
        {
            return null;
        }

        var size = Expression();
        Expect("]");
        return size;
    }

    private ForStatement For(Token token)
    {
        Advance();
        var type = Type();
        var name = Identifier();
        if (!IsName("in"))
        {
            throw Unexpected("'in'");
        }

        Advance();
        Expression values;
        if (TryTake("["))
        {
            values = RangeOrExpression();
            Expect("]");
        }
        else
        {
            values = Expression();
        }

        return new ForStatement(token.Start, type, name, values, Body());
    }

    private SwitchStatement Switch(Token token)
    {
        Advance();
        Expect("(");
        var value = Expression();
        Expect(")");
        Expect("{");
        var cases = new List<(List<Expression>, List<Statement>)>();
        List<Statement>? otherwise = null;
        while (!TryTake("}"))
        {
            if (IsName("case"))
            {
                Advance();
                var labels = List("{", Expression);
                cases.Add((labels, Block()));
            }
            else if (IsName("default") && otherwise is null)
            {
                Advance();
                otherwise = Block();
            }
            else
            {
                throw Unexpected("'case', 'default' or '}'");
            }
        }

        return new SwitchStatement(token.Start, value, cases, otherwise);
    }

    private SubroutineDeclaration Subroutine(Token token)
    {
        Advance();
        var name = Identifier();
        Expect("(");
        var parameters = List(")", () => (Type: Type(), Name: Identifier()));
        Expect(")");
        TypeNode? returns = null;
        if (TryTake("->"))
        {
            returns = Type();
        }

        return new SubroutineDeclaration(token.Start, name, parameters, returns, Block());
    }

    // `target = value;`, `target += value;`, `call(…);`, or null with nothing consumed if it is a gate.
    private Statement? AssignmentOrCall(Token token)
    {
        var position = _lexer.Position;
        var target = Indexed(new NameNode(token.Start, Identifier()));

        if (_token.Kind == TokenKind.Symbol && Text(_token) is "=" or "+=" or "-=" or "*=" or "/=" or "%=" or "^=" or "|=" or "&=" or "<<=" or ">>=" or "**=" or "~=")
        {
            var symbol = Text(_token);
            Advance();
            var value = MeasureOrExpression();
            Expect(";");
            return new AssignmentStatement(token.Start, target, symbol, value);
        }

        if (target is NameNode { Name: not "gphase" } function && TryTake("("))
        {
            var arguments = List(")", Expression);
            Expect(")");
            if (TryTake(";"))
            {
                return new ExpressionStatement(token.Start, new CallNode(token.Start, function.Name, arguments));
            }
        }

        _lexer.Position = position;
        _token = token;
        return null;
    }

    private Expression MeasureOrExpression()
    {
        if (!IsName("measure"))
        {
            return Expression();
        }

        var start = _token.Start;
        Advance();
        return new MeasureNode(start, Operand());
    }

    private void SkipBraces()
    {
        SkipTo("{");
        for (var depth = 1; depth > 0; Advance())
        {
            if (AtEnd)
            {
                throw Unexpected("'}'");
            }

            depth += Is("{") ? 1 : Is("}") ? -1 : 0;
        }
    }
}

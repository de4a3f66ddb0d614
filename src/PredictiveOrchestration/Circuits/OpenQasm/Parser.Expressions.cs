using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Expressions, by precedence climbing.</content>
internal sealed partial class Parser
{
    private const int MaxOperators = 2000;
    private int _operators;

    private Expression Expression() => Expression(0);

    private Expression Expression(int minimum)
    {
        if (++_depth > _options.MaxDepth)
        {
            throw TooDeep(_token.Start);
        }

        try
        {
            var left = Unary();
            while (Precedence(out var symbol) is var precedence && precedence > 0 && precedence >= minimum)
            {
                // Left-associative chains grow deep trees without deep recursion here; they are bounded all the same.
                CountOperator(_token.Start);
                var start = _token.Start;
                Advance();
                var isPower = symbol is "**" || (symbol == "^" && Dialect == 2);
                left = new BinaryNode(start, isPower ? "**" : symbol, left, Expression(isPower ? precedence : precedence + 1));
            }

            return left;
        }
        finally
        {
            _depth--;
        }
    }

    private void CountOperator(int start)
    {
        if (++_operators > MaxOperators)
        {
            throw Error(OpenQasmCodes.TooDeep, start, 1, $"The statement has more than {MaxOperators} operators or modifiers.", "Break it up.");
        }
    }

    private int Precedence(out string symbol)
    {
        symbol = _token.Kind == TokenKind.Symbol ? Text(_token) : string.Empty;
        return symbol switch
        {
            "||" => 1,
            "&&" => 2,
            "|" => 3,
            "^" => Dialect == 2 ? 12 : 4,
            "&" => 5,
            "==" or "!=" => 6,
            "<" or ">" or "<=" or ">=" => 7,
            "<<" or ">>" => 8,
            "+" or "-" or "++" => 9,
            "*" or "/" or "%" => 10,
            "**" => 12,
            _ => 0,
        };
    }

    private Expression Unary()
    {
        if (_token.Kind == TokenKind.Symbol && Text(_token) is "-" or "+" or "!" or "~")
        {
            var start = _token.Start;
            var symbol = Text(_token);
            Advance();

            // A sign binds looser than a power: -2 ** 2 is -4.
            var operand = Expression(11);
            return symbol == "+" ? operand : new UnaryNode(start, symbol, operand);
        }

        return Indexed(Primary());
    }

    private Expression Primary()
    {
        var token = _token;
        switch (token.Kind)
        {
            case TokenKind.Integer:
                Advance();
                return Lexer.TryInteger(_lexer.Source.AsSpan(token.Start, token.Length), out var integer)
                    ? new NumberNode(token.Start, ClassicalValue.Of(integer))
                    : throw Error(OpenQasmCodes.BadNumber, token, $"The integer '{Text(token)}' is malformed or beyond 64 bits.", "Use a smaller number.");
            case TokenKind.Real:
                Advance();
                return double.TryParse(Text(token).Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
                    ? new NumberNode(token.Start, ClassicalValue.Of(real))
                    : throw Error(OpenQasmCodes.BadNumber, token, $"The number '{Text(token)}' is malformed or out of range.", "Use a finite number.");
            case TokenKind.Duration:
                Advance();
                return new DurationNode(token.Start);
            case TokenKind.String:
                Advance();
                var bits = _lexer.Source[(token.Start + 1)..(token.End - 1)].Replace("_", "", StringComparison.Ordinal);
                return bits.Length > 0 && bits.All(c => c is '0' or '1')
                    ? new BitStringNode(token.Start, bits)
                    : throw Error(OpenQasmCodes.UnexpectedToken, token, $"{Text(token)} is not a string of bits.", "Use '0', '1' and '_' only.");
            case TokenKind.Physical:
                return Operand();
            case TokenKind.Symbol when TryTake("("):
                var inner = Expression();
                Expect(")");
                return inner;
            case TokenKind.Symbol when Is("{"):
                Require3("A list");
                return Set();
            case TokenKind.Name:
                return Named(token);
            default:
                throw Unexpected("an expression");
        }
    }

    private Expression Named(Token token)
    {
        var name = Text(token);
        if (Dialect == 3 && name == "measure")
        {
            throw Error(OpenQasmCodes.NotAllowedHere, token, "A measurement cannot be part of an expression.", "Assign it to a bit first.");
        }

        if (Dialect == 3 && TypeNames.Contains(name))
        {
            var type = Type();
            Expect("(");
            var operand = Expression();
            Expect(")");
            return new CastNode(token.Start, type, operand);
        }

        Advance();
        if (Is("("))
        {
            Advance();
            var arguments = List(")", Expression);
            Expect(")");
            return new CallNode(token.Start, name, arguments);
        }

        return new NameNode(token.Start, name);
    }

    private Expression Indexed(Expression target)
    {
        for (var depth = 1; Is("["); depth++)
        {
            target = depth <= _options.MaxDepth ? Index(target) : throw TooDeep(_token.Start);
        }

        return target;
    }

    private IndexNode Index(Expression target)
    {
        Expect("[");
        List<Expression> items;
        if (Is("{"))
        {
            Require3("An index set");
            items = [Set()];
        }
        else
        {
            items = List("]", RangeOrExpression);
        }

        if (items.Count == 0)
        {
            throw Unexpected("an index");
        }

        Expect("]");
        return new IndexNode(target.Start, target, items);
    }

    private SetNode Set()
    {
        var start = _token.Start;
        if (++_depth > _options.MaxDepth)
        {
            throw TooDeep(start);
        }

        Expect("{");
        var items = List("}", Expression);
        Expect("}");
        _depth--;
        return new SetNode(start, items);
    }

    private Expression RangeOrExpression()
    {
        var start = _token.Start;
        var first = Is(":") ? null : Expression();
        if (!Is(":"))
        {
            return first!;
        }

        Require3("A range");
        Advance();
        var second = Is("]") || Is(":") ? null : Expression();
        if (!TryTake(":"))
        {
            return new RangeNode(start, first, null, second);
        }

        var third = Is("]") ? null : Expression();
        return new RangeNode(start, first, second, third);
    }
}

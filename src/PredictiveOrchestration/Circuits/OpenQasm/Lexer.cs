using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>Cuts a source into tokens, one at a time; holds nothing but a position.</summary>
internal sealed class Lexer(string source)
{
    private static readonly string[] Symbols =
    [
        "**=", "<<=", ">>=", "->", "==", "!=", "<=", ">=", "&&", "||", "++", "**", "<<", ">>", "+=", "-=", "*=", "/=", "%=", "^=", "|=", "&=", "~=",
    ];

    private static readonly string[] Units = ["ns", "us", "ms", "dt", "µs", "μs", "s"];

    public int Position { get; set; }

    /// <summary>Whether block comments are an error (OpenQASM 2).</summary>
    public bool ForbidBlockComments { get; set; }

    /// <summary>Whether characters without a meaning are a token of their own instead of an error.</summary>
    public bool IsRecovering { get; set; }

    public string Source => source;

    public Token Next()
    {
        SkipSpace();
        if (Position >= source.Length)
        {
            return new Token(TokenKind.End, source.Length, 0);
        }

        var start = Position;
        var c = source[start];
        if (IsNameStart(c))
        {
            return Name(start);
        }

        if (char.IsAsciiDigit(c) || (c == '.' && start + 1 < source.Length && char.IsAsciiDigit(source[start + 1])))
        {
            return Number(start);
        }

        switch (c)
        {
            case '"' or '\'':
                var close = source.IndexOf(c, start + 1);
                var lineEnd = source.IndexOf('\n', start);
                if (close < 0 || (lineEnd >= 0 && lineEnd < close))
                {
                    if (IsRecovering)
                    {
                        return Invalid(start, lineEnd < 0 ? source.Length : lineEnd);
                    }

                    throw new SyntaxException(OpenQasmCodes.Unterminated, start, (lineEnd < 0 ? source.Length : lineEnd) - start, "A string is not closed.", $"Close it with {c} on the same line.");
                }

                Position = close + 1;
                return new Token(TokenKind.String, start, close + 1 - start);
            case '$':
                var end = start + 1;
                while (end < source.Length && char.IsAsciiDigit(source[end]))
                {
                    end++;
                }

                Position = end;
                return end > start + 1 ? new Token(TokenKind.Physical, start, end - start)
                    : IsRecovering ? Invalid(start, end)
                    : throw new SyntaxException(OpenQasmCodes.UnexpectedCharacter, start, 1, "'$' is not followed by a number.", "Physical qubits are written $0, $1, ….");
            case '@' when AtLineStart(start):
                return RestOfLine(TokenKind.Annotation, start);
            case '#':
                return RestOfLine(TokenKind.Pragma, start);
        }

        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(source, start, symbol, 0, symbol.Length) == 0)
            {
                Position = start + symbol.Length;
                return new Token(TokenKind.Symbol, start, symbol.Length);
            }
        }

        if ("()[]{},;:=+-*/%^&|~!<>@.".Contains(c, StringComparison.Ordinal))
        {
            Position = start + 1;
            return new Token(TokenKind.Symbol, start, 1);
        }

        Position = start + 1;
        return IsRecovering
            ? Invalid(start, start + 1)
            : throw new SyntaxException(OpenQasmCodes.UnexpectedCharacter, start, 1, $"The character {(char.IsControl(c) || char.IsSurrogate(c) || c == '\uFFFD' ? $"U+{(int)c:X4}" : $"'{c}'")} has no meaning here.", "Remove it; sources are UTF-8 text.");
    }

    private Token Invalid(int start, int end)
    {
        Position = end;
        return new Token(TokenKind.Invalid, start, end - start);
    }

    public static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || (c > 127 && (char.IsLetter(c) || c == 'ℇ'));

    public static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || (c > 127 && (char.IsLetterOrDigit(c) || c == 'ℇ'));

    private void SkipSpace()
    {
        while (Position < source.Length)
        {
            var c = source[Position];
            if (c is ' ' or '\n' or '\r' or '\t' or '\uFEFF')
            {
                Position++;
            }
            else if (c == '/' && Position + 1 < source.Length && source[Position + 1] == '/')
            {
                var end = source.IndexOf('\n', Position);
                Position = end < 0 ? source.Length : end + 1;
            }
            else if (c == '/' && Position + 1 < source.Length && source[Position + 1] == '*')
            {
                var start = Position;
                var end = source.IndexOf("*/", start + 2, StringComparison.Ordinal);
                Position = end < 0 ? source.Length : end + 2;
                if (end < 0 && !IsRecovering)
                {
                    throw new SyntaxException(OpenQasmCodes.Unterminated, start, 2, "A comment is not closed.", "Close it with */.");
                }

                if (ForbidBlockComments && !IsRecovering)
                {
                    throw new SyntaxException(OpenQasmCodes.WrongDialect, start, 2, "Block comments belong to OpenQASM 3.", "Use // in OpenQASM 2, or read with Lenient.");
                }
            }
            else
            {
                return;
            }
        }
    }

    private Token Name(int start)
    {
        var end = start + 1;
        while (end < source.Length && IsNamePart(source[end]))
        {
            end++;
        }

        Position = end;
        var text = source.AsSpan(start, end - start);
        return text.SequenceEqual("pragma") ? RestOfLine(TokenKind.Pragma, start) : new Token(TokenKind.Name, start, end - start);
    }

    private Token Number(int start)
    {
        var end = start;
        if (source[start] == '0' && start + 1 < source.Length && char.ToLowerInvariant(source[start + 1]) is 'x' or 'b' or 'o')
        {
            end = start + 2;
            while (end < source.Length && (char.IsAsciiHexDigit(source[end]) || source[end] == '_'))
            {
                end++;
            }

            Position = end;
            return new Token(TokenKind.Integer, start, end - start);
        }

        var real = false;
        Digits(ref end);
        if (end < source.Length && source[end] == '.')
        {
            real = true;
            end++;
            Digits(ref end);
        }

        if (end < source.Length && source[end] is 'e' or 'E')
        {
            var exponent = end + 1;
            if (exponent < source.Length && source[exponent] is '+' or '-')
            {
                exponent++;
            }

            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                real = true;
                end = exponent;
                Digits(ref end);
            }
        }

        Position = end;
        foreach (var unit in Units)
        {
            if (string.CompareOrdinal(source, end, unit, 0, unit.Length) == 0 && (end + unit.Length == source.Length || !IsNamePart(source[end + unit.Length])))
            {
                Position = end + unit.Length;
                return new Token(TokenKind.Duration, start, Position - start);
            }
        }

        if (end < source.Length && IsNameStart(source[end]))
        {
            if (IsRecovering)
            {
                return Invalid(start, end + 1);
            }

            throw new SyntaxException(OpenQasmCodes.BadNumber, start, end + 1 - start, $"The number '{source[start..end]}' is followed directly by '{source[end]}'.", "Separate them by a space or an operator.");
        }

        return new Token(real ? TokenKind.Real : TokenKind.Integer, start, end - start);
    }

    private void Digits(ref int end)
    {
        while (end < source.Length && (char.IsAsciiDigit(source[end]) || (source[end] == '_' && end + 1 < source.Length && char.IsAsciiDigit(source[end + 1]))))
        {
            end++;
        }
    }

    private Token RestOfLine(TokenKind kind, int start)
    {
        var end = source.IndexOf('\n', start);
        Position = end < 0 ? source.Length : end;
        var length = source.AsSpan(start, Position - start).TrimEnd().Length;
        return new Token(kind, start, length);
    }

    private bool AtLineStart(int position)
    {
        while (position > 0 && source[position - 1] is ' ' or '\t')
        {
            position--;
        }

        return position == 0 || source[position - 1] == '\n';
    }

    /// <summary>Reads an integer token.</summary>
    public static bool TryInteger(ReadOnlySpan<char> text, out long value)
    {
        var digits = text.ToString().Replace("_", "", StringComparison.Ordinal);
        if (digits.Length > 2 && digits[0] == '0' && char.IsAsciiLetter(digits[1]))
        {
            var radix = char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'b' => 2, _ => 8 };
            return TryRadix(digits.AsSpan(2), radix, out value);
        }

        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static bool TryRadix(ReadOnlySpan<char> digits, int radix, out long value)
    {
        value = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.ToLowerInvariant(c) - 'a' + 10;
            if (digit >= radix || value > (long.MaxValue - digit) / radix)
            {
                return false;
            }

            value = value * radix + digit;
        }

        return true;
    }
}

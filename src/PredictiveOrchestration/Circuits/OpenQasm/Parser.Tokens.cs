using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <content>Tokens, and the errors about them.</content>
internal sealed partial class Parser
{
    private string Identifier()
    {
        if (_token.Kind != TokenKind.Name)
        {
            throw Unexpected("a name");
        }

        var name = Text(_token);
        if (IsStrict2 && !char.IsAsciiLetterLower(name[0]) && name is not ("U" or "CX"))
        {
            throw Error(OpenQasmCodes.WrongDialect, _token, $"The name '{name}' does not begin with a lower-case letter.", "OpenQASM 2 names do; rename it or read with Lenient.");
        }

        Advance();
        return name;
    }

    private void SkipTo(string symbol)
    {
        while (!Is(symbol))
        {
            if (AtEnd)
            {
                throw Unexpected($"'{symbol}'");
            }

            Advance();
        }

        Advance();
    }

    private void Require3(string what)
    {
        if (Dialect == 2)
        {
            throw Error(OpenQasmCodes.WrongDialect, _token, $"{what} belongs to OpenQASM 3.", "Begin the file with OPENQASM 3.0;");
        }
    }

    private bool Is(string symbol) =>
        _token.Kind == TokenKind.Symbol && _token.Length == symbol.Length && string.CompareOrdinal(_lexer.Source, _token.Start, symbol, 0, symbol.Length) == 0;

    private bool IsName(string name) => _token.Kind == TokenKind.Name && _lexer.Source.AsSpan(_token.Start, _token.Length).SequenceEqual(name);

    private bool TryTake(string symbol)
    {
        if (!Is(symbol))
        {
            return false;
        }

        Advance();
        return true;
    }

    private void Expect(string symbol)
    {
        if (Is(symbol))
        {
            Advance();
            return;
        }

        // A missing semicolon is shown where it belongs: behind the token before.
        throw symbol == ";"
            ? Error(OpenQasmCodes.UnexpectedToken, Math.Max(0, _previousEnd - 1), 1, $"';' is missing before {Show(_token)}.", "End the statement with ';'.")
            : Unexpected($"'{symbol}'");
    }

    private string Text(Token token) => _lexer.Source.Substring(token.Start, token.Length);

    private string Show(Token token) => token.Kind == TokenKind.End ? "the end of the source" : $"'{(token.Length > 40 ? Text(token)[..40] + "…" : Text(token))}'";

    private SyntaxException Unexpected(string expected) =>
        Error(OpenQasmCodes.UnexpectedToken, _token, $"{Show(_token)} stands where {expected} is expected.", $"Write {expected} here.");

    private static SyntaxException Error(string code, Token token, string message, string remedy) =>
        new(code, token.Start, Math.Max(1, token.Length), message, remedy);

    private static SyntaxException Error(string code, int start, int length, string message, string remedy) => new(code, start, length, message, remedy);

    private SyntaxException TooDeep(int start) => new(
        OpenQasmCodes.TooDeep, start, 1, $"Nesting is deeper than {_options.MaxDepth.ToString(CultureInfo.InvariantCulture)}.", "Simplify, or raise OpenQasmReaderOptions.MaxDepth.");
}

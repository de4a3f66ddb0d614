using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>
/// Reads OpenQASM 2.0 and 3. Loops, branches, gate definitions and subroutines unroll as far as they do not depend on measurement
/// results; the rest becomes run-time control flow of the circuit. All errors of a source are collected. Thread-safe.
/// </summary>
public static class OpenQasmReader
{
    /// <summary>Reads a source text.</summary>
    /// <param name="source">The text.</param>
    /// <param name="options">Limits, inputs and choices; null for the defaults.</param>
    /// <param name="fileName">The name shown in diagnostics, and the circuit's name without its extension.</param>
    /// <returns>The circuit, or errors.</returns>
    public static OpenQasmReadResult Read(string source, OpenQasmReaderOptions? options = null, string? fileName = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new Reading(source, options ?? OpenQasmReaderOptions.Default, fileName ?? string.Empty).Run();
    }

    /// <summary>Reads a file (UTF-8, or as its byte-order mark says).</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits, inputs and choices; null for the defaults.</param>
    /// <param name="cancellationToken">Stops reading the file.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static async Task<OpenQasmReadResult> ReadFileAsync(string path, OpenQasmReaderOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= OpenQasmReaderOptions.Default;
        var name = Path.GetFileName(path);
        return new FileInfo(path).Length > 4L * options.MaxSourceLength
            ? new OpenQasmReadResult(null, [TooLong(name, options)])
            : Read(await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false), options, name);
    }

    private static OpenQasmDiagnostic TooLong(string name, OpenQasmReaderOptions options) => new(
        OpenQasmCodes.TooLong, DiagnosticSeverity.Error, $"The source is longer than {options.MaxSourceLength} characters.", "Raise OpenQasmReaderOptions.MaxSourceLength.", name, 1, 1, string.Empty);

    private sealed class Reading(string source, OpenQasmReaderOptions options, string fileName)
    {
        private readonly List<OpenQasmDiagnostic> _diagnostics = [];
        private int _errors;
        private bool _stopped;
        private int _knownLine = 1;
        private int _knownLineStart;

        public OpenQasmReadResult Run()
        {
            if (source.Length > options.MaxSourceLength)
            {
                return new OpenQasmReadResult(null, [TooLong(fileName, options)]);
            }

            var builder = new CircuitBuilder(Path.GetFileNameWithoutExtension(fileName));
            var parser = new Parser(new Lexer(source), options, Report);
            try
            {
                ReadAll(parser, builder);
            }
            catch (SyntaxException)
            {
                // There were too many errors; the last one says so.
            }

            return new OpenQasmReadResult(_errors > 0 ? null : builder.Build(), _diagnostics);
        }

        private void ReadAll(Parser parser, CircuitBuilder builder)
        {
            try
            {
                parser.ReadVersion();
            }
            catch (SyntaxException exception)
            {
                Report(exception);
                parser.Recover();
            }

            var interpreter = new Interpreter(builder, options, parser.Dialect, Warn, Report);
            var flat = new FlatGates(parser, interpreter, builder, source);
            var statements = 0;
            while (!parser.AtEnd && !_stopped)
            {
                try
                {
                    statements++;
                    if (!interpreter.Ended)
                    {
                        flat.Run();
                    }

                    if (parser.AtEnd)
                    {
                        break;
                    }

                    var begun = parser.Current.Start;
                    if (parser.ReadStatement() is { } statement && !interpreter.Ended)
                    {
                        Execute(interpreter, statement, parser.PreviousEnd - begun);
                    }
                }
                catch (SyntaxException exception)
                {
                    Report(exception);
                    if (exception.IsFatal)
                    {
                        break;
                    }

                    parser.Recover();
                }
            }

            if (statements == 0 && _errors == 0)
            {
                Report(new SyntaxException(OpenQasmCodes.Empty, 0, 0, "The source holds no statement.", "Declare at least one register."));
            }

        }

        // An error while executing is one in a statement that was read to its end: reading goes on behind it.
        private void Execute(Interpreter interpreter, Statement statement, int length)
        {
            try
            {
                interpreter.Run(statement, length);
            }
            catch (SyntaxException exception) when (!exception.IsFatal)
            {
                Report(exception);
            }
            catch (CircuitException exception)
            {
                Report(new SyntaxException(OpenQasmCodes.NotAllowedHere, statement.Start, 1, exception.Message, "Change the statement."));
            }
        }

        private void Warn(string code, int start, string message, string remedy)
        {
            if (_diagnostics.Count < 1000)
            {
                _diagnostics.Add(Diagnose(code, DiagnosticSeverity.Warning, start, 1, message, remedy));
            }
        }

        private void Report(SyntaxException exception)
        {
            if (exception.IsReported)
            {
                return;
            }

            exception.IsReported = true;
            _errors++;
            _diagnostics.Add(Diagnose(exception.Code, DiagnosticSeverity.Error, exception.Start, exception.Length, exception.Message, exception.Remedy));
            if (_errors >= options.MaxErrors && !_stopped)
            {
                _stopped = true;
                var stop = new SyntaxException(OpenQasmCodes.TooManyErrors, exception.Start, 1, $"Reading stopped after {options.MaxErrors} errors.", "Mend these first.");
                Report(stop);
                throw stop;
            }
        }

        private OpenQasmDiagnostic Diagnose(string code, DiagnosticSeverity severity, int start, int length, string message, string remedy)
        {
            start = Math.Min(start, source.Length);
            if (start < _knownLineStart)
            {
                (_knownLine, _knownLineStart) = (1, 0);
            }

            // Lines are counted on from the last finding: findings mostly come in the order of the source.
            var between = source.AsSpan(_knownLineStart, start - _knownLineStart);
            _knownLine += between.Count('\n');
            _knownLineStart += between.LastIndexOf('\n') + 1;
            var (line, column) = (_knownLine, start - _knownLineStart + 1);
            var rest = source.AsSpan(start);
            var lineEnd = rest.IndexOf('\n');
            rest = lineEnd < 0 ? rest : rest[..lineEnd];

            // A position inside a statement shows the statement's rest; long lines are cut.
            var text = length > 1 ? rest[..Math.Min(length, rest.Length)] : rest;
            return new OpenQasmDiagnostic(code, severity, Clip(message), Clip(remedy), fileName, line, column, text[..Math.Min(text.Length, 80)].TrimEnd().ToString());
        }

        // Names and numbers in the source may be of any length.
        private static string Clip(string text) => text.Length <= 400 ? text : $"{text[..200]}…{text[^190..]}";
    }

    /// <summary>
    /// The fast path for most of most files: flat statements <c>name(numbers) reg[i], reg[j];</c> at the top level, read without
    /// tokens or trees. Anything else is left where it begins.
    /// </summary>
    private sealed class FlatGates(Parser parser, Interpreter interpreter, CircuitBuilder builder, string source)
    {
        private readonly Dictionary<string, BuiltInGate?> _gates = new(StringComparer.Ordinal);
        private readonly Dictionary<string, QubitSymbol?> _registers = new(StringComparer.Ordinal);
        private readonly double[] _parameters = new double[4];
        private readonly int[] _qubits = new int[8];
        private string _registerName = string.Empty;
        private QubitSymbol? _register;
        private bool _plainPi;

        public void Run()
        {
            var position = parser.Current.Start;
            var begun = position;
            _gates.Clear();
            _registers.Clear();
            _register = null;
            _plainPi = interpreter.IsFree("pi");
            while (TryStatement(ref position))
            {
            }

            if (position != begun)
            {
                parser.MoveTo(position);
            }
        }

        private bool TryStatement(ref int position)
        {
            var at = position;
            Space(ref at);
            if (!Name(ref at, out var name) || !Find(_gates, name, interpreter.PlainGate, out var gate) || gate.Map != ParameterMap.Same || gate.NumQubits > 8)
            {
                return false;
            }

            for (var i = 0; i < gate.NumParameters; i++)
            {
                if (!Take(ref at, i == 0 ? '(' : ',') || !Product(ref at, out _parameters[i]))
                {
                    return false;
                }
            }

            if (gate.NumParameters > 0 && !Take(ref at, ')'))
            {
                return false;
            }

            for (var i = 0; i < gate.NumQubits; i++)
            {
                if (i > 0 && !Take(ref at, ','))
                {
                    return false;
                }

                Space(ref at);
                if (!Name(ref at, out var registerName) || !FindRegister(registerName, out var register) || !Take(ref at, '[') || !Integer(ref at, out var index) || !Take(ref at, ']') || index >= register.Qubits.Length)
                {
                    return false;
                }

                _qubits[i] = register.Qubits[index];
                if (_qubits.AsSpan(0, i).Contains(_qubits[i]))
                {
                    return false;
                }
            }

            if (!Take(ref at, ';') || gate.NumQubits == 0)
            {
                return false;
            }

            builder.AppendChecked(gate.Gate, gate.Controls, _parameters.AsSpan(0, gate.NumParameters), _qubits.AsSpan(0, gate.NumQubits));
            position = at;
            return true;
        }

        // Most statements name the register of the one before.
        private bool FindRegister(ReadOnlySpan<char> name, [NotNullWhen(true)] out QubitSymbol? register)
        {
            register = _register;
            if (register is not null && name.SequenceEqual(_registerName))
            {
                return true;
            }

            if (!Find(_registers, name, interpreter.PlainQubits, out register))
            {
                return false;
            }

            (_register, _registerName) = (register, name.ToString());
            return true;
        }

        private static bool Find<T>(Dictionary<string, T?> cache, ReadOnlySpan<char> name, Func<string, T?> look, [NotNullWhen(true)] out T? value)
            where T : class
        {
            var lookup = cache.GetAlternateLookup<ReadOnlySpan<char>>();
            if (!lookup.TryGetValue(name, out value))
            {
                var key = name.ToString();
                value = look(key);
                cache.Add(key, value);
            }

            return value is not null;
        }

        private void Space(ref int at)
        {
            while (at < source.Length && source[at] is ' ' or '\n' or '\r' or '\t')
            {
                at++;
            }
        }

        private bool Name(ref int at, out ReadOnlySpan<char> name)
        {
            var start = at;
            if (at < source.Length && char.IsAsciiLetter(source[at]))
            {
                at++;
                while (at < source.Length && (char.IsAsciiLetterOrDigit(source[at]) || source[at] == '_'))
                {
                    at++;
                }
            }

            name = source.AsSpan(start, at - start);
            return at > start;
        }

        private bool Take(ref int at, char c)
        {
            Space(ref at);
            if (at < source.Length && source[at] == c)
            {
                at++;
                return true;
            }

            return false;
        }

        private bool Integer(ref int at, out int value)
        {
            Space(ref at);
            value = 0;
            var start = at;
            while (at < source.Length && char.IsAsciiDigit(source[at]) && at - start < 9)
            {
                value = value * 10 + (source[at++] - '0');
            }

            return at > start;
        }

        // A number or pi, or a product or quotient of them, perhaps with a minus before it: most of all parameters ever written.
        private bool Product(ref int at, out double value)
        {
            var isNegative = Take(ref at, '-');
            if (!Factor(ref at, out value))
            {
                return false;
            }

            while (true)
            {
                var isQuotient = Take(ref at, '/');
                if (!isQuotient && !Take(ref at, '*'))
                {
                    break;
                }

                if (!Factor(ref at, out var factor))
                {
                    return false;
                }

                value = isQuotient ? value / factor : value * factor;
            }

            value = isNegative ? -value : value;
            return double.IsFinite(value);
        }

        private bool Factor(ref int at, out double value)
        {
            Space(ref at);
            if (_plainPi && source.AsSpan(at).StartsWith("pi") && (at + 2 == source.Length || !(char.IsLetterOrDigit(source[at + 2]) || source[at + 2] == '_')))
            {
                at += 2;
                value = Math.PI;
                return true;
            }

            return Number(ref at, out value);
        }

        private bool Number(ref int at, out double value)
        {
            var start = at;
            while (at < source.Length && (char.IsAsciiDigit(source[at]) || source[at] == '.' || source[at] is 'e' or 'E' || (source[at] is '-' or '+' && at > start && source[at - 1] is 'e' or 'E')))
            {
                at++;
            }

            return double.TryParse(source.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
        }
    }
}

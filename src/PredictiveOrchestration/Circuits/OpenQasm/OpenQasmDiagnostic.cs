using System.Globalization;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>How serious a diagnostic is.</summary>
public enum DiagnosticSeverity
{
    /// <summary>Something was accepted and has no effect, such as timing.</summary>
    Warning,

    /// <summary>The source cannot be turned into a circuit.</summary>
    Error,
}

/// <summary>One finding about a source text. Codes are stable; docs/openqasm.md lists them.</summary>
/// <param name="Code">The code, such as <c>OQ2001</c>.</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What would do instead.</param>
/// <param name="File">The file name, or an empty string.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column in UTF-16 units, from 1.</param>
/// <param name="Text">The offending text.</param>
public sealed record OpenQasmDiagnostic(
    string Code, DiagnosticSeverity Severity, string Message, string Remedy, string File, int Line, int Column, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(File.Length == 0 ? "source" : File)}({Line},{Column}): {(Severity == DiagnosticSeverity.Error ? "error" : "warning")} {Code}: {Message} {Remedy}");
}

/// <summary>A source text has errors, or a circuit cannot be written; the message is the first error.</summary>
public sealed class OpenQasmException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="diagnostics">All findings, at least one error.</param>
    public OpenQasmException(IReadOnlyList<OpenQasmDiagnostic> diagnostics)
        : base(Describe(diagnostics)) => Diagnostics = diagnostics;

    /// <summary>Gets all findings.</summary>
    public IReadOnlyList<OpenQasmDiagnostic> Diagnostics { get; }

    private static string Describe(IReadOnlyList<OpenQasmDiagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        var errors = diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
        return errors.Count > 1 ? $"{errors[0]} ({errors.Count - 1} more)" : errors[0].ToString();
    }
}

/// <summary>What reading gave: a circuit, unless there are errors, and all findings.</summary>
/// <param name="Circuit">The circuit, or null if there are errors.</param>
/// <param name="Diagnostics">All findings in the order of the source.</param>
public sealed record OpenQasmReadResult(Circuit? Circuit, IReadOnlyList<OpenQasmDiagnostic> Diagnostics)
{
    /// <summary>Gets a value indicating whether there are no errors.</summary>
    public bool Success => Circuit is not null;

    /// <summary>Gets the circuit.</summary>
    /// <exception cref="OpenQasmException">There are errors; the exception carries them all.</exception>
    public Circuit GetCircuitOrThrow() => Circuit ?? throw new OpenQasmException(Diagnostics);
}

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>Limits and choices of <see cref="OpenQasmReader"/>. The defaults keep any input to about a second and a bounded amount of memory.</summary>
public sealed record OpenQasmReaderOptions
{
    /// <summary>Gets the default options.</summary>
    public static OpenQasmReaderOptions Default { get; } = new();

    /// <summary>Gets the values of OpenQASM 3 <c>input</c> declarations by name; integers, truth values and angles as numbers.</summary>
    public IReadOnlyDictionary<string, double> Inputs { get; init; } = new Dictionary<string, double>();

    /// <summary>Gets the most operations that gate definitions, loops, powers and broadcasting may unroll to; default 5,000,000. Flat statements do not count.</summary>
    public int MaxUnrolledOperations { get; init; } = 5_000_000;

    /// <summary>Gets the most statements and calls that may be executed while unrolling; default 5,000,000.</summary>
    public int MaxSteps { get; init; } = 5_000_000;

    /// <summary>Gets the most qubits, and the most classical bits; default 1,048,576.</summary>
    public int MaxBits { get; init; } = CircuitBuilder.MaxBits;

    /// <summary>Gets the deepest nesting of expressions, blocks and calls; default 128.</summary>
    public int MaxDepth { get; init; } = 128;

    /// <summary>Gets the most errors collected before reading stops; default 100.</summary>
    public int MaxErrors { get; init; } = 100;

    /// <summary>Gets the longest source in characters; default 1,000,000,000.</summary>
    public int MaxSourceLength { get; init; } = 1_000_000_000;

    /// <summary>
    /// Gets a value indicating whether OpenQASM 3's <c>U</c> has no phase of its own (as Qiskit's u) instead of the specification's
    /// e^{iθ/2}; it matters under controls only. Default false.
    /// </summary>
    public bool PhaseFreeU { get; init; }

    /// <summary>
    /// Gets a value indicating whether common departures from OpenQASM 2.0 are accepted: upper-case names, block comments, and <c>if</c> on one bit.
    /// Default false.
    /// </summary>
    public bool Lenient { get; init; }
}

using System.Numerics;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// A gate as data. Matrices are row-major, 2^k × 2^k for k target qubits, and the gate's first qubit is the least significant bit
/// of the row and column index. Controls are not part of a gate: <c>cx</c> is <c>x</c> with one control.
/// </summary>
public sealed class GateDefinition
{
    private readonly MatrixFunction _matrix;
    private readonly Func<ReadOnlySpan<double>, double>? _cliffordDistance;
    private readonly bool _isFixedClifford;

    internal GateDefinition(
        ushort index, string name, int numQubits, int numParameters, MatrixFunction matrix, GateStructure structure,
        GateInverse inverse, string? inverseName, Func<ReadOnlySpan<double>, double>? cliffordDistance, string description)
    {
        Index = index;
        Name = name;
        NumQubits = numQubits;
        NumParameters = numParameters;
        Structure = structure;
        Inverse = inverse;
        InverseName = inverseName;
        Description = description;
        _matrix = matrix;
        _cliffordDistance = cliffordDistance;
        _isFixedClifford = numParameters == 0 && cliffordDistance is not null && cliffordDistance([]) <= 1e-12;
    }

    internal delegate void MatrixFunction(ReadOnlySpan<double> parameters, Span<Complex> matrix);

    /// <summary>Gets the index in the <see cref="GateCatalog"/>.</summary>
    public ushort Index { get; }

    /// <summary>Gets the name, as in OpenQASM where it has one.</summary>
    public string Name { get; }

    /// <summary>Gets the number of target qubits.</summary>
    public int NumQubits { get; }

    /// <summary>Gets the number of real parameters, in radians.</summary>
    public int NumParameters { get; }

    /// <summary>Gets the shape that the matrix has for every parameter value.</summary>
    public GateStructure Structure { get; }

    /// <summary>Gets the one-line mathematical meaning.</summary>
    public string Description { get; }

    internal GateInverse Inverse { get; }

    internal string? InverseName { get; }

    /// <summary>Writes the matrix, row-major.</summary>
    /// <param name="parameters">As many as <see cref="NumParameters"/>, in radians.</param>
    /// <param name="matrix">At least 4^<see cref="NumQubits"/> elements.</param>
    /// <exception cref="ArgumentException">The number of parameters or the room for the matrix is wrong.</exception>
    public void WriteMatrix(ReadOnlySpan<double> parameters, Span<Complex> matrix)
    {
        var size = 1 << (2 * NumQubits);
        if (parameters.Length != NumParameters)
        {
            throw new ArgumentException($"Gate '{Name}' takes {NumParameters} parameters; {parameters.Length} were given.", nameof(parameters));
        }

        if (matrix.Length < size)
        {
            throw new ArgumentException($"The matrix of gate '{Name}' has {size} elements; there is room for {matrix.Length}.", nameof(matrix));
        }

        matrix = matrix[..size];
        matrix.Clear();
        _matrix(parameters, matrix);
    }

    /// <summary>
    /// Tells whether the gate, without controls, is a Clifford gate for these parameters. Angles count as multiples of π/2
    /// (or of what the gate needs) within a relative 1e-12: an angle of 1e-7 is not Clifford.
    /// </summary>
    public bool IsClifford(ReadOnlySpan<double> parameters) =>
        NumParameters == 0 ? _isFixedClifford : _cliffordDistance is not null && _cliffordDistance(parameters) <= 1e-12;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The shape that a gate's matrix has for every parameter value.</summary>
public enum GateStructure : byte
{
    /// <summary>No special shape.</summary>
    Generic,

    /// <summary>Diagonal in the computational basis.</summary>
    Diagonal,

    /// <summary>One non-zero element in every row and column: a permutation of basis states with phases.</summary>
    Monomial,
}

/// <summary>How the inverse of a gate is found.</summary>
internal enum GateInverse : byte
{
    /// <summary>The gate is its own inverse.</summary>
    Self,

    /// <summary>The same gate with every parameter negated.</summary>
    NegateParameters,

    /// <summary>Another gate of the catalogue with the same parameters (none).</summary>
    Named,

    /// <summary>u(θ, φ, λ)⁻¹ = u(-θ, -λ, -φ); a fourth parameter is negated.</summary>
    EulerAngles,

    /// <summary>The adjoint matrix as an arbitrary unitary.</summary>
    Matrix,
}

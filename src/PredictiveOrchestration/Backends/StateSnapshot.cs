using System.Numerics;

namespace PredictiveOrchestration.Backends;

/// <summary>
/// A pure state between two operations of a circuit that has not measured yet. Either dense (2^n amplitudes, qubit 0 the least
/// significant index bit) or sparse (indices and amplitudes of equal length, indices different, in any order). Owns its arrays.
/// </summary>
public sealed class StateSnapshot
{
    private StateSnapshot(int numQubits, int operationIndex, UInt128[]? indices, Complex[] amplitudes)
    {
        NumQubits = numQubits;
        OperationIndex = operationIndex;
        Indices = indices;
        Amplitudes = amplitudes;
    }

    /// <summary>Gets the number of qubits.</summary>
    public int NumQubits { get; }

    /// <summary>Gets the index of the first operation not yet executed.</summary>
    public int OperationIndex { get; }

    /// <summary>Gets the basis index of each amplitude, or null if the state is dense.</summary>
    public UInt128[]? Indices { get; }

    /// <summary>Gets the amplitudes.</summary>
    public Complex[] Amplitudes { get; }

    /// <summary>
    /// Where the engine that wrote it keeps each qubit, if not in the order of their numbers. Draws follow the order of basis states in an engine, so one of the same kind that takes this over
    /// draws the same outcomes.
    /// </summary>
    internal int[]? BitOfQubit { get; init; }

    /// <summary>Gets a value indicating whether all 2^n amplitudes are listed.</summary>
    public bool IsDense => Indices is null;

    /// <summary>Gets the memory held, in bytes.</summary>
    public long SizeBytes => 16L * Amplitudes.Length + 16L * (Indices?.Length ?? 0);

    /// <summary>The same state with the places of the qubits.</summary>
    internal StateSnapshot With(int[]? bitOfQubit) => new(NumQubits, OperationIndex, Indices, Amplitudes) { BitOfQubit = bitOfQubit };

    /// <summary>Wraps a dense state; the array is handed over.</summary>
    /// <exception cref="ArgumentException">The number of amplitudes is not 2^n.</exception>
    public static StateSnapshot Dense(int numQubits, int operationIndex, Complex[] amplitudes)
    {
        ArgumentNullException.ThrowIfNull(amplitudes);
        if (numQubits is < 0 or > 30 || amplitudes.Length != 1 << numQubits)
        {
            throw new ArgumentException($"A dense state of {numQubits} qubits needs 2^{numQubits} amplitudes, at most 2^30; {amplitudes.Length} were given.", nameof(amplitudes));
        }

        return new StateSnapshot(numQubits, operationIndex, null, amplitudes);
    }

    /// <summary>Wraps a sparse state; the arrays are handed over.</summary>
    /// <exception cref="ArgumentException">The arrays differ in length or the number of qubits is outside 0 to 128.</exception>
    public static StateSnapshot Sparse(int numQubits, int operationIndex, UInt128[] indices, Complex[] amplitudes)
    {
        ArgumentNullException.ThrowIfNull(indices);
        ArgumentNullException.ThrowIfNull(amplitudes);
        if (numQubits is < 0 or > 128 || indices.Length != amplitudes.Length)
        {
            throw new ArgumentException($"A sparse state needs 0 to 128 qubits and as many indices as amplitudes; {numQubits} qubits, {indices.Length} indices and {amplitudes.Length} amplitudes were given.", nameof(indices));
        }

        return new StateSnapshot(numQubits, operationIndex, indices, amplitudes);
    }
}

using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// The states of qubits that are on their own, as two amplitudes each: a gate on several qubits does to some of them nothing, or what a gate on fewer does. Arithmetic on a basis state
/// needs no more to be seen through, however its Toffoli gates are written: the target alone leaves the basis states, and comes back.
/// </summary>
internal sealed class LoneQubits
{
    // What rounding leaves of an amplitude that is zero.
    private const double Nothing = 1e-13;

    // By the index of a gate without parameters on one qubit.
    private static readonly Complex[]?[] Fixed = [.. GateCatalog.Table.ToArray().Select(g => g is { NumQubits: 1, NumParameters: 0 } ? Written(g) : null)];

    private static readonly Complex[][] Paulis = [[1, 0, 0, 1], Written(GateCatalog.Z), Written(GateCatalog.X), Written(GateCatalog.Y)];

    private readonly Knowledge[] _known;
    private readonly Complex[] _zero;
    private readonly Complex[] _one;

    /// <summary>Begins with all qubits in |0⟩.</summary>
    public LoneQubits(int numQubits)
    {
        (_known, _zero, _one) = (new Knowledge[numQubits], new Complex[numQubits], new Complex[numQubits]);
        Array.Fill(_zero, Complex.One);
    }

    private enum Knowledge : byte
    {
        // The two amplitudes.
        State,

        // |0⟩ or |1⟩, as a measurement left it.
        Bit,

        // On its own in some state.
        None,
        Entangled,
    }

    /// <summary>The matrix of an operation on one qubit, or of that which it does under its controls.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The operation.</param>
    /// <param name="room">Where a matrix is written that depends on parameters.</param>
    public static ReadOnlySpan<Complex> Matrix(Circuit circuit, in Operation op, Span<Complex> room)
    {
        if (op.Kind == OperationKind.Unitary)
        {
            return circuit.MatrixOf(op);
        }

        if (Fixed[op.GateIndex] is { } known)
        {
            return known;
        }

        circuit.GateOf(op).WriteMatrix(circuit.ParametersOf(op), room);
        return room;
    }

    /// <summary>A Pauli matrix; for none the identity.</summary>
    public static ReadOnlySpan<Complex> Pauli(PauliRuns.Axis axis) => Paulis[(int)axis];

    public bool IsEntangled(int qubit) => _known[qubit] == Knowledge.Entangled;

    /// <summary>Whether the amplitudes are known.</summary>
    public bool HasState(int qubit) => _known[qubit] == Knowledge.State;

    /// <summary>Whether the qubit is surely |0⟩.</summary>
    public bool IsZero(int qubit) => HasState(qubit) && IsNothing(_one[qubit]);

    /// <summary>Whether the qubit is surely |1⟩.</summary>
    public bool IsOne(int qubit) => HasState(qubit) && IsNothing(_zero[qubit]);

    /// <summary>Whether the qubit is |0⟩ or |1⟩, by a result that is not known.</summary>
    public bool IsBit(int qubit) => _known[qubit] == Knowledge.Bit;

    /// <summary>The qubit is |0⟩.</summary>
    public void Reset(int qubit) => (_known[qubit], _zero[qubit], _one[qubit]) = (Knowledge.State, Complex.One, Complex.Zero);

    /// <summary>The qubit was measured.</summary>
    public void Measure(int qubit)
    {
        if (!IsZero(qubit) && !IsOne(qubit))
        {
            _known[qubit] = Knowledge.Bit;
        }
    }

    public void Entangle(int qubit) => _known[qubit] = Knowledge.Entangled;

    /// <summary>The qubit, if it is on its own, is in some state.</summary>
    public void Forget(int qubit) => _known[qubit] = IsEntangled(qubit) ? Knowledge.Entangled : Knowledge.None;

    public void Exchange(int a, int b) => (_known[a], _zero[a], _one[a], _known[b], _zero[b], _one[b]) = (_known[b], _zero[b], _one[b], _known[a], _zero[a], _one[a]);

    /// <summary>Applies a matrix to a qubit.</summary>
    public void Apply(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (HasState(qubit))
        {
            Complex zero = _zero[qubit], one = _one[qubit];
            (_zero[qubit], _one[qubit]) = ((matrix[0] * zero) + (matrix[1] * one), (matrix[2] * zero) + (matrix[3] * one));
        }
        else if (IsBit(qubit) && !KeepsBits(matrix))
        {
            _known[qubit] = Knowledge.None;
        }
    }

    /// <summary>Applies a matrix to a qubit, or does not.</summary>
    public void ApplyPerhaps(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (!IsEntangled(qubit) && Eigenvalue(qubit, matrix) is null)
        {
            _known[qubit] = (IsBit(qubit) || IsZero(qubit) || IsOne(qubit)) && KeepsBits(matrix) ? Knowledge.Bit : Knowledge.None;
        }
    }

    /// <summary>The eigenvalue of a unitary of which the qubit is an eigenstate, NaN if it depends on a result; null if it is not one, or not surely.</summary>
    public Complex? Eigenvalue(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (HasState(qubit))
        {
            Complex zero = _zero[qubit], one = _one[qubit];
            Complex toZero = (matrix[0] * zero) + (matrix[1] * one), toOne = (matrix[2] * zero) + (matrix[3] * one);
            return IsNothing((zero * toOne) - (one * toZero)) ? (Complex.Conjugate(zero) * toZero) + (Complex.Conjugate(one) * toOne) : null;
        }

        return IsBit(qubit) && IsNothing(matrix[1]) && IsNothing(matrix[2]) ? Complex.NaN : null;
    }

    private static bool KeepsBits(ReadOnlySpan<Complex> matrix) => (IsNothing(matrix[1]) && IsNothing(matrix[2])) || (IsNothing(matrix[0]) && IsNothing(matrix[3]));

    private static bool IsNothing(Complex number) => Math.Abs(number.Real) < Nothing && Math.Abs(number.Imaginary) < Nothing;

    private static Complex[] Written(GateDefinition gate)
    {
        var matrix = new Complex[4];
        gate.WriteMatrix([], matrix);
        return matrix;
    }
}

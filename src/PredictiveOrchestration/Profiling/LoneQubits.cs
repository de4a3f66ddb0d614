using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// The states of qubits that are on their own, as two amplitudes each: a gate on several qubits does to some of them nothing, or what a gate on fewer does. Arithmetic on a basis state
/// needs no more to be seen through, however its Toffoli gates are written: the target alone leaves the basis states, and comes back. Two that were joined are followed until a third one
/// meets them: what joined them may be undone.
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

    // Of a pair: the other qubit, and at the lower one the amplitudes; its value is the second bit, that of the higher one the first.
    private readonly int[] _other;
    private Complex[] _joint = [];

    /// <summary>Begins with all qubits in |0⟩.</summary>
    public LoneQubits(int numQubits)
    {
        (_known, _zero, _one) = (new Knowledge[numQubits], new Complex[numQubits], new Complex[numQubits]);
        _other = new int[numQubits];
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

        // With one other, in a state that is known.
        Pair,
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

    public bool IsEntangled(int qubit) => _known[qubit] >= Knowledge.Pair;

    /// <summary>Whether both are, with more than each other.</summary>
    public bool AreEntangled(int a, int b) => _known[a] == Knowledge.Entangled & _known[b] == Knowledge.Entangled;

    /// <summary>Whether anything is known of the qubit that gates on it change.</summary>
    public bool IsFollowed(int qubit) => _known[qubit] is not (Knowledge.Entangled or Knowledge.None);

    /// <summary>Whether the amplitudes are known.</summary>
    public bool HasState(int qubit) => _known[qubit] == Knowledge.State;

    /// <summary>The amplitudes, where they are known.</summary>
    public (Complex Zero, Complex One) StateOf(int qubit) => (_zero[qubit], _one[qubit]);

    /// <summary>What is known of the values that a qubit on its own has; amplitudes of 5e-16 are far below what engines keep.</summary>
    public LoneValue ValueOf(int qubit)
    {
        const double least = 2.5e-31;
        return !HasState(qubit) ? LoneValue.Unknown : Square(_one[qubit]) < least ? LoneValue.Zero : Square(_zero[qubit]) < least ? LoneValue.One : LoneValue.Both;

        static double Square(Complex c) => (c.Real * c.Real) + (c.Imaginary * c.Imaginary);
    }

    /// <summary>Whether the qubit is surely |0⟩.</summary>
    public bool IsZero(int qubit) => HasState(qubit) && IsNothing(_one[qubit]);

    /// <summary>Whether the qubit is surely |1⟩.</summary>
    public bool IsOne(int qubit) => HasState(qubit) && IsNothing(_zero[qubit]);

    /// <summary>Whether the qubit is |0⟩ or |1⟩, by a result that is not known.</summary>
    public bool IsBit(int qubit) => _known[qubit] == Knowledge.Bit;

    /// <summary>The qubit is |0⟩.</summary>
    public void Reset(int qubit)
    {
        Leave(qubit, Knowledge.None);
        (_known[qubit], _zero[qubit], _one[qubit]) = (Knowledge.State, Complex.One, Complex.Zero);
    }

    /// <summary>The qubit was measured.</summary>
    public void Measure(int qubit)
    {
        if (!IsZero(qubit) && !IsOne(qubit))
        {
            Leave(qubit, Knowledge.None);
            _known[qubit] = Knowledge.Bit;
        }
    }

    public void Entangle(int qubit)
    {
        Leave(qubit, Knowledge.Entangled);
        _known[qubit] = Knowledge.Entangled;
    }

    /// <summary>Whether the state of two qubits, apart or together, is known.</summary>
    public bool CanJoin(int a, int b) => (HasState(a) && HasState(b)) || (_known[a] == Knowledge.Pair && _known[b] == Knowledge.Pair && _other[a] == b);

    /// <summary>Applies a matrix to two qubits whose state is known, the first of which is bit 0 of its index; tells whether they are on their own then.</summary>
    public bool Join(int first, int second, ReadOnlySpan<Complex> matrix)
    {
        int low = Math.Min(first, second), high = Math.Max(first, second);
        _joint = _joint.Length == 0 ? new Complex[4 * _known.Length] : _joint;
        var joint = _joint.AsSpan(4 * low, 4);
        if (HasState(low))
        {
            (joint[0], joint[1], joint[2], joint[3]) = (_zero[low] * _zero[high], _zero[low] * _one[high], _one[low] * _zero[high], _one[low] * _one[high]);
            (_known[low], _known[high], _other[low], _other[high]) = (Knowledge.Pair, Knowledge.Pair, high, low);
        }

        Span<Complex> before = [joint[0], joint[1], joint[2], joint[3]];
        for (var row = 0; row < 4; row++)
        {
            var sum = Complex.Zero;
            for (var column = 0; column < 4; column++)
            {
                sum += matrix[(4 * row) + column] * before[Place(column)];
            }

            joint[Place(row)] = sum;
        }

        return Part(low, high, joint);

        int Place(int index) => first == low ? ((index & 1) << 1) | (index >> 1) : index;
    }

    /// <summary>The qubit, if it is on its own, is in some state.</summary>
    public void Forget(int qubit)
    {
        Leave(qubit, Knowledge.Entangled);
        _known[qubit] = IsEntangled(qubit) ? Knowledge.Entangled : Knowledge.None;
    }

    public void Exchange(int a, int b)
    {
        foreach (var qubit in (ReadOnlySpan<int>)[a, b])
        {
            if (_known[qubit] == Knowledge.Pair)
            {
                Entangle(qubit);
            }
        }

        (_known[a], _zero[a], _one[a], _known[b], _zero[b], _one[b]) = (_known[b], _zero[b], _one[b], _known[a], _zero[a], _one[a]);
    }

    /// <summary>Applies a matrix to a qubit.</summary>
    public void Apply(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (HasState(qubit))
        {
            (_zero[qubit], _one[qubit]) = Product(matrix, _zero[qubit], _one[qubit]);
        }
        else if (_known[qubit] == Knowledge.Pair)
        {
            // For each value of the other one: the amplitudes are those of 00, 01, 10 and 11.
            int low = Math.Min(qubit, _other[qubit]), own = qubit == low ? 2 : 1, other = 3 - own;
            var joint = _joint.AsSpan(4 * low, 4);
            (joint[0], joint[own]) = Product(matrix, joint[0], joint[own]);
            (joint[other], joint[3]) = Product(matrix, joint[other], joint[3]);
        }
        else if (IsBit(qubit) && !KeepsBits(matrix))
        {
            _known[qubit] = Knowledge.None;
        }
    }

    /// <summary>Applies a matrix to a qubit, or does not.</summary>
    public void ApplyPerhaps(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (_known[qubit] == Knowledge.Pair)
        {
            Entangle(qubit);
        }
        else if (!IsEntangled(qubit) && Eigenvalue(qubit, matrix) is null)
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
            var (toZero, toOne) = Product(matrix, zero, one);
            return IsNothing((zero * toOne) - (one * toZero)) ? (Complex.Conjugate(zero) * toZero) + (Complex.Conjugate(one) * toOne) : null;
        }

        return IsBit(qubit) && IsNothing(matrix[1]) && IsNothing(matrix[2]) ? Complex.NaN : null;
    }

    // The other one of a pair, if there is one, is left to itself.
    private void Leave(int qubit, Knowledge other)
    {
        if (_known[qubit] == Knowledge.Pair)
        {
            _known[_other[qubit]] = other;
        }
    }

    // Where the state of a pair is a product of two each has its own again.
    private bool Part(int low, int high, ReadOnlySpan<Complex> joint)
    {
        if (!IsNothing((joint[0] * joint[3]) - (joint[1] * joint[2])))
        {
            return false;
        }

        var row = Square(joint[0]) + Square(joint[1]) >= Square(joint[2]) + Square(joint[3]) ? 0 : 2;
        var norm = Math.Sqrt(Square(joint[row]) + Square(joint[row + 1]));
        (_zero[high], _one[high]) = (joint[row] / norm, joint[row + 1] / norm);
        Complex zero = Complex.Conjugate(_zero[high]), one = Complex.Conjugate(_one[high]);
        (_zero[low], _one[low]) = ((zero * joint[0]) + (one * joint[1]), (zero * joint[2]) + (one * joint[3]));
        (_known[low], _known[high]) = (Knowledge.State, Knowledge.State);
        return true;
    }

    private static (Complex Zero, Complex One) Product(ReadOnlySpan<Complex> matrix, Complex zero, Complex one) =>
        ((matrix[0] * zero) + (matrix[1] * one), (matrix[2] * zero) + (matrix[3] * one));

    private static double Square(Complex number) => (number.Real * number.Real) + (number.Imaginary * number.Imaginary);

    private static bool KeepsBits(ReadOnlySpan<Complex> matrix) => (IsNothing(matrix[1]) && IsNothing(matrix[2])) || (IsNothing(matrix[0]) && IsNothing(matrix[3]));

    private static bool IsNothing(Complex number) => Math.Abs(number.Real) < Nothing && Math.Abs(number.Imaginary) < Nothing;

    private static Complex[] Written(GateDefinition gate)
    {
        var matrix = new Complex[4];
        gate.WriteMatrix([], matrix);
        return matrix;
    }
}

/// <summary>The values that a qubit has with amplitudes other than zero.</summary>
internal enum LoneValue
{
    /// <summary>It is entangled, or nothing is known of it.</summary>
    Unknown,
    Zero,
    One,
    Both,
}

using System.Numerics;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A state as a sum of a few product vectors, which bounds its rank across every cut. What a gate with controls on all qubits that are entangled changes is a multiple of one product vector, and gates
/// on one qubit keep products: the states of Grover's search are sums of two such vectors after any number of rounds.
/// </summary>
internal sealed class ProductSum
{
    // Two bits across a cut: with more the bounds of the gates say as much.
    private const int Most = 4;

    // What rounding leaves of zero.
    private const double Nothing = 1e-10;

    private readonly int _numQubits;

    // Of each vector the two amplitudes of each qubit.
    private readonly Complex[] _vectors;
    private int _count = 1;

    /// <summary>Begins with the product of states that qubits have on their own.</summary>
    public ProductSum(LoneQubits lone, int numQubits)
    {
        (_numQubits, _vectors) = (numQubits, new Complex[2 * Most * numQubits]);
        for (var q = 0; q < numQubits; q++)
        {
            (_vectors[2 * q], _vectors[(2 * q) + 1]) = lone.StateOf(q);
        }
    }

    /// <summary>The base-2 logarithm of the rank across any cut, at most.</summary>
    public int RankLog2 => BitOperations.Log2((uint)(2 * _count) - 1);

    /// <summary>Applies a matrix to a qubit.</summary>
    public void Apply(int qubit, ReadOnlySpan<Complex> matrix)
    {
        var isFlip = matrix[0] == Complex.Zero && matrix[3] == Complex.Zero;
        for (var k = 0; k < _count; k++)
        {
            var state = Of(k).Slice(2 * qubit, 2);
            (state[0], state[1]) = isFlip ? (matrix[1] * state[1], matrix[2] * state[0]) : ((matrix[0] * state[0]) + (matrix[1] * state[1]), (matrix[2] * state[0]) + (matrix[3] * state[1]));
        }
    }

    /// <summary>Takes in a gate that changes what it does where some qubits are one; tells whether the vectors are still few.</summary>
    /// <param name="ones">The qubits that must be one.</param>
    /// <param name="target">The qubit that is changed then; -1 where that is a phase.</param>
    /// <param name="matrix">What is done to it.</param>
    public bool Add(ReadOnlySpan<int> ones, int target, ReadOnlySpan<Complex> matrix)
    {
        // Other qubits are on their own, and the same in all vectors.
        Span<Complex> added = _count < Most ? Of(_count) : new Complex[2 * _numQubits];
        Of(0).CopyTo(added);
        foreach (var q in ones)
        {
            (added[2 * q], added[(2 * q) + 1]) = (Complex.Zero, Complex.One);
        }

        if (target >= 0)
        {
            // The matrix less 1 has one column, up to factors, if it leaves some state as it is.
            Complex a = matrix[0] - 1, b = matrix[1], c = matrix[2], d = matrix[3] - 1;
            if (!IsNothing((a * d) - (b * c)))
            {
                return false;
            }

            (added[2 * target], added[(2 * target) + 1]) = a.Magnitude + c.Magnitude >= b.Magnitude + d.Magnitude ? (a, c) : (b, d);
        }

        for (var k = 0; k < _count; k++)
        {
            if (AreParallel(Of(k), added))
            {
                return true;
            }
        }

        _count++;
        return _count <= Most;
    }

    private Span<Complex> Of(int vector) => _vectors.AsSpan(2 * _numQubits * vector, 2 * _numQubits);

    private static bool AreParallel(ReadOnlySpan<Complex> x, ReadOnlySpan<Complex> y)
    {
        for (var i = 0; i < x.Length; i += 2)
        {
            if (!IsNothing((x[i] * y[i + 1]) - (x[i + 1] * y[i])))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNothing(Complex number) => Math.Abs(number.Real) < Nothing && Math.Abs(number.Imaginary) < Nothing;
}

using System.Numerics;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// A gate as a chain of small operators, one for each of its qubits in ascending order, linked by bonds: the sum over the bonds of the
/// products. Qubits between two of its qubits only hand the bond on. So a gate between distant qubits needs no exchanges of neighbours.
/// </summary>
/// <param name="Qubits">The qubits, ascending.</param>
/// <param name="Cores">The operator of each.</param>
internal sealed record OperatorString(int[] Qubits, OperatorCore[] Cores)
{
    /// <summary>A gate on one qubit.</summary>
    public static OperatorString On(int qubit, ReadOnlySpan<Complex> matrix)
    {
        var core = new OperatorCore(1, 1);
        matrix.CopyTo(core[0, 0]);
        return new OperatorString([qubit], [core]);
    }
}

/// <summary>The operators of one qubit of a chain.</summary>
/// <param name="Left">The bond to the left, 1 at the first qubit.</param>
/// <param name="Right">The bond to the right, 1 at the last qubit.</param>
internal sealed record OperatorCore(int Left, int Right)
{
    private readonly Complex[] _elements = new Complex[4 * Left * Right];
    private int _rows = -1;

    /// <summary>The base-2 logarithm of what the bond to the right typically needs more once this was applied.</summary>
    public double Growth { get; init; } = Math.Log2(Right);

    /// <summary>The rows of all operators that are not zero, once they are made.</summary>
    public int Rows
    {
        get
        {
            if (_rows < 0)
            {
                var rows = 0;
                for (var i = 0; i < _elements.Length; i += 2)
                {
                    rows += _elements[i] == Complex.Zero && _elements[i + 1] == Complex.Zero ? 0 : 1;
                }

                _rows = rows;
            }

            return _rows;
        }
    }

    /// <summary>Whether its elements are made.</summary>
    public bool IsMade { get; private init; } = true;

    /// <summary>All operators, one after the other, each row by row.</summary>
    public ReadOnlySpan<Complex> Elements => _elements;

    /// <summary>Operators of which no row is zero, for those who count; their elements are not made.</summary>
    public static OperatorCore WithoutZeros(int left, int right) => new(left, right) { _rows = 2 * left * right, IsMade = false };

    /// <summary>The 2 × 2 operator between two values of the bonds, row by row.</summary>
    public Span<Complex> this[int left, int right] => _elements.AsSpan(4 * ((left * Right) + right), 4);
}

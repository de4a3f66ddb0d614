using System.Numerics;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>Takes gates apart into operator strings by singular value decompositions; controls add no more than one to a bond.</summary>
/// <param name="algebra">Does it.</param>
/// <param name="known">Cores that are known; null for none.</param>
/// <param name="forCounting">Whether ranks and zeros are all that is asked of operators on pairs.</param>
internal sealed class OperatorFactory(MatrixAlgebra algebra, CoreCache? known = null, bool forCounting = false)
{
    // Relative to the greatest: operators of a gate are exact to rounding, and what is cut is below that.
    private const double Cut = 1e-15;

    private readonly CoreCache _known = known ?? new CoreCache();

    /// <summary>The string of a matrix on a pair.</summary>
    /// <param name="low">The lower qubit, which is bit 1 of the matrix index.</param>
    /// <param name="high">The higher qubit, which is bit 0.</param>
    /// <param name="matrix">The unitary, row by row.</param>
    public OperatorString Pair(int low, int high, ReadOnlySpan<Complex> matrix) => new([low, high], _known.At(matrix, 0) ??= (forCounting ? ShapeOfPair(matrix) : null) ?? Split([1, 0], matrix, 4, 0));

    /// <summary>The string of a matrix on targets, under controls.</summary>
    /// <param name="controls">The qubits that must be one.</param>
    /// <param name="targets">Target j is bit j of the matrix index.</param>
    /// <param name="matrix">The unitary, row by row.</param>
    public OperatorString Create(ReadOnlySpan<int> controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        if (targets.Length == 1)
        {
            return Controlled(controls, targets[0], matrix);
        }

        var sorted = targets.ToArray();
        var bits = Enumerable.Range(0, sorted.Length).ToArray();
        Array.Sort(sorted, bits);
        var cores = Split(bits, matrix, 1 << targets.Length, controls.IsEmpty ? 0 : 1);
        if (controls.IsEmpty)
        {
            return new OperatorString(sorted, cores);
        }

        int[] qubits = [.. controls, .. sorted];
        Array.Sort(qubits);
        return new OperatorString(qubits, Control(qubits, sorted, cores));
    }

    private OperatorString Controlled(ReadOnlySpan<int> controls, int target, ReadOnlySpan<Complex> matrix)
    {
        var qubits = new int[controls.Length + 1];
        controls.CopyTo(qubits);
        qubits[^1] = target;
        Array.Sort(qubits);
        var place = Array.IndexOf(qubits, target);
        ref var cores = ref _known.At(matrix, (qubits.Length << 16) | (place + 1));
        if (cores is null)
        {
            var change = new OperatorCore(1, 1);
            for (var i = 0; i < matrix.Length; i++)
            {
                change[0, 0][i] = matrix[i] - (i % 3 == 0 ? 1 : 0);
            }

            cores = Control(qubits, [target], [change]);
        }

        return new OperatorString(qubits, cores);
    }

    // The rank of a matrix without zeros, and none of its operators' rows is zero. It is that of a triangular factor, which a decomposition begins with, where nothing is small in
    // it. Where two numbers in a row have the same size, as in all that one controlled gate makes, what cancels may be zero, and it is left to the decomposition: null.
    private OperatorCore[]? ShapeOfPair(ReadOnlySpan<Complex> matrix)
    {
        const double small = 1e-3, same = 1e-9;
        using var m = algebra.Pool.Rent(4, 4);
        Span<double> squares = stackalloc double[4];
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                int row = (i & 2) | (j >> 1), column = ((i & 1) << 1) | (j & 1);
                var element = matrix[(4 * row) + column];
                var square = (element.Real * element.Real) + (element.Imaginary * element.Imaginary);
                if (square < small * small)
                {
                    return null;
                }

                for (var k = 0; k < j; k++)
                {
                    if (Math.Abs(square - squares[k]) < same)
                    {
                        return null;
                    }
                }

                (squares[j], m[i, j]) = (square, element);
            }
        }

        var (l, _) = algebra.Lq(m, MatrixAlgebra.TriangularCut, wantQ: false);
        using var factor = l;
        for (var column = 0; column < l.Columns; column++)
        {
            // No row has more in a column than the one that was taken for it.
            var greatest = 0.0;
            for (var row = 0; row < l.Rows; row++)
            {
                greatest = Math.Max(greatest, l[row, column].Magnitude);
            }

            if (greatest < small)
            {
                return null;
            }
        }

        return [OperatorCore.WithoutZeros(1, l.Columns), OperatorCore.WithoutZeros(l.Columns, 1)];
    }

    // The matrix minus `identity` times 1, as a chain over the targets in ascending order.
    private OperatorCore[] Split(int[] bits, ReadOnlySpan<Complex> matrix, int size, double identity)
    {
        var count = bits.Length;
        var cores = new OperatorCore[count];

        // The rest: (bond, first qubit's row and column bits) by the row and column bits of the other qubits.
        var rest = new Complex[size * size];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
            {
                var at = 0;
                for (var k = 0; k < count; k++)
                {
                    at = (at << 2) | ((row >> bits[k] & 1) << 1) | (column >> bits[k] & 1);
                }

                rest[at] = matrix[(row * size) + column] - (row == column ? identity : 0);
            }
        }

        var left = 1;
        for (var k = 0; k < count - 1; k++)
        {
            var columns = 1 << (2 * (count - 1 - k));
            using var m = algebra.Pool.Rent(4 * left, columns);
            for (var i = 0; i < 4 * left; i++)
            {
                for (var j = 0; j < columns; j++)
                {
                    m[i, j] = rest[(i * columns) + j];
                }
            }

            var (v, values) = algebra.Svd(m, Cut);
            using var adjoint = algebra.Transpose(v, conjugate: true);
            using var carry = algebra.Multiply(m, adjoint);
            cores[k] = new OperatorCore(left, v.Rows) { Growth = Growth(values.AsSpan(0, v.Rows)) };
            rest = new Complex[v.Rows * columns];
            for (var r = 0; r < v.Rows; r++)
            {
                // The weight is shared between both sides.
                var weight = values[r] > 0 ? Math.Sqrt(values[r]) : 1;
                for (var i = 0; i < 4 * left; i++)
                {
                    cores[k][i >> 2, r][i & 3] = carry[i, r] / weight;
                }

                for (var j = 0; j < columns; j++)
                {
                    rest[(r * columns) + j] = v[r, j] * weight;
                }
            }

            left = v.Rows;
            v.Dispose();
        }

        cores[^1] = new OperatorCore(left, 1);
        for (var i = 0; i < rest.Length; i++)
        {
            cores[^1][i >> 2, 0][i & 3] = rest[i];
        }

        return cores;
    }

    // The number of Schmidt values, of which those that are small beside the greatest count as less: those of the state fall faster than their number grows.
    private static double Growth(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += Math.Pow(2, Math.Max(0, 1 + (Math.Log2(value / values[0]) / GateEntanglement.Fade))) - 1;
        }

        return Math.Log2(sum);
    }

    // 1 + P ⊗ (U - 1), P being the projection of the controls on one: bond 0 carries the 1, the others the second part.
    private static OperatorCore[] Control(int[] qubits, int[] targets, OperatorCore[] changes)
    {
        var cores = new OperatorCore[qubits.Length];
        var next = 0;
        var left = 1;
        for (var k = 0; k < qubits.Length; k++)
        {
            bool first = k == 0, last = k == qubits.Length - 1;
            var change = next < targets.Length && targets[next] == qubits[k] ? changes[next++] : null;
            var inner = change?.Right ?? left;
            var core = new OperatorCore(first ? 1 : left + 1, last ? 1 : inner + 1);
            if (!(first && last))
            {
                core[0, 0][0] = core[0, 0][3] = 1;
            }

            for (var l = 0; l < left; l++)
            {
                for (var r = 0; r < inner; r++)
                {
                    var element = core[first ? 0 : l + 1, last ? 0 : r + 1];
                    if (change is not null)
                    {
                        change[l, r].CopyTo(element);
                    }
                    else if (l == r)
                    {
                        element[3] = 1;
                    }
                }
            }

            cores[k] = core;
            left = inner;
        }

        return cores;
    }
}

using System.Numerics;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>One gate of the catalogue, or one matrix, on definite qubits: what gate calls expand to.</summary>
/// <param name="Gate">The gate, or null if <paramref name="Matrix"/> is given.</param>
/// <param name="Matrix">A row-major matrix, or null.</param>
/// <param name="Parameters">The gate's parameters.</param>
/// <param name="Controls">The number of leading qubits that are controls.</param>
/// <param name="Qubits">Controls, then targets.</param>
internal readonly record struct GateApplication(GateDefinition? Gate, Complex[]? Matrix, ClassicalExpression[] Parameters, int Controls, int[] Qubits)
{
    public bool IsConstant => Array.TrueForAll(Parameters, p => p is ConstantExpression);

    public double[] Values => Array.ConvertAll(Parameters, p => ((ConstantExpression)p).Value.ToDouble());

    public GateApplication Inverted(int start)
    {
        if (Gate is null)
        {
            var adjoint = new Complex[Matrix!.Length];
            UnitaryMatrix.Adjoint(Matrix, 1 << (Qubits.Length - Controls), adjoint);
            return this with { Matrix = adjoint };
        }

        if (GateInversion.Invert(Gate, Parameters, p => Fold.Unary(ClassicalOperator.Negate, p)) is { } inverse)
        {
            return this with { Gate = inverse.Gate, Parameters = inverse.Parameters };
        }

        return IsConstant
            ? this with { Gate = null, Matrix = GateInversion.Adjoint(Gate, Values), Parameters = [] }
            : throw new SyntaxException(OpenQasmCodes.Unsupported, start, 1, $"The inverse of '{Gate.Name}' needs parameters known before the run.", "Use constant parameters.");
    }

    /// <summary>Adds controls in front.</summary>
    public GateApplication Controlled(ReadOnlySpan<int> controls)
    {
        int[] qubits = [.. controls, .. Qubits];
        if (Gate == GateCatalog.GlobalPhase)
        {
            // A controlled global phase is a phase gate on the last control.
            return new GateApplication(GateCatalog.P, null, Parameters, qubits.Length - 1, qubits);
        }

        return this with { Controls = Controls + controls.Length, Qubits = qubits };
    }

    /// <summary>The matrix of a sequence on up to five qubits, row-major; bit j of an index is <paramref name="qubits"/>[j].</summary>
    public static Complex[] MatrixOf(IEnumerable<GateApplication> sequence, int[] qubits)
    {
        var size = 1 << qubits.Length;
        var total = new Complex[size * size];
        for (var i = 0; i < size; i++)
        {
            total[i * size + i] = 1;
        }

        var buffer = new Complex[size];
        foreach (var application in sequence)
        {
            var matrix = application.Matrix;
            if (matrix is null)
            {
                matrix = new Complex[1 << (2 * application.Gate!.NumQubits)];
                application.Gate.WriteMatrix(application.Values, matrix);
            }

            var bits = Array.ConvertAll(application.Qubits, q => Array.IndexOf(qubits, q));
            for (var column = 0; column < size; column++)
            {
                for (var row = 0; row < size; row++)
                {
                    buffer[row] = Element(total, size, column, row, matrix, bits, application.Controls);
                }

                for (var row = 0; row < size; row++)
                {
                    total[row * size + column] = buffer[row];
                }
            }
        }

        return total;
    }

    private static Complex Element(Complex[] total, int size, int column, int row, Complex[] matrix, int[] bits, int controls)
    {
        for (var c = 0; c < controls; c++)
        {
            if ((row >> bits[c] & 1) == 0)
            {
                return total[row * size + column];
            }
        }

        var targets = bits.AsSpan(controls);
        int r = 0, rest = row;
        for (var j = 0; j < targets.Length; j++)
        {
            r |= (row >> targets[j] & 1) << j;
            rest &= ~(1 << targets[j]);
        }

        Complex sum = 0;
        for (var k = 0; k < 1 << targets.Length; k++)
        {
            var index = rest;
            for (var j = 0; j < targets.Length; j++)
            {
                index |= (k >> j & 1) << targets[j];
            }

            sum += matrix[(r << targets.Length) + k] * total[index * size + column];
        }

        return sum;
    }
}

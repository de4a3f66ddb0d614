using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>One operation as passes see it: a gate or matrix, or something of the circuit that stays as it is, of which only the qubits are known. Immutable.</summary>
internal sealed class Step
{
    private static readonly Complex[][] Paulis = [[0, 1, 1, 0], [0, -Complex.ImaginaryOne, Complex.ImaginaryOne, 0], [1, 0, 0, -1]];

    // What is the same for all steps of a gate without parameters, by the gate's index.
    private static readonly Complex[]?[] Matrices = new Complex[GateCatalog.All.Count][];
    private static readonly byte[]?[] AxesOfGates = new byte[GateCatalog.All.Count][];
    private Complex[]? _matrix;
    private byte[]? _axes;

    private Step(int source, GateDefinition? gate, int controls, double[] parameters, int[] qubits, Complex[]? matrix, bool isClassical)
    {
        (Source, Gate, Controls, Parameters, Qubits, _matrix, IsClassical) = (source, gate, controls, parameters, qubits, matrix, isClassical);
    }

    /// <summary>The index of the operation that stays as it is; -1 for a gate or matrix.</summary>
    public int Source { get; }

    /// <summary>The gate; null for a matrix and for what stays.</summary>
    public GateDefinition? Gate { get; }

    public int Controls { get; }

    public double[] Parameters { get; }

    /// <summary>Controls, then targets.</summary>
    public int[] Qubits { get; }

    /// <summary>Whether it reads or writes classical values: such steps keep their order.</summary>
    public bool IsClassical { get; }

    public bool IsFixed => Source >= 0;

    public int Targets => Qubits.Length - Controls;

    /// <summary>The matrix on the targets, row-major, the first target least significant.</summary>
    public Complex[] Matrix => _matrix ??= IsPlain ? Matrices[Gate!.Index] ??= MatrixOf(Gate, []) : MatrixOf(Gate!, Parameters);

    private bool IsPlain => Gate?.NumParameters == 0;

    public static Step Kept(int source, int[] qubits, bool isClassical) => new(source, null, 0, [], qubits, null, isClassical);

    public static Step Of(GateDefinition gate, int controls, double[] parameters, params int[] qubits) => new(-1, gate, controls, parameters, Ordered(gate, controls, qubits), null, false);

    public static Step Of(Complex[] matrix, int controls, int[] qubits) => new(-1, null, controls, [], qubits, matrix, false);

    public bool Touches(int qubit) => Array.IndexOf(Qubits, qubit) >= 0;

    /// <summary>
    /// Whether the two may change places: on every qubit that they share, both commute with the same Pauli operator, so that both are block-diagonal in its eigenbasis and act apart on the rest.
    /// </summary>
    public bool CommutesWith(Step other)
    {
        for (var i = 0; i < Qubits.Length; i++)
        {
            var j = Array.IndexOf(other.Qubits, Qubits[i]);
            if (j >= 0 && (IsFixed || other.IsFixed || (Axis(i) & other.Axis(j)) == 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the other acts on the same controls and, in the same order, on the same targets.</summary>
    public bool HasSameOperands(Step other) => Controls == other.Controls && Qubits.AsSpan().SequenceEqual(other.Qubits);

    // The Pauli operators that the step commutes with on its i-th qubit: bits 1 for X, 2 for Y, 4 for Z.
    private byte Axis(int i) => i < Controls ? (byte)4 : (_axes ??= IsPlain ? AxesOfGates[Gate!.Index] ??= FindAxes() : FindAxes())[i - Controls];

    private byte[] FindAxes()
    {
        var axes = new byte[Targets];
        var (m, n) = (Matrix, 1 << Targets);
        for (var t = 0; t < axes.Length; t++)
        {
            for (var p = 0; p < 3; p++)
            {
                axes[t] |= Commutes(m, n, t, Paulis[p]) ? (byte)(1 << p) : (byte)0;
            }
        }

        return axes;
    }

    private static Complex[] MatrixOf(GateDefinition gate, double[] parameters)
    {
        var matrix = new Complex[1 << (2 * gate.NumQubits)];
        gate.WriteMatrix(parameters, matrix);
        return matrix;
    }

    private static bool Commutes(Complex[] m, int n, int bit, Complex[] pauli)
    {
        for (var row = 0; row < n; row++)
        {
            for (var column = 0; column < n; column++)
            {
                // (P M - M P) at (row, column): P has one non-zero element or two in each row.
                Complex difference = 0;
                var (r, c) = (row >> bit & 1, column >> bit & 1);
                for (var k = 0; k < 2; k++)
                {
                    difference += pauli[r * 2 + k] * m[((row & ~(1 << bit)) | (k << bit)) * n + column] - m[row * n + ((column & ~(1 << bit)) | (k << bit))] * pauli[k * 2 + c];
                }

                if (Probe.Square(difference) > 1e-26)
                {
                    return false;
                }
            }
        }

        return true;
    }

    // Operands in one order where the order means nothing, so that equal gates look equal.
    private static int[] Ordered(GateDefinition gate, int controls, int[] qubits)
    {
        var result = (int[])qubits.Clone();
        if (gate.NumQubits == 1 && controls > 0 && (gate == GateCatalog.Z || gate == GateCatalog.S || gate == GateCatalog.Sdg || gate == GateCatalog.T || gate == GateCatalog.Tdg || gate == GateCatalog.P))
        {
            Array.Sort(result);
            return result;
        }

        Array.Sort(result, 0, controls);
        if (gate == GateCatalog.Swap || gate == GateCatalog.ISwap || gate == GateCatalog.ISwapDg || gate == GateCatalog.RXX || gate == GateCatalog.RYY || gate == GateCatalog.RZZ)
        {
            Array.Sort(result, controls, 2);
        }

        return result;
    }
}

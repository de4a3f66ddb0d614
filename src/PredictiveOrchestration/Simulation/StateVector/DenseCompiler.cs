using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Turns a run of circuit operations into index operations: swaps become a relabelling of qubits, consecutive one-qubit gates on a
/// qubit become one, global phases a factor.
/// </summary>
internal sealed class DenseCompiler
{
    private readonly Circuit _circuit;
    private readonly int[] _bitOfQubit;
    private readonly Complex[]?[] _pending;
    private readonly List<DenseOperation> _operations = [];

    private DenseCompiler(Circuit circuit, int[] bitOfQubit)
    {
        _circuit = circuit;
        _bitOfQubit = bitOfQubit;
        _pending = new Complex[]?[bitOfQubit.Length];
    }

    /// <summary>Compiles operations <paramref name="start"/> to <paramref name="end"/>.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="start">The first operation.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="classical">The memory that dynamic parameters read.</param>
    /// <param name="bitOfQubit">The index bit of each qubit; changed by swaps.</param>
    /// <param name="phase">Multiplied by the global phases met.</param>
    public static List<DenseOperation> Compile(Circuit circuit, int start, int end, ClassicalState? classical, int[] bitOfQubit, ref Complex phase)
    {
        var compiler = new DenseCompiler(circuit, bitOfQubit);
        for (var i = start; i < end; i++)
        {
            compiler.Add(circuit.Operations[i], classical, ref phase);
        }

        for (var bit = 0; bit < bitOfQubit.Length; bit++)
        {
            compiler.Flush(bit);
        }

        return compiler._operations;
    }

    private void Add(in Operation op, ClassicalState? classical, ref Complex phase)
    {
        if (op.Kind == OperationKind.Barrier)
        {
            return;
        }

        var controls = Bits(_circuit.ControlsOf(op));
        var targets = Bits(_circuit.TargetsOf(op));
        Complex[] matrix;
        if (op.Kind == OperationKind.Unitary)
        {
            matrix = _circuit.MatrixOf(op).ToArray();
        }
        else
        {
            var gate = _circuit.GateOf(op);
            if (gate == GateCatalog.Swap && controls.Length == 0)
            {
                SwapLabels(_circuit.TargetsOf(op));
                return;
            }

            Span<double> room = stackalloc double[4];
            matrix = new Complex[1 << (2 * gate.NumQubits)];
            gate.WriteMatrix(_circuit.EvaluateParameters(op, classical, room), matrix);
            if (gate.NumQubits == 0)
            {
                if (controls.Length == 0)
                {
                    phase *= matrix[0];
                    return;
                }

                // A controlled global phase is a phase gate on one of its controls.
                targets = controls[^1..];
                controls = controls[..^1];
                matrix = [1, 0, 0, matrix[0]];
            }
        }

        if (controls.Length == 0 && targets.Length == 1)
        {
            var pending = _pending[targets[0]];
            _pending[targets[0]] = pending is null ? matrix : Product(matrix, pending);
            return;
        }

        var operation = new DenseOperation(controls, targets, matrix);
        foreach (var bit in controls)
        {
            FlushUnlessDiagonal(bit);
        }

        foreach (var bit in targets)
        {
            if (operation.IsDiagonal)
            {
                FlushUnlessDiagonal(bit);
            }
            else
            {
                Flush(bit);
            }
        }

        _operations.Add(operation);
    }

    private int[] Bits(ReadOnlySpan<int> qubits)
    {
        var bits = new int[qubits.Length];
        for (var i = 0; i < bits.Length; i++)
        {
            bits[i] = _bitOfQubit[qubits[i]];
        }

        return bits;
    }

    private void SwapLabels(ReadOnlySpan<int> qubits) =>
        (_bitOfQubit[qubits[0]], _bitOfQubit[qubits[1]]) = (_bitOfQubit[qubits[1]], _bitOfQubit[qubits[0]]);

    // A pending diagonal gate commutes with controls and with diagonal gates, so it may wait for more.
    private void FlushUnlessDiagonal(int bit)
    {
        if (_pending[bit] is { } matrix && (matrix[1] != 0 || matrix[2] != 0))
        {
            Flush(bit);
        }
    }

    private void Flush(int bit)
    {
        if (_pending[bit] is { } matrix)
        {
            _pending[bit] = null;
            _operations.Add(new DenseOperation([], [bit], matrix));
        }
    }

    private static Complex[] Product(Complex[] a, Complex[] b) =>
    [
        a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3],
    ];
}

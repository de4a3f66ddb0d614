using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>Finds the tableau primitives of operations, each kind of gate once. Not thread-safe: one for each run.</summary>
internal sealed class CliffordProgram(string backendId)
{
    private readonly Dictionary<Key, CliffordStep[]> _steps = [];

    // Gates without parameters and with at most three controls, by gate and controls: the common ones are found without hashing.
    private readonly CliffordStep[]?[] _plain = new CliffordStep[4 * GateCatalog.All.Count][];

    /// <summary>Gets the steps of a gate or unitary on positions among its qubits, controls first.</summary>
    /// <exception cref="BackendException">The operation is not a Clifford gate.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public CliffordStep[] StepsOf(Circuit circuit, int index, ClassicalState? classical)
    {
        ref readonly var op = ref circuit.Operations[index];
        if (op.Kind == OperationKind.Unitary)
        {
            return Synthesize(circuit, op, index, circuit.MatrixOf(op), "unitary");
        }

        if (op.ControlCount < 4 && _plain[4 * op.GateIndex + op.ControlCount] is { } known)
        {
            return known;
        }

        Span<double> room = stackalloc double[4];
        room.Clear();
        var parameters = circuit.EvaluateParameters(op, classical, room);
        var key = new Key(op.GateIndex, op.ControlCount, room[0], room[1], room[2], room[3]);
        if (!_steps.TryGetValue(key, out var steps))
        {
            var gate = circuit.GateOf(op);
            if (gate.NumQubits == 0 && op.ControlCount > 0)
            {
                // A controlled global phase is a phase gate on its last control.
                Span<Complex> phase = [1, 0, 0, Complex.Exp(Complex.ImaginaryOne * parameters[0])];
                steps = SynthesizeControlled(circuit, op, index, phase, op.ControlCount - 1, 1, gate.Name);
            }
            else if (gate.NumQubits == 0)
            {
                steps = [];
            }
            else
            {
                Span<Complex> matrix = new Complex[1 << (2 * gate.NumQubits)];
                gate.WriteMatrix(parameters, matrix);
                steps = op.ControlCount == 0 && parameters.Length > 0 && !gate.IsClifford(parameters)
                    ? throw NotClifford(index, gate.Name, parameters)
                    : SynthesizeControlled(circuit, op, index, matrix, op.ControlCount, gate.NumQubits, gate.Name);
            }

            _steps.Add(key, steps);
            if (parameters.Length == 0 && op.ControlCount < 4)
            {
                _plain[4 * op.GateIndex + op.ControlCount] = steps;
            }
        }

        return steps;
    }

    private CliffordStep[] Synthesize(Circuit circuit, in Operation op, int index, ReadOnlySpan<Complex> matrix, string name) =>
        SynthesizeControlled(circuit, op, index, matrix, op.ControlCount, op.QubitCount - op.ControlCount, name);

    private CliffordStep[] SynthesizeControlled(Circuit circuit, in Operation op, int index, ReadOnlySpan<Complex> matrix, int controls, int targets, string name)
    {
        if (controls + targets <= 5)
        {
            // Controls are the least significant positions: the gate acts where they are all 1.
            var all = (1 << controls) - 1;
            var size = 1 << (controls + targets);
            var whole = new Complex[size * size];
            for (var i = 0; i < size; i++)
            {
                if ((i & all) != all)
                {
                    whole[i * size + i] = 1;
                    continue;
                }

                for (var j = 0; j < 1 << targets; j++)
                {
                    whole[i * size + (j << controls | all)] = matrix[(i >> controls) * (1 << targets) + j];
                }
            }

            if (CliffordSynthesizer.Synthesize(whole, controls + targets) is { } steps)
            {
                return steps;
            }
        }

        throw NotClifford(index, controls == 0 ? name : $"{name} with {controls} controls", []);
    }

    private BackendException NotClifford(int index, string name, ReadOnlySpan<double> parameters) => new(
        BackendErrorKind.Unsupported, backendId,
        $"Backend '{backendId}' runs Clifford gates only; operation {index}, '{name}{(parameters.Length > 0 ? $"({string.Join(", ", parameters.ToArray())})" : string.Empty)}', is none. Use a sparse, dense or matrix-product backend.")
    {
        OperationIndex = index,
    };

    private readonly record struct Key(ushort Gate, ushort Controls, double P0, double P1, double P2, double P3);
}

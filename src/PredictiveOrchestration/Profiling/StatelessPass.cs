using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What is found of a circuit from its gates alone, whatever is known of its state: how many there are of each kind, what a state vector's passes do, which results of a tableau are
/// random, and what is seen from the end. It may be done by another thread beside the <see cref="ForwardPass"/>.
/// </summary>
internal sealed class StatelessPass
{
    private readonly Circuit _circuit;
    private readonly CliffordRandomness _randomness;
    private readonly FusionSketch<Unnoted>? _sketch;

    /// <summary>Walks through the circuit.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="kinds">What its gates are.</param>
    public StatelessPass(Circuit circuit, GateKinds kinds)
    {
        var n = circuit.NumQubits;
        _circuit = circuit;
        Counts = new CircuitCounts(circuit, kinds);
        (_randomness, _sketch) = (new CliffordRandomness(n), FusionSketch<Unnoted>.Begin(n));
        Walk(kinds);
        FusedWork = _sketch?.Finish() ?? [];
        Randomness = _randomness.IsExact ? _randomness.Finish() : null;
        Backward = new BackwardPass(circuit, Counts, kinds.Gates);
    }

    /// <summary>What was counted.</summary>
    public CircuitCounts Counts { get; }

    /// <summary>What a state vector's passes do; empty where there are too many qubits.</summary>
    public double[] FusedWork { get; }

    /// <summary>What was found of random results; null where there are gates that it cannot follow.</summary>
    public RandomnessOfResults? Randomness { get; }

    /// <summary>What is seen from the end.</summary>
    public BackwardPass Backward { get; }

    private void Walk(GateKinds kinds)
    {
        var operations = _circuit.Operations;
        var nesting = 0;
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var op = ref operations[i];
            var qubits = _circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary:
                    _randomness.Apply(_circuit, op, kinds.IsCliffordAt(i), nesting > 0);
                    _sketch?.Apply(_circuit, op, qubits);
                    break;
                case OperationKind.Measure:
                    _sketch?.Measure(qubits[0]);
                    _randomness.Measure(qubits[0], nesting > 0);
                    break;
                case OperationKind.Reset:
                    _sketch?.Reset(qubits[0]);
                    _randomness.Reset(qubits[0], nesting > 0);
                    break;
                case OperationKind.Barrier:
                    break;
                default:
                    _sketch?.Branch();
                    nesting += op.Kind is OperationKind.If or OperationKind.While ? 1 : op.Kind is OperationKind.EndIf or OperationKind.EndWhile ? -1 : 0;
                    break;
            }
        }
    }
}

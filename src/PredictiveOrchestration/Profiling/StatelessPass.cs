using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What is found of a circuit from its gates alone, whatever is known of its state: how many there are of each kind, what a state vector's passes do, which results of a tableau are
/// random, and what is seen from the end. It may be done by another thread beside the <see cref="ForwardPass"/>.
/// </summary>
internal sealed class StatelessPass
{
    /// <summary>Walks through the circuit.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="kinds">What its gates are.</param>
    public StatelessPass(Circuit circuit, GateKinds kinds)
    {
        Counts = new CircuitCounts(circuit, kinds);
        var randomness = new CliffordRandomness(circuit.NumQubits);
        var sketch = FusionSketch<Unnoted>.Begin(circuit.NumQubits);
        Walk(circuit, kinds, randomness, sketch);
        FusedWork = sketch?.Finish() ?? [];
        Randomness = randomness.IsExact ? randomness.Finish() : null;
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

    private static void Walk(Circuit circuit, GateKinds kinds, CliffordRandomness randomness, FusionSketch<Unnoted>? sketch)
    {
        var operations = circuit.Operations;
        var nesting = 0;
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var op = ref operations[i];
            var qubits = circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary:
                    randomness.Apply(circuit, op, kinds.IsCliffordAt(i), nesting > 0);
                    sketch?.Apply(circuit, op, qubits);
                    break;
                case OperationKind.Measure:
                    sketch?.Measure(qubits[0]);
                    randomness.Measure(qubits[0], nesting > 0);
                    break;
                case OperationKind.Reset:
                    sketch?.Reset(qubits[0]);
                    randomness.Reset(qubits[0], nesting > 0);
                    break;
                case OperationKind.Barrier:
                    break;
                default:
                    sketch?.Branch();
                    nesting += op.NestingStep;
                    break;
            }
        }
    }
}

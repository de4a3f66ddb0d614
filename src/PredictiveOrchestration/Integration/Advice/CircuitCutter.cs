using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Advice;

/// <summary>Cuts circuits into parts that never meet.</summary>
internal static class CircuitCutter
{
    /// <summary>The parts, by their lowest qubits; empty if the circuit is dynamic or all of one piece. Qubits that nothing acts on are in none.</summary>
    public static IReadOnlyList<CircuitBlock> Cut(Circuit circuit)
    {
        if (circuit.IsDynamic || circuit.NumScratchBits > 0 || circuit.NumQubits == 0)
        {
            return [];
        }

        // Qubits first, then classical bits: two measurements into one bit belong together.
        var leader = Enumerable.Range(0, circuit.NumQubits + circuit.NumClbits).ToArray();
        int Find(int i) => leader[i] == i ? i : leader[i] = Find(leader[i]);
        var isUsed = new bool[leader.Length];
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Barrier || op.QubitCount == 0)
            {
                continue;
            }

            var qubits = circuit.QubitsOf(op);
            foreach (var q in qubits)
            {
                isUsed[q] = true;
                leader[Find(q)] = Find(qubits[0]);
            }

            if (op.Kind == OperationKind.Measure)
            {
                leader[Find(circuit.NumQubits + op.Argument)] = Find(qubits[0]);
                isUsed[circuit.NumQubits + op.Argument] = true;
            }
        }

        var groups = Enumerable.Range(0, leader.Length).Where(i => isUsed[i]).GroupBy(Find).Select(g => g.ToArray()).ToList();
        return groups.Count < 2 ? [] : [.. groups.Select(g => Part(circuit, [.. g.Where(i => i < circuit.NumQubits)], [.. g.Where(i => i >= circuit.NumQubits).Select(i => i - circuit.NumQubits)]))];
    }

    private static CircuitBlock Part(Circuit circuit, int[] qubits, int[] clbits)
    {
        var builder = new CircuitBuilder(qubits.Length, clbits.Length, circuit.Name);
        foreach (ref readonly var op in circuit.Operations)
        {
            var own = Array.ConvertAll(circuit.QubitsOf(op).ToArray(), q => Array.BinarySearch(qubits, q));
            if (op.Kind == OperationKind.Barrier)
            {
                own = [.. own.Where(q => q >= 0)];
            }

            if (own.Length == 0 || own[0] < 0)
            {
                continue;
            }

            switch (op.Kind)
            {
                case OperationKind.Gate:
                    builder.Gate(circuit.GateOf(op), op.ControlCount, circuit.ParametersOf(op), own);
                    break;
                case OperationKind.Unitary:
                    builder.Unitary(circuit.MatrixOf(op), own, op.ControlCount);
                    break;
                case OperationKind.Measure:
                    builder.Measure(own[0], Array.BinarySearch(clbits, op.Argument));
                    break;
                case OperationKind.Reset:
                    builder.Reset(own[0]);
                    break;
                default:
                    builder.Barrier(own);
                    break;
            }
        }

        return new CircuitBlock(builder.Build(), qubits, clbits);
    }
}

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
        return groups.Count < 2 ? [] : [.. groups.Select(g => Block([.. g.Where(i => i < circuit.NumQubits)], [.. g.Where(i => i >= circuit.NumQubits).Select(i => i - circuit.NumQubits)]))];

        CircuitBlock Block(int[] qubits, int[] clbits) => new(circuit.Part(qubits, clbits), qubits, clbits);
    }
}

using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the end: light cone and measurements in mid-circuit.</summary>
internal sealed class BackwardPass
{
    /// <summary>Walks the circuit backwards, as far as there is anything to find.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="counts">What was counted of it.</param>
    /// <param name="gates">The number of its gates.</param>
    public BackwardPass(Circuit circuit, CircuitCounts counts, int gates)
    {
        // Run-time control flow is not followed backwards: everything counts as reached.
        var measures = counts.FirstMeasurement >= 0;
        MidCircuitMeasurements = measures ? new MeasurementPlan(circuit, counts.FirstMeasurement).MidCircuitCount : 0;
        if (!measures || counts.IsDynamic)
        {
            (ConeQubits, ConeGates) = (circuit.NumQubits, gates);
            return;
        }

        var operations = circuit.Operations;
        var inCone = new bool[circuit.NumQubits];
        var left = gates - counts.OnNoQubit;
        for (var i = operations.Length - 1; i >= 0; i--)
        {
            if (ConeQubits == inCone.Length && i < counts.FirstReset)
            {
                // All qubits are in it and none leaves it: neither does a gate before.
                ConeGates += left;
                return;
            }

            ref readonly var op = ref operations[i];
            var qubits = circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case OperationKind.Measure:
                    Enter(inCone, qubits[0]);
                    break;
                case OperationKind.Reset:
                    ConeQubits -= inCone[qubits[0]] ? 1 : 0;
                    inCone[qubits[0]] = false;
                    break;
                case OperationKind.Gate or OperationKind.Unitary:
                    var reached = false;
                    left -= qubits.Length > 0 ? 1 : 0;
                    foreach (var q in qubits)
                    {
                        reached |= inCone[q];
                    }

                    if (reached)
                    {
                        ConeGates++;
                        foreach (var q in qubits)
                        {
                            Enter(inCone, q);
                        }
                    }

                    break;
            }
        }
    }

    /// <summary>The qubits that can influence a measured one, seen from the beginning of the circuit.</summary>
    public int ConeQubits { get; private set; }

    /// <summary>The gates that can influence a measured qubit.</summary>
    public int ConeGates { get; }

    /// <summary>Measurements that cannot wait until the end.</summary>
    public int MidCircuitMeasurements { get; }

    private void Enter(bool[] inCone, int qubit)
    {
        ConeQubits += inCone[qubit] ? 0 : 1;
        inCone[qubit] = true;
    }
}

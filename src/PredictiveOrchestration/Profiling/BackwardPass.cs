using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the end: light cone and measurements in mid-circuit.</summary>
internal sealed class BackwardPass
{
    /// <summary>Walks the circuit backwards, as far as there is anything to find.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="firstMeasurement">The place of the first measurement; negative where there is none.</param>
    /// <param name="firstReset">The place of the first reset; that of no operation where there is none.</param>
    /// <param name="isDynamic">Whether its run depends on results.</param>
    /// <param name="gates">The number of its gates.</param>
    /// <param name="onNoQubit">How many of them are on no qubit.</param>
    public BackwardPass(Circuit circuit, int firstMeasurement, int firstReset, bool isDynamic, int gates, int onNoQubit)
    {
        // Run-time control flow is not followed backwards: everything counts as reached.
        var measures = firstMeasurement >= 0;
        MidCircuitMeasurements = measures ? new MeasurementPlan(circuit, firstMeasurement).MidCircuitCount : 0;
        if (!measures || isDynamic)
        {
            (ConeQubits, ConeGates) = (circuit.NumQubits, gates);
            return;
        }

        var operations = circuit.Operations;
        var inCone = new bool[circuit.NumQubits];
        var left = gates - onNoQubit;
        for (var i = operations.Length - 1; i >= 0; i--)
        {
            if (ConeQubits == inCone.Length && i < firstReset)
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

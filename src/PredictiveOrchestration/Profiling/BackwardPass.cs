using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the end: light cone and measurements in mid-circuit.</summary>
internal sealed class BackwardPass
{
    /// <summary>Walks the circuit backwards if there is anything to find.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="measures">Whether it measures.</param>
    /// <param name="isDynamic">Whether its run depends on results.</param>
    /// <param name="gates">The number of its gates.</param>
    public BackwardPass(Circuit circuit, bool measures, bool isDynamic, int gates)
    {
        // Run-time control flow is not followed backwards: everything counts as reached.
        var operations = circuit.Operations;
        var everything = !measures || isDynamic;
        if (everything)
        {
            (ConeQubits, ConeGates) = (circuit.NumQubits, gates);
            MidCircuitMeasurements = measures ? new MeasurementPlan(circuit).MidCircuitCount : 0;
            return;
        }

        var inCone = new bool[circuit.NumQubits];
        for (var i = operations.Length - 1; i >= 0; i--)
        {
            ref readonly var op = ref operations[i];
            var qubits = circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case OperationKind.Measure:
                    inCone[qubits[0]] = true;
                    break;
                case OperationKind.Reset:
                    inCone[qubits[0]] = false;
                    break;
                case OperationKind.Gate or OperationKind.Unitary:
                    var reached = false;
                    foreach (var q in qubits)
                    {
                        reached |= inCone[q];
                    }

                    if (reached)
                    {
                        ConeGates++;
                        foreach (var q in qubits)
                        {
                            inCone[q] = true;
                        }
                    }

                    break;
            }
        }

        ConeQubits = inCone.Count(c => c);
        MidCircuitMeasurements = new MeasurementPlan(circuit).MidCircuitCount;
    }

    /// <summary>The qubits that can influence a measured one, seen from the beginning of the circuit.</summary>
    public int ConeQubits { get; }

    /// <summary>The gates that can influence a measured qubit.</summary>
    public int ConeGates { get; }

    /// <summary>Measurements that cannot wait until the end.</summary>
    public int MidCircuitMeasurements { get; }
}

using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>Everything about a circuit that is found by walking it once from the end: light cone and measurements in mid-circuit.</summary>
internal sealed class BackwardPass
{
    public BackwardPass(Circuit circuit)
    {
        var operations = circuit.Operations;
        var measures = false;
        foreach (ref readonly var op in operations)
        {
            measures |= op.Kind == OperationKind.Measure;
        }

        // Run-time control flow is not followed backwards: everything counts as reached.
        var everything = !measures || circuit.IsDynamic;
        var inCone = new bool[circuit.NumQubits];
        Array.Fill(inCone, everything);
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
                    inCone[qubits[0]] = everything;
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
        MidCircuitMeasurements = measures ? new MeasurementPlan(circuit).MidCircuitCount : 0;
    }

    /// <summary>The qubits that can influence a measured one, seen from the beginning of the circuit.</summary>
    public int ConeQubits { get; }

    /// <summary>The gates that can influence a measured qubit.</summary>
    public int ConeGates { get; }

    /// <summary>Measurements that cannot wait until the end.</summary>
    public int MidCircuitMeasurements { get; }
}

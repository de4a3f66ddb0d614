using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Remote.IonQ;

/// <summary>Writes circuits as IonQ's gate list. What is not in its vocabulary goes as rz, ry and cnot; the service compiles for its devices itself.</summary>
internal static class IonQCircuits
{
    private static readonly Dictionary<(string Gate, int Controls), string> Names = new()
    {
        [("x", 0)] = "x", [("y", 0)] = "y", [("z", 0)] = "z", [("h", 0)] = "h", [("s", 0)] = "s", [("sdg", 0)] = "si", [("t", 0)] = "t", [("tdg", 0)] = "ti",
        [("sx", 0)] = "v", [("sxdg", 0)] = "vi", [("rx", 0)] = "rx", [("ry", 0)] = "ry", [("rz", 0)] = "rz", [("x", 1)] = "cnot", [("swap", 0)] = "swap",
    };

    /// <summary>The circuit in IonQ's gates: itself, or transpiled.</summary>
    public static Circuit InVocabulary(Circuit circuit, CancellationToken cancellationToken)
    {
        foreach (ref readonly var op in circuit.Operations)
        {
            var known = op.Kind switch
            {
                OperationKind.Gate => Names.ContainsKey((circuit.GateOf(op).Name, op.ControlCount)) || circuit.GateOf(op) == GateCatalog.Id || IsGlobalPhase(circuit, op),
                OperationKind.Unitary => false,
                _ => true,
            };
            if (!known)
            {
                var device = new DeviceModel { Name = "IonQ gate list", NumQubits = circuit.NumQubits, BasisGates = new HashSet<string> { "rz", "ry", "cx" } };
                return Transpiler.Transpile(circuit, device, 0, measureAll: false, cancellationToken).Circuit;
            }
        }

        return circuit;
    }

    /// <summary>Writes the list; measurements are not in it, every qubit is read at the end.</summary>
    public static void Write(Utf8JsonWriter json, Circuit circuit)
    {
        json.WriteStartArray("circuit");
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind != OperationKind.Gate || circuit.GateOf(op) == GateCatalog.Id || IsGlobalPhase(circuit, op))
            {
                continue;
            }

            var gate = circuit.GateOf(op);
            var qubits = circuit.QubitsOf(op);
            json.WriteStartObject();
            json.WriteString("gate", Names[(gate.Name, op.ControlCount)]);
            if (op.ControlCount == 1)
            {
                json.WriteNumber("control", qubits[0]);
                json.WriteNumber("target", qubits[1]);
            }
            else if (qubits.Length == 1)
            {
                json.WriteNumber("target", qubits[0]);
            }
            else
            {
                json.WriteStartArray("targets");
                json.WriteNumberValue(qubits[0]);
                json.WriteNumberValue(qubits[1]);
                json.WriteEndArray();
            }

            if (gate.NumParameters == 1)
            {
                json.WriteNumber("rotation", circuit.ParametersOf(op)[0]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static bool IsGlobalPhase(Circuit circuit, in Operation op) => op.QubitCount == 0 && circuit.GateOf(op).NumQubits == 0;
}

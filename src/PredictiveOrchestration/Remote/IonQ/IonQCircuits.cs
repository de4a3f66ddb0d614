using System.Text.Json;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Remote.IonQ;

/// <summary>
/// Writes circuits as IonQ's gate list, which IonQ takes and those who offer its devices. What is not in its vocabulary goes as rz, ry and cnot; the service
/// compiles for its devices itself.
/// </summary>
public static class IonQCircuits
{
    private static readonly GateVocabulary Gates = new("the gate list of IonQ", new Dictionary<(string Gate, int Controls), string>
    {
        [("x", 0)] = "x", [("y", 0)] = "y", [("z", 0)] = "z", [("h", 0)] = "h", [("s", 0)] = "s", [("sdg", 0)] = "si", [("t", 0)] = "t", [("tdg", 0)] = "ti",
        [("sx", 0)] = "v", [("sxdg", 0)] = "vi", [("rx", 0)] = "rx", [("ry", 0)] = "ry", [("rz", 0)] = "rz", [("x", 1)] = "cnot", [("swap", 0)] = "swap",
    });

    /// <summary>The circuit in IonQ's gates: itself, or transpiled.</summary>
    /// <exception cref="Transpilation.TranspilationException">It has run-time control flow, or gates that cannot be taken apart.</exception>
    public static Circuit InVocabulary(Circuit circuit, CancellationToken cancellationToken = default) => Gates.Express(circuit, cancellationToken);

    /// <summary>Writes the property <c>circuit</c>; measurements are not in it, every qubit is read at the end.</summary>
    /// <param name="json">Inside an object.</param>
    /// <param name="circuit">A circuit in IonQ's gates.</param>
    public static void Write(Utf8JsonWriter json, Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(circuit);
        json.WriteStartArray("circuit");
        foreach (ref readonly var op in circuit.Operations)
        {
            if (Gates.NameOf(circuit, op) is not { } name)
            {
                continue;
            }

            var qubits = circuit.QubitsOf(op);
            json.WriteStartObject();
            json.WriteString("gate", name);
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

            if (circuit.GateOf(op).NumParameters == 1)
            {
                json.WriteNumber("rotation", circuit.ParametersOf(op)[0]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

using System.Globalization;
using System.Text;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Remote.Ibm;

/// <summary>Writes transpiled circuits as OpenQASM 3 on physical qubits, with one register of all classical bits.</summary>
internal static class IbmCircuits
{
    public static string Write(Circuit circuit)
    {
        var text = new StringBuilder("OPENQASM 3.0;\ninclude \"stdgates.inc\";\n");
        var body = new StringBuilder();
        var hasEcr = false;
        foreach (ref readonly var op in circuit.Operations)
        {
            var qubits = circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case OperationKind.Gate:
                    var gate = circuit.GateOf(op);
                    hasEcr |= gate == GateCatalog.Ecr;
                    body.Append(op.ControlCount == 1 ? "c" : string.Empty).Append(gate.Name);
                    if (gate.NumParameters == 1)
                    {
                        body.Append(CultureInfo.InvariantCulture, $"({circuit.ParametersOf(op)[0]:R})");
                    }

                    body.Append(CultureInfo.InvariantCulture, $" ${qubits[0]}");
                    if (qubits.Length == 2)
                    {
                        body.Append(CultureInfo.InvariantCulture, $", ${qubits[1]}");
                    }

                    body.Append(";\n");
                    break;
                case OperationKind.Measure:
                    body.Append(CultureInfo.InvariantCulture, $"c[{op.Argument}] = measure ${qubits[0]};\n");
                    break;
                case OperationKind.Reset:
                    body.Append(CultureInfo.InvariantCulture, $"reset ${qubits[0]};\n");
                    break;
                case OperationKind.Barrier:
                    body.Append("barrier ");
                    for (var i = 0; i < qubits.Length; i++)
                    {
                        body.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? string.Empty : ", ")}${qubits[i]}");
                    }

                    body.Append(";\n");
                    break;
            }
        }

        if (hasEcr)
        {
            text.Append("gate ecr a, b { h b; cx a, b; rz(pi/4) b; cx a, b; h b; x a; h b; cx a, b; rz(-pi/4) b; cx a, b; h b; }\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"bit[{circuit.NumClbits + circuit.NumScratchBits}] c;\n").Append(body).ToString();
    }
}

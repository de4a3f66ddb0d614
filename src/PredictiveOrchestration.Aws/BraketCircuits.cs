using System.Globalization;
using System.Text;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>
/// Braket's dialect of OpenQASM 3: no included file, gates by its own names (<c>cnot</c>, <c>si</c>, <c>v</c>, <c>phaseshift</c> …), of which each device
/// knows some. Every qubit is read at the end, qubit k into bit k.
/// </summary>
internal static class BraketCircuits
{
    // By the gate's name here and its controls. Conventions agree: xx(t) is e^{-itXX/2}, iswap has i on both.
    private static readonly Dictionary<(string Gate, int Controls), string> Names = new()
    {
        [("x", 0)] = "x", [("y", 0)] = "y", [("z", 0)] = "z", [("h", 0)] = "h", [("s", 0)] = "s", [("sdg", 0)] = "si", [("t", 0)] = "t", [("tdg", 0)] = "ti",
        [("sx", 0)] = "v", [("sxdg", 0)] = "vi", [("p", 0)] = "phaseshift", [("rx", 0)] = "rx", [("ry", 0)] = "ry", [("rz", 0)] = "rz",
        [("x", 1)] = "cnot", [("y", 1)] = "cy", [("z", 1)] = "cz", [("p", 1)] = "cphaseshift", [("swap", 0)] = "swap", [("iswap", 0)] = "iswap",
        [("rxx", 0)] = "xx", [("ryy", 0)] = "yy", [("rzz", 0)] = "zz", [("x", 2)] = "ccnot", [("swap", 1)] = "cswap",
    };

    // What a device without a list is sent, and what every device has.
    private static readonly HashSet<string> Common = ["x", "y", "z", "h", "s", "si", "t", "ti", "rx", "ry", "rz", "cnot"];
    private static readonly HashSet<string> Least = ["ry", "rz", "cnot"];

    /// <summary>The gates of a device.</summary>
    /// <param name="supported">The operations that it lists; empty if it lists none.</param>
    public static GateVocabulary Vocabulary(IReadOnlySet<string> supported)
    {
        var known = supported.Count == 0 ? Common : supported;
        return new GateVocabulary("Amazon Braket", Names.Where(n => known.Contains(n.Value) || Least.Contains(n.Value)).ToDictionary());
    }

    /// <summary>Writes a circuit in the device's gates.</summary>
    public static string Write(Circuit circuit, GateVocabulary gates)
    {
        var count = Math.Max(1, circuit.NumQubits);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"OPENQASM 3.0;\nbit[{count}] b;\nqubit[{count}] q;\n");
        foreach (ref readonly var op in circuit.Operations)
        {
            if (gates.CallOf(circuit, op) is not { } call)
            {
                continue;
            }

            text.Append(call);
            var separator = " ";
            foreach (var qubit in circuit.QubitsOf(op))
            {
                text.Append(separator).Append(CultureInfo.InvariantCulture, $"q[{qubit}]");
                separator = ", ";
            }

            text.Append(";\n");
        }

        for (var q = 0; q < count; q++)
        {
            text.Append(CultureInfo.InvariantCulture, $"b[{q}] = measure q[{q}];\n");
        }

        return text.ToString();
    }
}

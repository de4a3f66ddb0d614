using System.Globalization;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Azure;

/// <summary>
/// Quil as Rigetti takes it, by the standard gates of its specification (Smith, Curtis and Zeng 2016); its compiler chooses qubits and native gates. The
/// qubits that are asked for are measured at the end into the register <c>ro</c>, the only one that is returned; results shot by shot, a list of its bits each.
/// </summary>
internal sealed class QuilFormat : AzureFormat
{
    // PHASE(t) is diag(1, e^{it}), CPHASE(t) the same under a control; ISWAP has i on both.
    private static readonly GateVocabulary Gates = new("Quil", new Dictionary<(string Gate, int Controls), string>
    {
        [("x", 0)] = "X", [("y", 0)] = "Y", [("z", 0)] = "Z", [("h", 0)] = "H", [("s", 0)] = "S", [("sdg", 0)] = "DAGGER S", [("t", 0)] = "T", [("tdg", 0)] = "DAGGER T",
        [("p", 0)] = "PHASE", [("rx", 0)] = "RX", [("ry", 0)] = "RY", [("rz", 0)] = "RZ", [("x", 1)] = "CNOT", [("z", 1)] = "CZ", [("p", 1)] = "CPHASE",
        [("swap", 0)] = "SWAP", [("iswap", 0)] = "ISWAP", [("x", 2)] = "CCNOT", [("swap", 1)] = "CSWAP",
    });

    public override string Input => "rigetti.quil.v1";

    public override string Output => "rigetti.quil-results.v1";

    public override string ContentType => "text/plain";

    public override string Shots => "count";

    public override AzureProgram Write(Circuit circuit, string backendId, CancellationToken cancellationToken)
    {
        var bits = Readout.OfTerminalMeasurements(circuit, backendId);
        int[] measured = [.. bits.Where(q => q >= 0).Distinct().Order()];
        var written = Gates.Express(circuit, cancellationToken);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"DECLARE ro BIT[{measured.Length}]\n");
        foreach (ref readonly var op in written.Operations)
        {
            if (Gates.CallOf(written, op) is not { } call)
            {
                continue;
            }

            text.Append(call);
            foreach (var qubit in written.QubitsOf(op))
            {
                text.Append(CultureInfo.InvariantCulture, $" {qubit}");
            }

            text.Append('\n');
        }

        for (var k = 0; k < measured.Length; k++)
        {
            text.Append(CultureInfo.InvariantCulture, $"MEASURE {measured[k]} ro[{k}]\n");
        }

        return new AzureProgram(text.ToString(), [.. bits.Select(q => q < 0 ? -1 : Array.IndexOf(measured, q))], written);
    }

    public override RemoteOutcome Read(RemoteJob job, JsonElement json)
    {
        var size = job.Readout.Count == 0 ? 0 : job.Readout.Max() + 1;
        var counts = new Dictionary<BitString, long>();
        foreach (var shot in json.Get("ro").Items())
        {
            var row = ((JsonElement?)shot).Items().ToList();
            if (row.Count != size)
            {
                throw new FormatException($"A shot of the result holds {row.Count} bits of the register ro; it has {size}.");
            }

            Readout.Add(counts, Readout.Select(job.Readout, k => Bit(row[k])), 1L);
        }

        return counts.Count > 0 ? new RemoteOutcome(counts) { Shots = (int)counts.Values.Sum() } : throw new FormatException("The result holds no shots of the register ro.");
    }

    private static bool Bit(JsonElement value) => ((JsonElement?)value).Number() switch
    {
        0 => false,
        1 => true,
        _ => throw new FormatException($"'{value.GetRawText()}' in the result is no bit."),
    };
}

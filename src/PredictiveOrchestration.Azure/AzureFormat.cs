using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Azure;

/// <summary>A circuit in a provider's format.</summary>
/// <param name="Text">What is put into the job's input.</param>
/// <param name="Readout">For each bit of the outcome, where the result has it.</param>
/// <param name="Circuit">The circuit as written.</param>
/// <param name="Notes">What is needed to read the result, or null.</param>
internal sealed record AzureProgram(string Text, IReadOnlyList<int> Readout, Circuit Circuit, string? Notes = null);

/// <summary>The formats in which a provider takes circuits and gives results.</summary>
internal abstract class AzureFormat
{
    private static readonly Dictionary<string, AzureFormat> All = new(StringComparer.Ordinal) { ["ionq"] = new IonQFormat(), ["quantinuum"] = new QuantinuumFormat(), ["rigetti"] = new QuilFormat() };

    public abstract string Input { get; }

    public abstract string Output { get; }

    public abstract string ContentType { get; }

    /// <summary>The name of the parameter that holds the shots.</summary>
    public abstract string Shots { get; }

    public abstract AzureProgram Write(Circuit circuit, string backendId, CancellationToken cancellationToken);

    public abstract RemoteOutcome Read(RemoteJob job, JsonElement json);

    public static AzureFormat? Of(string provider) => All.GetValueOrDefault(provider);
}

/// <summary>IonQ's gate list; probabilities by decimal number, qubit 0 the least significant bit.</summary>
internal sealed class IonQFormat : AzureFormat
{
    public override string Input => "ionq.circuit.v1";

    public override string Output => "ionq.quantum-results.v1";

    public override string ContentType => "application/json";

    public override string Shots => "shots";

    public override AzureProgram Write(Circuit circuit, string backendId, CancellationToken cancellationToken)
    {
        var readout = Readout.OfTerminalMeasurements(circuit, backendId);
        var written = IonQCircuits.InVocabulary(circuit, cancellationToken);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("qubits", Math.Max(1, written.NumQubits));
            IonQCircuits.Write(json, written);
            json.WriteEndObject();
        }

        return new AzureProgram(Encoding.UTF8.GetString(buffer.ToArray()), readout, written);
    }

    public override RemoteOutcome Read(RemoteJob job, JsonElement json) => new(IonQResults.OfDecimalStates(job, json.Get("histogram") ?? json.Get("Histogram")));
}

/// <summary>
/// OpenQASM 2 as Quantinuum takes it, with measurement and reset in mid-circuit and <c>if (register == number)</c>; results shot by shot, a text of bits for
/// each register, its bit 0 rightmost.
/// </summary>
internal sealed partial class QuantinuumFormat : AzureFormat
{
    public override string Input => "honeywell.openqasm.v1";

    public override string Output => "honeywell.quantum-results.v1";

    public override string ContentType => "application/qasm";

    public override string Shots => "count";

    public override AzureProgram Write(Circuit circuit, string backendId, CancellationToken cancellationToken)
    {
        var (measured, readout) = Measured(circuit);
        string text;
        try
        {
            text = OpenQasmWriter.Write(measured, OpenQasmVersion.Version2);
        }
        catch (OpenQasmException)
        {
            try
            {
                var device = new DeviceModel { Name = "OpenQASM 2", NumQubits = measured.NumQubits, BasisGates = new HashSet<string> { "rz", "ry", "cx" } };
                measured = Transpiler.Transpile(measured, device, 0, cancellationToken).Circuit;
                text = OpenQasmWriter.Write(measured, OpenQasmVersion.Version2);
            }
            catch (Exception exception) when (exception is TranspilationException or OpenQasmException)
            {
                throw new BackendException(BackendErrorKind.Unsupported, backendId, $"Backend '{backendId}' cannot run the circuit: {exception.Message}", exception);
            }
        }

        // The writer may have changed names that the language does not allow.
        var registers = string.Join(' ', Registers().Matches(text).Select(m => $"{m.Groups[1].Value}:{m.Groups[2].Value}"));
        return new AzureProgram(text, readout, measured, registers);
    }

    public override RemoteOutcome Read(RemoteJob job, JsonElement json)
    {
        var registers = (job.Notes ?? string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(r => r.Split(':')).Select(r => (Name: r[0], Size: int.Parse(r[1], System.Globalization.CultureInfo.InvariantCulture))).ToList();
        var columns = registers.Select(r => json.Get(r.Name).Items().Select(s => s.ValueKind == JsonValueKind.String ? s.GetString()! : s.GetRawText()).ToList()).ToList();
        var shots = columns.Count == 0 ? 0 : columns[0].Count;
        if (shots == 0 || columns.Exists(c => c.Count != shots))
        {
            throw new FormatException($"The result does not hold as many shots for each of the registers {string.Join(", ", registers.Select(r => r.Name))}.");
        }

        // The service's bit k is the k-th of all registers in the order in which they are declared.
        var places = registers.SelectMany((r, column) => Enumerable.Range(0, r.Size).Select(bit => (Column: column, Bit: bit))).ToList();
        var counts = new Dictionary<BitString, long>();
        for (var shot = 0; shot < shots; shot++)
        {
            Readout.Add(counts, Readout.Select(job.Readout, k => Bit(columns[places[k].Column][shot], registers[places[k].Column].Size, places[k].Bit)), 1L);
        }

        return new RemoteOutcome(counts) { Shots = shots };
    }

    private static bool Bit(string text, int size, int bit) => text.Length == size && text[size - 1 - bit] is '0' or '1'
        ? text[size - 1 - bit] == '1'
        : throw new FormatException($"'{text}' is no text of {size} bits.");

    // Where nothing is measured all qubits are read, into bits behind the circuit's own.
    private static (Circuit Circuit, IReadOnlyList<int> Readout) Measured(Circuit circuit)
    {
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Measure)
            {
                return (circuit, [.. Enumerable.Range(0, circuit.NumClbits)]);
            }
        }

        var measures = new CircuitBuilder(circuit.NumQubits, circuit.NumClbits + circuit.NumQubits);
        for (var q = 0; q < circuit.NumQubits; q++)
        {
            measures.Measure(q, circuit.NumClbits + q);
        }

        var empty = new CircuitBuilder(circuit.NumQubits, circuit.NumClbits + circuit.NumQubits).Build();
        return (empty.Compose(circuit).Compose(measures.Build()), [.. Enumerable.Range(circuit.NumClbits, circuit.NumQubits)]);
    }

    [GeneratedRegex(@"^creg (\w+)\[(\d+)\];", RegexOptions.Multiline)]
    private static partial Regex Registers();
}

using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>
/// Reads what IonQ's clients post, as leniently as they write: numbers in quotes, unknown fields, <c>target</c> for <c>backend</c>. The circuit is kept as
/// OpenQASM, so that the store holds jobs of one kind.
/// </summary>
internal sealed class IonQReader(WorkerOptions options, SubmissionReader reader, TimeProvider time)
{
    /// <summary>What IonQ's names of devices begin with.</summary>
    public const string Prefix = "qpu.";

    private const int DefaultShots = 100;
    private const int MaxCircuits = 5_000;

    // Up to here the simulator gives exact probabilities, as IonQ's does; beyond, frequencies.
    private const int MaxExactQubits = 29;
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 32 };
    private long _seeds;

    /// <summary>Reads a job.</summary>
    /// <returns>What all parts share, and the parts; one for a job of one circuit.</returns>
    /// <exception cref="ProblemException">400: it cannot be read.</exception>
    public (WireSubmission Common, IonQEnvelope Envelope, IReadOnlyList<Submission> Parts) Read(byte[] body)
    {
        using var document = Parse(body);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("input", out var input) || input.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("the job needs an 'input'", "input");
        }

        if (Text(root, "session_id") is not null)
        {
            // To run it all the same would be to run it without the limits that its session promises.
            throw Wrong("this worker has no sessions; limits are those of the API key", "session_id");
        }

        var backend = Text(root, "backend") ?? Text(root, "target") ?? throw Wrong("the job needs a 'backend'", "backend");
        var device = Device(backend);
        if (device is null && backend is not "simulator" and not "ideal")
        {
            throw Wrong($"there is no backend '{(backend.Length > 60 ? backend[..60] : backend)}'; this worker has {string.Join(", ", options.NoisyDevices.Select(d => $"'{Prefix}{d.Id}'").Prepend("'simulator'"))}", "backend");
        }

        var noise = root.TryGetProperty("noise", out var n) && n.ValueKind == JsonValueKind.Object ? n : default;
        var model = Text(noise, "model");
        if (device is null && model is not null and not "ideal")
        {
            device = options.NoisyDevices.Any(d => d.Id == model) ? model
                : throw Wrong($"there is no noise model '{(model.Length > 60 ? model[..60] : model)}'; this worker has {string.Join(", ", options.NoisyDevices.Select(d => $"'{d.Id}'").Prepend("'ideal'"))}", "noise");
        }

        var shots = Integer(root, "shots") ?? DefaultShots;
        if (shots < 1 || shots > options.MaxShots)
        {
            throw new ProblemException(400, "invalid-request", $"shots is {shots}; accepted are 1 to {options.MaxShots}.") { IonQCode = "TooManyShots", Errors = ["shots"] };
        }

        var type = Text(root, "type") ?? (Text(input, "data") is null ? "ionq.circuit.v1" : "ionq.qasm3.v1");
        var envelope = new IonQEnvelope(type, Device(backend) is null ? "simulator" : backend, model, root.TryGetProperty("settings", out var settings) && settings.ValueKind == JsonValueKind.Object ? settings.GetRawText() : null);
        var common = new WireSubmission
        {
            Device = device ?? WorkerProtocol.AutoDevice,
            RequireExact = device is null,
            Shots = shots,
            Seed = (ulong?)Integer(noise, "seed") ?? Seed(),
            Name = Text(root, "name"),
            Metadata = Metadata(root),
            DryRun = root.TryGetProperty("dry_run", out var dry) && dry.ValueKind == JsonValueKind.True,
        };
        return (common, envelope, type switch
        {
            "ionq.circuit.v1" or "ionq.circuit.v0" => [Circuit(common, envelope, input, input)],
            "ionq.qasm3.v1" => [Source(common, envelope, Text(input, "data") ?? throw Wrong("an OpenQASM job needs 'input.data'", "input"))],
            "ionq.multi-circuit.v1" => Several(common, envelope, input),
            _ => throw Wrong($"the type '{(type.Length > 60 ? type[..60] : type)}' is not known; accepted are ionq.circuit.v1, ionq.qasm3.v1 and ionq.multi-circuit.v1", "type"),
        });
    }

    /// <summary>The simulated device that a backend's name means to IonQ's clients, or null.</summary>
    public string? Device(string backend) =>
        backend.StartsWith(Prefix, StringComparison.Ordinal) && options.NoisyDevices.Any(d => d.Id == backend[Prefix.Length..]) ? backend[Prefix.Length..] : null;

    private IReadOnlyList<Submission> Several(WireSubmission common, IonQEnvelope envelope, JsonElement input)
    {
        if (!input.TryGetProperty("circuits", out var circuits) || circuits.ValueKind != JsonValueKind.Array || circuits.GetArrayLength() is < 1 or > MaxCircuits || input.TryGetProperty("circuit", out _))
        {
            throw Wrong($"a job of several circuits needs 'input.circuits' of 1 to {MaxCircuits} and no 'input.circuit'", "input");
        }

        return [.. circuits.EnumerateArray().Select((c, i) => Circuit(common with { Name = Text(c, "name") ?? common.Name, Seed = common.Seed + (ulong)i, Metadata = null }, envelope with { Type = "ionq.circuit.v1" }, c, input))];
    }

    private Submission Circuit(WireSubmission common, IonQEnvelope envelope, JsonElement circuit, JsonElement parent)
    {
        var qubits = Integer(circuit, "qubits") ?? Integer(parent, "qubits") ?? throw Wrong("the circuit needs 'qubits'", "input");
        if (qubits < 1 || qubits > options.MaxQubits)
        {
            throw new ProblemException(400, "invalid-request", $"The circuit has {qubits} qubits; accepted are 1 to {options.MaxQubits}.") { IonQCode = "NotEnoughQubits" };
        }

        var gateset = Text(circuit, "gateset") ?? Text(parent, "gateset") ?? "qis";
        if (gateset is not "qis" and not "native")
        {
            throw Wrong($"the gateset '{(gateset.Length > 60 ? gateset[..60] : gateset)}' is not known; accepted are qis and native", "input");
        }

        var read = IonQGates.Read(circuit.TryGetProperty("circuit", out var gates) ? gates : throw Wrong("the input needs a 'circuit'", "input"), qubits, gateset);
        var wire = common with { Program = new WireProgram(WorkerProtocol.OpenQasm3, OpenQasmWriter.Write(read)), TopProbabilities = common.RequireExact ? Exact(qubits) : 0 };
        return new Submission(wire, read, JsonSerializer.SerializeToUtf8Bytes(wire, WorkerJson.Default.WireSubmission), envelope);
    }

    private Submission Source(WireSubmission common, IonQEnvelope envelope, string source)
    {
        var wire = common with { Program = new WireProgram(WorkerProtocol.OpenQasm3, source) };
        var read = reader.Read(wire);
        wire = wire with { TopProbabilities = common.RequireExact ? Exact(read.NumQubits) : 0 };
        return new Submission(wire, read, JsonSerializer.SerializeToUtf8Bytes(wire, WorkerJson.Default.WireSubmission), envelope);
    }

    private int Exact(int qubits) => qubits <= MaxExactQubits ? options.MaxProbabilities : 0;

    // Two jobs alike are two experiments.
    private ulong Seed() => (ulong)time.GetUtcNow().Ticks + ((ulong)Interlocked.Increment(ref _seeds) << 40);

    private static JsonDocument Parse(byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body, Reading);
        }
        catch (JsonException exception)
        {
            throw Wrong($"the body is no JSON: {(exception.Message.Length > 200 ? exception.Message[..200] : exception.Message)}", null);
        }
    }

    private static Dictionary<string, string>? Metadata(JsonElement root)
    {
        if (!root.TryGetProperty("metadata", out var metadata) || metadata.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var found = metadata.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToDictionary(p => p.Name, p => p.Value.ValueKind == JsonValueKind.String ? p.Value.GetString()! : p.Value.GetRawText());
        return found.Count <= 64 && found.Sum(p => p.Key.Length + p.Value.Length) <= 400_000 ? found : throw Wrong("the metadata has more than 64 entries or 400000 characters", "metadata");
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Integer(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)) || (value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out number)) ? number
            : value.ValueKind == JsonValueKind.String && value.GetString() == "None" ? null : throw Wrong($"'{name}' is no integer", name);
    }

    private static ProblemException Wrong(string message, string? field) => new(400, "invalid-request", $"The job is refused: {message}.") { IonQCode = "InvalidInput", Errors = field is null ? null : [field] };
}

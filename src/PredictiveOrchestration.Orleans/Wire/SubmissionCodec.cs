using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>
/// Circuits and requests as bytes: the submissions of the worker's protocol, JSON with the circuit as OpenQASM 3. Numbers survive exactly. Everything is bounded before it is read.
/// </summary>
internal static class SubmissionCodec
{
    /// <summary>The longest submission, in bytes.</summary>
    public const int MaxBytes = 32 << 20;

    private const int MaxTerms = 100_000;

    private static readonly OpenQasmReaderOptions Reading = new() { MaxSourceLength = MaxBytes, MaxUnrolledOperations = 5_000_000, MaxSteps = 5_000_000, MaxErrors = 20 };

    /// <summary>Writes what is to be run.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="request">What is asked for; limits and observables go along, progress and swap control do not.</param>
    /// <param name="device">The engine, or null for the silo's choice.</param>
    /// <param name="cost">The most that it may cost; null for nothing.</param>
    /// <exception cref="BackendException">The circuit has no OpenQASM form, or is too long.</exception>
    public static byte[] Write(Circuit circuit, ExecutionRequest request, string? device, decimal? cost = null)
    {
        string source;
        try
        {
            source = OpenQasmWriter.Write(circuit);
        }
        catch (OpenQasmException exception)
        {
            throw new BackendException(BackendErrorKind.Unsupported, "cluster", $"The circuit cannot be sent to the cluster as OpenQASM: {exception.Message}", exception);
        }

        var bytes = JsonSerializer.SerializeToUtf8Bytes(
            new WireSubmission
            {
                Program = new WireProgram(WorkerProtocol.OpenQasm3, source),
                Device = device ?? WorkerProtocol.AutoDevice,
                Shots = request.Shots,
                Seed = request.Seed,
                TopProbabilities = request.TopProbabilities,
                Observables = request.Observables.Count == 0 ? null : [.. request.Observables.Select(o => o.Terms.Select(t => WorkerClient.Term(t, circuit.NumQubits)).ToList())],
                RequireExact = request.RequireExact,
                Limits = new WireLimits { Seconds = request.Limits.Time?.TotalSeconds, MemoryBytes = request.Limits.MemoryBytes, Cost = cost ?? 0 },
            },
            WorkerJson.Default.WireSubmission);
        return bytes.Length <= MaxBytes ? bytes : throw new BackendException(
            BackendErrorKind.Unsupported, "cluster", $"The submission takes {bytes.Length} bytes; the cluster takes {MaxBytes}.");
    }

    /// <summary>Reads what is to be run; its program is a text still, see <see cref="KnownPrograms"/>, and the rest a <see cref="Request"/>.</summary>
    /// <exception cref="FormatException">It is damaged, too long, or asks for what nobody can do; the message says what.</exception>
    public static WireSubmission Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new FormatException($"The submission takes {bytes.Length} bytes; accepted are {MaxBytes}.");
        }

        try
        {
            var wire = JsonSerializer.Deserialize(bytes, WorkerJson.Default.WireSubmission);
            return wire is { Program.Data.Length: > 0, Shots: >= 0, TopProbabilities: >= 0, Device.Length: > 0 } && (wire.Observables?.Sum(o => (long)o.Count) ?? 0) <= MaxTerms
                ? wire
                : throw new FormatException("The submission lacks a program, or its numbers are out of range.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The submission cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a program of a job, with values for its inputs.</summary>
    /// <exception cref="OpenQasmException">It has errors.</exception>
    public static Circuit Program(string source, IReadOnlyDictionary<string, double>? inputs) =>
        OpenQasmReader.Read(source, inputs is null or { Count: 0 } ? Reading : Reading with { Inputs = inputs }).GetCircuitOrThrow();

    /// <summary>What an orchestrator is asked for.</summary>
    public static OrchestrationRequest Request(WireSubmission wire) => new()
    {
        Shots = wire.Shots,
        Seed = wire.Seed,
        TopProbabilities = wire.TopProbabilities,
        Observables = [.. (wire.Observables ?? []).Select(o => new PauliSum([.. o.Select(t => PauliTerm.Parse(t.Label, t.Coefficient))]))],
        RequireExact = wire.RequireExact,
        Backend = wire.Device == WorkerProtocol.AutoDevice ? null : wire.Device,
        CostThreshold = wire.Limits?.Cost,
        Limits = new ExecutionLimits { Time = wire.Limits?.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null, MemoryBytes = wire.Limits?.MemoryBytes },
    };
}

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>A job as it is sent and kept: the programs, the bindings, and what is asked of each run as a submission of the worker's protocol without a program.</summary>
internal sealed record JobPayload
{
    /// <summary>The longest payload, in bytes.</summary>
    public const int MaxBytes = SubmissionCodec.MaxBytes;

    public required IReadOnlyList<string> Programs { get; init; }

    public IReadOnlyList<IReadOnlyDictionary<string, double>> Bindings { get; init; } = [];

    public required WireSubmission Asked { get; init; }

    public bool AllowSplit { get; init; }

    public string? Name { get; init; }

    /// <summary>The number of runs.</summary>
    [JsonIgnore]
    public int Units => Programs.Count * Math.Max(1, Bindings.Count);

    /// <summary>Whether it may use paid backends.</summary>
    [JsonIgnore]
    public bool MayPay => Asked.Limits?.Cost > 0;

    public static byte[] Write(ClusterJobRequest job)
    {
        job.Check();
        var request = job.Request;

        // Labels of observables are as long as they need be: the first program's width is not known here.
        var width = request.Observables.SelectMany(o => o.Terms).SelectMany(t => t.Factors).Select(f => f.Qubit + 1).DefaultIfEmpty(1).Max();
        var bytes = JsonSerializer.SerializeToUtf8Bytes(
            new JobPayload
            {
                Programs = job.Programs, Bindings = job.Bindings, AllowSplit = job.AllowSplit, Name = job.Name,
                Asked = new WireSubmission
                {
                    Device = request.Backend ?? WorkerProtocol.AutoDevice, Shots = request.Shots, Seed = request.Seed, TopProbabilities = request.TopProbabilities, RequireExact = request.RequireExact,
                    Observables = request.Observables.Count == 0 ? null : [.. request.Observables.Select(o => o.Terms.Select(t => WorkerClient.Term(t, width)).ToList())],
                    Limits = new WireLimits { Seconds = request.Limits.Time?.TotalSeconds, MemoryBytes = request.Limits.MemoryBytes, Cost = request.CostThreshold ?? 0 },
                },
            },
            JobJson.Default.JobPayload);
        return bytes.Length <= MaxBytes ? bytes : throw new ArgumentException($"The job takes {bytes.Length} bytes; the cluster takes {MaxBytes}. Submit it as several jobs.");
    }

    /// <exception cref="FormatException">It is damaged or too long.</exception>
    public static JobPayload Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new FormatException($"The job takes {bytes.Length} bytes; accepted are {MaxBytes}.");
        }

        try
        {
            var read = JsonSerializer.Deserialize(bytes, JobJson.Default.JobPayload);
            return read is { Programs.Count: > 0, Asked: { Shots: >= 0, TopProbabilities: >= 0 } } && read.Units <= ClusterJobRequest.MaxRuns ? read : throw new FormatException("The job lacks a program, or its numbers are out of range.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The job cannot be read: {exception.Message}", exception);
        }
    }

    public static byte[] FingerprintOf(ReadOnlySpan<byte> payload) => SHA256.HashData(payload);

    /// <summary>The circuit of a run.</summary>
    public Circuit CircuitOf(int unit)
    {
        var bindings = Math.Max(1, Bindings.Count);
        return SubmissionCodec.Program(Programs[unit / bindings], Bindings.Count == 0 ? null : Bindings[unit % bindings]);
    }

    /// <summary>What is asked of each run.</summary>
    public OrchestrationRequest Request => SubmissionCodec.Request(Asked);
}

/// <summary>How payloads are read and written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = WorkerProtocol.MaxJsonDepth, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(JobPayload))]
internal sealed partial class JobJson : JsonSerializerContext;

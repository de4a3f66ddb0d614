using System.Text.Json.Serialization;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>What is known of a job at one moment. Immutable; this is what the store keeps.</summary>
internal sealed record JobRecord
{
    public required string Id { get; init; }

    public required string Owner { get; init; }

    public required JobState State { get; init; }

    /// <summary>Grows with every change.</summary>
    public int Version { get; set; } = 1;

    public string? Name { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    public required string Device { get; init; }

    public required int Shots { get; init; }

    public bool DryRun { get; init; }

    public int NumQubits { get; init; }

    public int OneQubitGates { get; init; }

    public int TwoQubitGates { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public double PredictedSeconds { get; init; }

    public double RunSeconds { get; init; }

    public decimal EstimatedCost { get; init; }

    /// <summary>The money set aside for it.</summary>
    public decimal ReservedCost { get; init; }

    public decimal? Cost { get; init; }

    public required string Currency { get; init; }

    public string? Backend { get; init; }

    public WireFailure? Failure { get; init; }

    /// <summary>Whether a run may cost money at somebody else's: then it is never begun a second time.</summary>
    public bool PaysOthers { get; init; }

    public int Attempts { get; init; }

    /// <summary>Whether its owner asked for its end while it ran; it is then not begun again after a restart.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>What the IonQ façade needs to show the job as it was sent, or null if it came by our own protocol.</summary>
    public IonQ.IonQEnvelope? IonQ { get; init; }

    /// <summary>The job that this is a part of, or null.</summary>
    public string? Parent { get; init; }

    /// <summary>The parts of a job of several circuits; such a job does not run itself.</summary>
    public IReadOnlyList<string>? Children { get; init; }

    [JsonIgnore]
    public bool IsFinal => State.IsFinal();
}

/// <summary>How records are written.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobRecord))]
internal sealed partial class JobJson : JsonSerializerContext;

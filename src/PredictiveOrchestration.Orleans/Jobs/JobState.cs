using Orleans;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>A job that has not ended, as it is kept: written when it is accepted, and not again. How far it is since then is a <see cref="JobProgress"/>. Mutable: only its grain has it.</summary>
[GenerateSerializer]
[Alias("po.JobState")]
internal sealed class JobState
{
    /// <summary>What was asked for, as UTF-8 JSON (<see cref="JobPayload"/>).</summary>
    [Id(0)]
    public byte[] Payload { get; set; } = [];

    [Id(1)]
    public byte[] Fingerprint { get; set; } = [];

    [Id(2)]
    public DateTimeOffset AcceptedAt { get; set; }

    [Id(3)]
    public bool CancelRequested { get; set; }

    [Id(4)]
    public string? TraceParent { get; set; }

    [Id(5)]
    public List<JobPart> Parts { get; set; } = [];

    [Id(6)]
    public int Restarts { get; set; }

    /// <summary>Whether a run may have begun that can pay others: it is marked before it begins.</summary>
    [Id(7)]
    public bool MayHavePaid { get; set; }

    /// <summary>The same, which changes of this one do not reach.</summary>
    public JobState Copy() => new()
    {
        Payload = Payload, Fingerprint = Fingerprint, AcceptedAt = AcceptedAt, CancelRequested = CancelRequested, TraceParent = TraceParent, Parts = [.. Parts], Restarts = Restarts, MayHavePaid = MayHavePaid,
    };
}

/// <summary>What became of a job since it was accepted, as it is kept beside it: that is small, and written often.</summary>
[GenerateSerializer]
[Alias("po.JobProgress")]
internal sealed class JobProgress
{
    /// <summary>When the job was accepted that this is of: an earlier one may have had its key.</summary>
    [Id(0)]
    public DateTimeOffset AcceptedAt { get; set; }

    [Id(1)]
    public bool CancelRequested { get; set; }

    [Id(2)]
    public bool MayHavePaid { get; set; }

    [Id(3)]
    public int Restarts { get; set; }

    /// <summary>The parts that have ended, by their place.</summary>
    [Id(4)]
    public Dictionary<int, RunReport> Ends { get; set; } = [];

    /// <summary>What a job has come to.</summary>
    public static JobProgress Of(JobState job) => new()
    {
        AcceptedAt = job.AcceptedAt, CancelRequested = job.CancelRequested, MayHavePaid = job.MayHavePaid, Restarts = job.Restarts,
        Ends = job.Parts.Index().Where(p => p.Item.End is not null).ToDictionary(p => p.Index, p => p.Item.End!),
    };

    /// <summary>Brings a job to where it was.</summary>
    public void Apply(JobState job)
    {
        if (AcceptedAt == job.AcceptedAt)
        {
            (job.CancelRequested, job.MayHavePaid, job.Restarts) = (CancelRequested, MayHavePaid, Restarts);
            foreach (var (part, end) in Ends)
            {
                job.Parts[part] = job.Parts[part] with { End = end };
            }
        }
    }
}

/// <summary>One run of a job.</summary>
[GenerateSerializer]
[Alias("po.JobPart")]
[Immutable]
internal sealed record JobPart
{
    /// <summary>The run of the request: program times bindings plus binding.</summary>
    [Id(0)]
    public int Unit { get; init; }

    /// <summary>The block of the circuit, or -1 for all of it.</summary>
    [Id(1)]
    public int Block { get; init; } = -1;

    [Id(2)]
    public int FirstShot { get; init; }

    [Id(3)]
    public int Shots { get; init; }

    /// <summary>The engine, the same for all parts of one circuit; null for the silo's choice.</summary>
    [Id(4)]
    public string? Engine { get; init; }

    [Id(5)]
    public double PredictedSeconds { get; init; }

    [Id(6)]
    public EngineNeed[] Needs { get; init; } = [];

    /// <summary>How it ended, or null.</summary>
    [Id(7)]
    public RunReport? End { get; init; }
}

/// <summary>A job that has ended, as it is kept for a time.</summary>
[GenerateSerializer]
[Alias("po.EndedJob")]
internal sealed class EndedJob
{
    [Id(0)]
    public ClusterJobStatus? Status { get; set; }

    [Id(1)]
    public byte[] Fingerprint { get; set; } = [];

    [Id(2)]
    public List<RunEnd> Runs { get; set; } = [];
}

/// <summary>How a run of the request ended.</summary>
[GenerateSerializer]
[Alias("po.RunEnd")]
[Immutable]
internal sealed record RunEnd
{
    /// <summary>The result as UTF-8 JSON, or null.</summary>
    [Id(0)]
    public byte[]? Result { get; init; }

    [Id(1)]
    public string? FailureCode { get; init; }

    [Id(2)]
    public string? FailureMessage { get; init; }
}

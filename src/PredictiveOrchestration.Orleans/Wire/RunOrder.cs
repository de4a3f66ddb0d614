using Orleans;
using PredictiveOrchestration.Orleans.Placement;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>One run as it is sent to a silo: a circuit, or a part of the shots of one.</summary>
[GenerateSerializer]
[Alias("po.RunOrder")]
[Immutable]
internal sealed record RunOrder
{
    /// <summary>The submission as UTF-8 JSON, see <see cref="SubmissionCodec"/>; its device is an engine of the silo, or <c>auto</c>.</summary>
    [Id(0)]
    public required byte[] Submission { get; init; }

    [Id(1)]
    public required string Tenant { get; init; }

    [Id(2)]
    public int FirstShot { get; init; }

    /// <summary>What the run is predicted to take on the machine that asks.</summary>
    [Id(3)]
    public double PredictedSeconds { get; init; }

    /// <summary>The key under which money is reserved: the job's part, the same for every try, and the try; null if none may be spent.</summary>
    [Id(4)]
    public string? SpendKey { get; init; }

    /// <summary>Wrong readout of simulated devices is left to whoever joins the parts.</summary>
    [Id(5)]
    public bool DefersReadout { get; init; }

    /// <summary>The W3C trace context of whoever asked for the job, or null.</summary>
    [Id(6)]
    public string? TraceParent { get; init; }

    /// <summary>What engines would take, for a run that may go from the line of one silo to another; empty for one that stays.</summary>
    [Id(7)]
    public EngineNeed[] Needs { get; init; } = [];
}

/// <summary>What a run has come to.</summary>
[GenerateSerializer]
[Alias("po.RunReport")]
[Immutable]
internal sealed record RunReport
{
    /// <summary>The silo knows nothing of the run: it was lost with the silo that had it.</summary>
    public static RunReport Lost { get; } = new() { Phase = RunPhase.Lost };

    /// <summary>The silo is stopping and gives back what it has.</summary>
    public static RunReport Returned { get; } = new() { Phase = RunPhase.Returned };

    [Id(0)]
    public RunPhase Phase { get; init; }

    /// <summary>The result as UTF-8 JSON, if it succeeded.</summary>
    [Id(1)]
    public byte[]? Result { get; init; }

    /// <summary>Why it failed: a code of the worker's protocol.</summary>
    [Id(2)]
    public string? FailureCode { get; init; }

    [Id(3)]
    public string? FailureMessage { get; init; }

    /// <summary>Whether it may succeed elsewhere or later; a refusal, when to ask again.</summary>
    [Id(4)]
    public bool IsRetryable { get; init; }

    [Id(5)]
    public TimeSpan RetryAfter { get; init; }

    /// <summary>How much is done, 0 to 1.</summary>
    [Id(6)]
    public double Progress { get; init; }

    /// <summary>Where an earlier run left off, or null.</summary>
    [Id(7)]
    public int? ResumedAt { get; init; }

    [Id(8)]
    public decimal Cost { get; init; }

    /// <summary>The silo's name.</summary>
    [Id(9)]
    public string Silo { get; init; } = string.Empty;

    /// <summary>The probability of each bit to be read wrong, where that was left to whoever joins.</summary>
    [Id(10)]
    public double[]? Misreads { get; init; }

    /// <summary>The time that it waited at the silo.</summary>
    [Id(11)]
    public TimeSpan Waited { get; init; }

    /// <summary>Where it goes, if it was returned because another silo has room for it; else null.</summary>
    [Id(12)]
    public string? MovesTo { get; init; }

    public bool IsFinal => Phase is RunPhase.Succeeded or RunPhase.Failed or RunPhase.Cancelled;
}

/// <summary>The phases of a run.</summary>
[GenerateSerializer]
[Alias("po.RunPhase")]
internal enum RunPhase
{
    Waiting,
    Running,
    Succeeded,
    Failed,
    Cancelled,

    /// <summary>The silo has no room for it.</summary>
    Refused,

    /// <summary>The silo that had it is gone.</summary>
    Lost,

    /// <summary>The silo gives it back: it is stopping, or another has room for what waits here.</summary>
    Returned,
}

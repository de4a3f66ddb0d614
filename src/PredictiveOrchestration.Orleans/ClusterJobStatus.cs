using Orleans;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Orleans;

/// <summary>The states of a job. The first two are not final.</summary>
[GenerateSerializer]
[Alias("po.ClusterJobState")]
public enum ClusterJobState
{
    /// <summary>Written down, and waiting.</summary>
    Accepted,

    /// <summary>Under way.</summary>
    Running,

    /// <summary>Done; every run has a result.</summary>
    Succeeded,

    /// <summary>Ended, and at least one run has no result; each says why.</summary>
    Failed,

    /// <summary>Cancelled before it ended.</summary>
    Cancelled,

    /// <summary>Not known: there was never such a job, or its result was kept for its time and is gone.</summary>
    Unknown,
}

/// <summary>How a job stands.</summary>
[GenerateSerializer]
[Alias("po.ClusterJobStatus")]
[Immutable]
public sealed record ClusterJobStatus
{
    /// <summary>Gets the job's id: its tenant and key.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>Gets the name given to it, or null.</summary>
    [Id(1)]
    public string? Name { get; init; }

    /// <summary>Gets the state.</summary>
    [Id(2)]
    public ClusterJobState State { get; init; }

    /// <summary>Gets a value indicating whether it has ended.</summary>
    public bool IsFinal => State is ClusterJobState.Succeeded or ClusterJobState.Failed or ClusterJobState.Cancelled or ClusterJobState.Unknown;

    /// <summary>Gets how much is done, 0 to 1, by predicted time.</summary>
    [Id(3)]
    public double Progress { get; init; }

    /// <summary>Gets when it was accepted.</summary>
    [Id(4)]
    public DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Gets when it ended, or null.</summary>
    [Id(5)]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Gets the number of runs that it was split into.</summary>
    [Id(6)]
    public int Parts { get; init; }

    /// <summary>Gets how many of them have ended.</summary>
    [Id(7)]
    public int PartsEnded { get; init; }

    /// <summary>Gets how often something was begun again because a silo was lost: a run, or the work of looking after the job.</summary>
    [Id(8)]
    public int Restarts { get; init; }

    /// <summary>Gets the names of the silos that gave results.</summary>
    [Id(9)]
    public IReadOnlyList<string> Silos { get; init; } = Array.Empty<string>();

    /// <summary>Gets what it has cost so far, in the silos' currency.</summary>
    [Id(10)]
    public decimal Cost { get; init; }

    /// <summary>Gets the greatest operation at which a run took up the state that a lost silo left, or null.</summary>
    [Id(11)]
    public int? ResumedAtOperation { get; init; }

    /// <summary>Gets the predicted time of all its runs, one after the other.</summary>
    [Id(12)]
    public TimeSpan PredictedTime { get; init; }

    /// <summary>Gets a value indicating whether this answers a submission that had been accepted before under the same key.</summary>
    [Id(13)]
    public bool IsReplay { get; init; }
}

/// <summary>What a job gave: a run for each program and binding, programs first.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Runs">The runs: program 0 with each binding, then program 1, and so on.</param>
public sealed record ClusterJobResult(ClusterJobStatus Status, IReadOnlyList<ClusterRun> Runs);

/// <summary>What one run gave.</summary>
/// <param name="Result">The result, or null if it failed.</param>
/// <param name="FailureCode">Why it failed: <c>invalid_program</c>, <c>unsupported</c>, <c>out_of_memory</c>, <c>time_limit</c>, <c>budget_refused</c>, <c>outcome_unknown</c>, <c>interrupted</c>, <c>result_too_large</c> or <c>fault</c>; or null.</param>
/// <param name="FailureMessage">The same for people, or null.</param>
public sealed record ClusterRun(ExecutionResult? Result, string? FailureCode = null, string? FailureMessage = null);

/// <summary>The cluster has more work than it may take; ask again after <see cref="RetryAfter"/>.</summary>
public sealed class ClusterOverloadedException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is full, and what may be.</param>
    /// <param name="retryAfter">When there will be room, as predicted.</param>
    public ClusterOverloadedException(string message, TimeSpan retryAfter)
        : base(message) => RetryAfter = retryAfter;

    /// <summary>Gets when there will be room, as predicted.</summary>
    public TimeSpan RetryAfter { get; }
}

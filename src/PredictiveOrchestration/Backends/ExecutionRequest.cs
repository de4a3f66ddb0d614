using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Backends;

/// <summary>What to run and what to return.</summary>
public sealed record ExecutionRequest
{
    /// <summary>Gets the circuit.</summary>
    public required Circuit Circuit { get; init; }

    /// <summary>Gets the number of shots, 0 or more; default 1,000. With 0 no counts are returned.</summary>
    public int Shots { get; init; } = 1000;

    /// <summary>
    /// Gets the number of the first shot, 0 (default) or more: shots <c>FirstShot</c> to <c>FirstShot + Shots - 1</c> are taken, so that the counts of parts add up to those of the whole on backends
    /// with <see cref="BackendCapabilities.ShotRanges"/>; others ignore it.
    /// </summary>
    public int FirstShot { get; init; }

    /// <summary>Whether wrong readout of simulated devices is left to whoever joins the parts: it depends on the counts of all shots.</summary>
    internal bool DefersReadout { get; init; }

    /// <summary>Gets the seed; shot i draws from stream (seed, i), so equal seeds give equal counts on one version and backend.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Gets how many of the most probable outcomes to return with their exact probability: 0 (default) none,
    /// <see cref="int.MaxValue"/> all that are not zero.
    /// </summary>
    public int TopProbabilities { get; init; }

    /// <summary>Gets the observables whose expectation values in the final state are returned, averaged over measurement results.</summary>
    public IReadOnlyList<PauliSum> Observables { get; init; } = [];

    /// <summary>Gets a value indicating whether an approximate answer must be refused; default true.</summary>
    public bool RequireExact { get; init; } = true;

    /// <summary>Gets the limits.</summary>
    public ExecutionLimits Limits { get; init; } = ExecutionLimits.None;

    /// <summary>The longest time that a run may take which had half of the job done when <see cref="ExecutionLimits.Time"/> was up; null where that may take no longer than others. Engines of this library keep to it.</summary>
    internal TimeSpan? TimeIfHalfDone { get; init; }

    /// <summary>Gets the leave to spend, for backends that pay (<see cref="IPayingBackend"/>); others ignore it. Null (default) if there is none.</summary>
    public SpendPermit? Spending { get; init; }

    /// <summary>Gets the receiver of progress reports, if any.</summary>
    public IProgress<ExecutionProgress>? Progress { get; init; }
}

/// <summary>Limits of one run; null means none.</summary>
public sealed record ExecutionLimits
{
    /// <summary>Gets the limits that limit nothing.</summary>
    public static ExecutionLimits None { get; } = new();

    /// <summary>Gets the longest time a run may take.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Gets the most memory, in bytes, that a run may take.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Gets the most threads that a run may use.</summary>
    public int? Threads { get; init; }
}

/// <summary>How far a run has come.</summary>
/// <param name="OperationsDone">Operations executed in the current pass.</param>
/// <param name="OperationsTotal">Operations of the circuit.</param>
/// <param name="ShotsDone">Shots finished.</param>
/// <param name="ShotsTotal">Shots requested.</param>
public readonly record struct ExecutionProgress(int OperationsDone, int OperationsTotal, int ShotsDone, int ShotsTotal)
{
    /// <summary>Whether half of the operations are done, or, where shots go through them one after another, half of the shots.</summary>
    /// <param name="isOnePass">Whether all shots are taken from the state at the end.</param>
    internal bool IsHalfDone(bool isOnePass) => 2L * ShotsDone >= Math.Max(1, ShotsTotal) || (isOnePass && 2L * OperationsDone >= OperationsTotal);
}

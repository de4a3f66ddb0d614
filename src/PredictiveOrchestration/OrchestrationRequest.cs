using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration;

/// <summary>What to do with a circuit, besides the circuit itself.</summary>
public sealed record OrchestrationRequest
{
    /// <summary>Gets the default request: 1,000 shots, seed 0.</summary>
    public static OrchestrationRequest Default { get; } = new();

    /// <summary>Gets the number of shots; default 1,000.</summary>
    public int Shots { get; init; } = 1000;

    /// <summary>Gets the number of the first shot, 0 by default: see <see cref="ExecutionRequest.FirstShot"/>. Where it is more, only backends with <see cref="BackendCapabilities.ShotRanges"/> are used.</summary>
    public int FirstShot { get; init; }

    /// <summary>See <see cref="ExecutionRequest.DefersReadout"/>.</summary>
    internal bool DefersReadout { get; init; }

    /// <summary>
    /// Gets the job's idempotency key, under which money is reserved: 1 to 150 characters, the same when a job that may have been lost is run again. Null (default) for one of its own
    /// for each run.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>Gets the seed of the shots; equal seeds give equal counts on the same backend and version. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Gets how many exact probabilities to return; 0 (default) for none, <see cref="int.MaxValue"/> for all.</summary>
    public int TopProbabilities { get; init; }

    /// <summary>Gets the observables whose expectation values are wanted.</summary>
    public IReadOnlyList<PauliSum> Observables { get; init; } = [];

    /// <summary>Gets a value indicating whether approximate backends must not be used; default true.</summary>
    public bool RequireExact { get; init; } = true;

    /// <summary>Gets the id of the backend to use; null (default) to let the router choose.</summary>
    public string? Backend { get; init; }

    /// <summary>Gets the name of the router for this run; null (default) for the strategy in use.</summary>
    public string? Strategy { get; init; }

    /// <summary>Gets the most that this run may cost; null (default) for the options' <c>CostThreshold</c>.</summary>
    public decimal? CostThreshold { get; init; }

    /// <summary>Gets what the run is for: costs are added up by tag, and a tag may have a budget cap. Null (default) for none.</summary>
    public string? Tag { get; init; }

    /// <summary>Gets the limits; a time limit also is the deadline that routers see.</summary>
    public ExecutionLimits Limits { get; init; } = ExecutionLimits.None;

    /// <summary>Gets the means of asking for a swap while the job runs; null (default) for none.</summary>
    public Execution.SwapControl? SwapControl { get; init; }

    /// <summary>Gets the receiver of progress reports.</summary>
    public IProgress<ExecutionProgress>? Progress { get; init; }

    /// <summary>What a backend is asked for.</summary>
    internal ExecutionRequest For(Circuit circuit) => new()
    {
        Circuit = circuit,
        Shots = Shots,
        FirstShot = FirstShot,
        DefersReadout = DefersReadout,
        Seed = Seed,
        TopProbabilities = TopProbabilities,
        Observables = Observables,
        RequireExact = RequireExact,
        Limits = Limits,
        Progress = Progress,
    };
}

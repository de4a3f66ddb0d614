using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Telemetry;

/// <summary>How an execution ended.</summary>
public enum ExecutionOutcome : byte
{
    /// <summary>It ran to the end.</summary>
    Completed,

    /// <summary>The backend failed.</summary>
    Failed,

    /// <summary>A time limit stopped it: the true duration is at least the one recorded.</summary>
    TimedOut,

    /// <summary>Memory ran out.</summary>
    OutOfMemory,

    /// <summary>The caller cancelled: the true duration is at least the one recorded.</summary>
    Cancelled,

    /// <summary>It was refused before it began, for its cost, size or lack of room.</summary>
    Refused,

    /// <summary>It ran a part of the circuit, before or after the state was handed over: the whole would have taken longer than the duration recorded.</summary>
    Swapped,
}

/// <summary>One execution, or attempt at one, on one backend: what was predicted and what happened. Immutable; refers to no circuit and no secrets.</summary>
public sealed record ExecutionRecord
{
    /// <summary>Gets when it ended.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Gets the job of which it is an attempt: equal for all attempts at one job; empty if unknown.</summary>
    public Guid RunId { get; init; }

    /// <summary>Gets its number among the attempts at the job, from 0.</summary>
    public int Attempt { get; init; }

    /// <summary>Gets how often the job had changed its backend when the attempt began.</summary>
    public int Swaps { get; init; }

    /// <summary>Gets the backend.</summary>
    public required string BackendId { get; init; }

    /// <summary>Gets the cost basis of the backend, see <c>BackendDescriptor.CostModel</c>.</summary>
    public required string CostModel { get; init; }

    /// <summary>Gets the router or strategy that chose it.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets how it ended.</summary>
    public required ExecutionOutcome Outcome { get; init; }

    /// <summary>Gets the circuit's profile.</summary>
    public required CircuitProfile Profile { get; init; }

    /// <summary>Gets the request's tag, or null.</summary>
    public string? Tag { get; init; }

    /// <summary>Gets the number of shots.</summary>
    public required int Shots { get; init; }

    /// <summary>Gets the number of threads allowed.</summary>
    public required int Threads { get; init; }

    /// <summary>Gets the number of Pauli terms evaluated.</summary>
    public int Observables { get; init; }

    /// <summary>Gets the number of exact probabilities asked for.</summary>
    public int TopProbabilities { get; init; }

    /// <summary>Gets the wait before the run.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>Gets the service time: prepare, run and sample.</summary>
    public required TimeSpan ServiceTime { get; init; }

    /// <summary>Gets the part of the service time spent evolving the state.</summary>
    public TimeSpan RunTime { get; init; }

    /// <summary>Gets the part of the service time spent sampling.</summary>
    public TimeSpan SampleTime { get; init; }

    /// <summary>
    /// Gets the processor time that a local run took, user and kernel, on all cores; null for remote ones. Measured for the process: where runs overlap it is divided by the threads that each may
    /// use, and what the host does at the same time counts up to all of those threads.
    /// </summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>Gets the peak memory in bytes; 0 if unknown.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Gets the peak number of stored amplitudes, or null.</summary>
    public long? PeakNonZeros { get; init; }

    /// <summary>Gets the money spent.</summary>
    public decimal Cost { get; init; }

    /// <summary>Gets the currency of <see cref="Cost"/>.</summary>
    public string Currency { get; init; } = "USD";

    /// <summary>Gets the fidelity that was predicted or reported, 0 to 1.</summary>
    public double Fidelity { get; init; } = 1;

    /// <summary>Gets the fidelity that was measured, 0 to 1, or null.</summary>
    public double? MeasuredFidelity { get; init; }

    /// <summary>Gets the loss of fidelity that calibration data alone let expect: -ln of the estimated success probability.</summary>
    public double ExpectedLogLoss { get; init; }

    /// <summary>Gets what the price list says for what was used; <see cref="Cost"/> differs where the provider charged something else.</summary>
    public decimal ListCost { get; init; }

    /// <summary>Gets the predicted median service time in seconds.</summary>
    public required double PredictedSeconds { get; init; }

    /// <summary>Gets the lower end of the predicted interval in seconds.</summary>
    public required double PredictedLowerSeconds { get; init; }

    /// <summary>Gets the upper end of the predicted interval in seconds.</summary>
    public required double PredictedUpperSeconds { get; init; }

    /// <summary>Gets how far off the prediction was: max(predicted / actual, actual / predicted) of the service time, at least 1.</summary>
    public double PredictionError => Math.Exp(Math.Abs(Math.Log(ServiceTime.TotalSeconds / PredictedSeconds)));

    /// <summary>Gets the predicted median wait before the run in seconds.</summary>
    public double PredictedQueueSeconds { get; init; }

    /// <summary>Gets the predicted median peak memory in bytes; 0 if none was predicted.</summary>
    public double PredictedPeakBytes { get; init; }

    /// <summary>Gets the predicted median cost.</summary>
    public decimal PredictedCost { get; init; }

    /// <summary>Gets how far off the predicted peak memory was, as a factor of at least 1; null if it was not predicted or not measured.</summary>
    public double? MemoryPredictionError => Factor(PeakMemoryBytes, PredictedPeakBytes);

    /// <summary>Gets how far off the predicted cost was, as a factor of at least 1; null if either was nothing.</summary>
    public double? CostPredictionError => Factor((double)Cost, (double)PredictedCost);

    /// <summary>Gets how far off the predicted fidelity was, as a difference from 0 to 1; null if none was measured.</summary>
    public double? FidelityPredictionError => MeasuredFidelity is { } measured ? Math.Abs(measured - Fidelity) : null;

    /// <summary>Gets the probability with which its backend was chosen by what was known: 1 where nothing was left to chance.</summary>
    public double Propensity { get; init; } = 1;

    /// <summary>Gets a value indicating whether its backend was chosen in order to learn about it.</summary>
    public bool IsExploration { get; init; }

    /// <summary>Gets the version of the model that predicted.</summary>
    public required int ModelVersion { get; init; }

    private static double? Factor(double actual, double predicted) => actual > 0 && predicted > 0 ? Math.Max(actual / predicted, predicted / actual) : null;
}

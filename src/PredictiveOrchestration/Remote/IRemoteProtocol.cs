using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Remote;

/// <summary>
/// What differs from service to service: the mapping of a job to calls and back. Everything else, such as money, retries, waiting and recovery, is
/// <see cref="RemoteBackend"/>'s. Implementations hold no state of jobs and are thread-safe. Optional members answer null. Calls that fail throw
/// <see cref="RemoteCallException"/>, as <see cref="RemoteTransport.SendAsync"/> does; answers that are not as documented, <see cref="FormatException"/>.
/// One that is <see cref="IDisposable"/> is disposed with its backend.
/// </summary>
public interface IRemoteProtocol
{
    /// <summary>The protocol's name, in journals and messages.</summary>
    string Name { get; }

    /// <summary>How a submission whose answer was lost is cleared up.</summary>
    SubmissionSafety Safety { get; }

    /// <summary>Translates a request. What the service cannot do is refused here, with kind <see cref="BackendErrorKind.Unsupported"/>.</summary>
    ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken);

    /// <summary>The service's own estimate of a job's cost.</summary>
    ValueTask<RemoteEstimate?> EstimateAsync(RemoteTransport http, RemotePlan plan, int shots, CancellationToken cancellationToken) => ValueTask.FromResult<RemoteEstimate?>(null);

    /// <summary>Submits, with the job's tag as idempotency key or tag, and gives the service's id.</summary>
    Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken);

    /// <summary>Looks for a job by its tag; null if the service surely has none. Called only where <see cref="Safety"/> says so.</summary>
    Task<string?> FindAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Asks for a job's state.</summary>
    Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken);

    /// <summary>Fetches a result as it is.</summary>
    Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken);

    /// <summary>Reads a fetched result.</summary>
    /// <exception cref="FormatException">It is not what the service documents.</exception>
    RemoteOutcome Read(RemoteJob job, string result);

    /// <summary>Asks the service to cancel; it may be too late.</summary>
    Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken);

    /// <summary>What a finished job cost.</summary>
    Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => Task.FromResult<RemoteCost?>(null);

    /// <summary>The target's state and queue.</summary>
    Task<RemoteQueue?> GetQueueAsync(RemoteTransport http, CancellationToken cancellationToken) => Task.FromResult<RemoteQueue?>(null);

    /// <summary>What a circuit becomes on the target, without asking it; null if that is not known.</summary>
    DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken) => null;

    /// <summary>The target's calibration.</summary>
    Task<Noise.DeviceCalibration?> GetCalibrationAsync(RemoteTransport http, CancellationToken cancellationToken) => Task.FromResult<Noise.DeviceCalibration?>(null);
}

/// <summary>How to clear up whether a submission arrived.</summary>
public enum SubmissionSafety
{
    /// <summary>It cannot be found out: a person must look.</summary>
    None,

    /// <summary>The job can be looked up by its tag.</summary>
    LookUp,

    /// <summary>Submitting again with the same key is the same job.</summary>
    IdempotencyKey,
}

/// <summary>A request in the service's terms.</summary>
/// <param name="Payload">What is sent to submit it.</param>
/// <param name="Readout">For each bit of the outcome, where the result has it; -1 for always 0.</param>
/// <param name="Circuit">The circuit as it will run on the device, for estimates.</param>
/// <param name="Notes">What else is needed to read the result, or null.</param>
public sealed record RemotePlan(string Payload, IReadOnlyList<int> Readout, Circuit Circuit, string? Notes = null);

/// <summary>What a service says that a job will take.</summary>
/// <param name="Cost">The money, or null.</param>
/// <param name="Queue">The wait, or null.</param>
/// <param name="Run">The run, or null.</param>
public sealed record RemoteEstimate(RemoteCost? Cost, TimeSpan? Queue, TimeSpan? Run);

/// <summary>An amount of a service.</summary>
/// <param name="Amount">The amount.</param>
/// <param name="Currency">The currency in capitals, or a credit's name.</param>
public sealed record RemoteCost(decimal Amount, string Currency);

/// <summary>A target's state.</summary>
/// <param name="IsAvailable">Whether it takes work.</param>
/// <param name="Status">The service's own word.</param>
/// <param name="Length">Jobs waiting, or null.</param>
/// <param name="Wait">The wait, or null.</param>
/// <param name="AsOf">When that was so.</param>
public sealed record RemoteQueue(bool IsAvailable, string Status, int? Length, TimeSpan? Wait, DateTimeOffset AsOf);

/// <summary>The stages of a job at a service.</summary>
public enum RemotePhase
{
    /// <summary>It waits for its turn.</summary>
    Queued,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>Its result can be fetched.</summary>
    Succeeded,

    /// <summary>It ended without a result.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>A word that the protocol does not know: an error, for waiting on could be for ever.</summary>
    Unknown,
}

/// <summary>A job's state at the service.</summary>
/// <param name="Phase">The stage.</param>
/// <param name="Word">The service's own word.</param>
public sealed record RemoteStatus(RemotePhase Phase, string Word)
{
    /// <summary>Gets why it failed, or what went wrong.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets the service's wish for the next question.</summary>
    public TimeSpan? NextPoll { get; init; }

    /// <summary>Gets the service's prediction of the wait that is left.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Gets the run's length, where the service says it.</summary>
    public TimeSpan? RunTime { get; init; }

    /// <summary>Gets where the result is, or what the protocol needs to fetch it.</summary>
    public string? ResultAddress { get; init; }
}

/// <summary>A result in this library's bit order.</summary>
/// <param name="Counts">How often each outcome was seen.</param>
public sealed record RemoteOutcome(IReadOnlyDictionary<BitString, long> Counts)
{
    /// <summary>Gets the exact probabilities of outcomes, where they were asked for.</summary>
    public IReadOnlyList<OutcomeProbability> Probabilities { get; init; } = [];

    /// <summary>Gets the expectation values, in the order in which they were asked for.</summary>
    public IReadOnlyList<double> ExpectationValues { get; init; } = [];

    /// <summary>Gets the shots behind the counts; null for as many as asked for.</summary>
    public int? Shots { get; init; }

    /// <summary>Gets the run's length, where the result says it.</summary>
    public TimeSpan? RunTime { get; init; }

    /// <summary>Gets the memory that the run took at most, in bytes; 0 if not known.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Gets whether the result is free of noise; null for what the backend's descriptor says.</summary>
    public bool? IsExact { get; init; }
}

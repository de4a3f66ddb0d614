using System.Globalization;
using PredictiveOrchestration.Simulation.Noisy;

namespace PredictiveOrchestration.AspNetCore;

/// <summary>How a worker takes, keeps and runs jobs. Validated once at start; all failures are reported together.</summary>
public sealed record WorkerOptions
{
    /// <summary>Gets or sets the file of the job store; default <c>worker-jobs.db</c> in the working directory. One process at a time.</summary>
    public string DatabasePath { get; set; } = "worker-jobs.db";

    /// <summary>Gets the keys that may use the worker. Without any, only callers on this machine are served.</summary>
    public IList<WorkerApiKey> ApiKeys { get; } = [];

    /// <summary>
    /// Gets the simulated devices with noise that are served besides the engines: at <c>/v1</c> by their ids, to IonQ's clients as <c>qpu.ID</c> and as noise models of the
    /// simulator. Their results are for jobs that do not require exact ones.
    /// </summary>
    public IList<NoisySimulatorOptions> NoisyDevices { get; } = [];

    /// <summary>Gets or sets how many jobs run at one time, 1 to 1,024; default the number of processors. Memory and cores are shared out by the orchestrator.</summary>
    public int MaxConcurrency { get; set; } = Environment.ProcessorCount;

    /// <summary>Gets or sets the most jobs that wait, 1 to 1,000,000; default 10,000.</summary>
    public int MaxQueueLength { get; set; } = 10_000;

    /// <summary>Gets or sets the most jobs of one key that wait; default 5,000, so that one key cannot take every place.</summary>
    public int MaxQueueLengthPerKey { get; set; } = 5_000;

    /// <summary>Gets or sets the longest time that a job may run, and may be predicted to take; default one hour.</summary>
    public TimeSpan MaxRunTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Gets or sets the most shots of a job; default 1,000,000.</summary>
    public int MaxShots { get; set; } = 1_000_000;

    /// <summary>Gets or sets the most qubits, and the most classical bits, of a circuit; default 10,000.</summary>
    public int MaxQubits { get; set; } = 10_000;

    /// <summary>Gets or sets the most exact probabilities that a result lists; default 65,536.</summary>
    public int MaxProbabilities { get; set; } = 65_536;

    /// <summary>Gets or sets the largest body of a request in bytes; default 10 MiB.</summary>
    public int MaxRequestBytes { get; set; } = 10 << 20;

    /// <summary>Gets or sets the bytes of bodies being read, and of circuits kept while they wait, at one time; default 256 MiB each. Beyond it requests are put off and circuits are read again.</summary>
    public long MaxBytesInFlight { get; set; } = 256L << 20;

    /// <summary>Gets or sets the largest result in bytes; default 64 MiB. A job with a larger one fails.</summary>
    public int MaxResultBytes { get; set; } = 64 << 20;

    /// <summary>Gets or sets how many requests may wait for jobs at one time; default 4,096. Beyond it they are answered at once.</summary>
    public int MaxWaitingRequests { get; set; } = 4_096;

    /// <summary>Gets or sets how often a job is begun again after the server was killed while it ran; default 3.</summary>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>
    /// Gets or sets how many jobs are run on a hidden worker before this one is ready, so that its first callers need not wait for the compiler, 0 to 10,000; default 60 (about two
    /// seconds), 0 for none. Their store is in the temporary folder, and is deleted.
    /// </summary>
    public int WarmUpJobs { get; set; } = 60;

    /// <summary>Gets or sets how long results are kept; default 7 days.</summary>
    public TimeSpan ResultRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Gets or sets how long jobs and their idempotency keys are kept after their end, not less than results; default 30 days.</summary>
    public TimeSpan JobRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">Values are wrong; the message names each with what is accepted.</exception>
    internal void Validate()
    {
        var failures = new List<string>();
        void Check(bool valid, string name, object? value, string accepted)
        {
            if (!valid)
            {
                failures.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is '{value}'; accepted: {accepted}"));
            }
        }

        Check(!string.IsNullOrWhiteSpace(DatabasePath), nameof(DatabasePath), DatabasePath, "a file");
        Check(ApiKeys.Select(k => k.Name).Distinct(StringComparer.Ordinal).Count() == ApiKeys.Count, nameof(ApiKeys), string.Join(", ", ApiKeys), "keys of different names");
        Check(ApiKeys.All(k => k is { SubmissionsPerSecond: null or > 0, SubmissionBurst: >= 1, Budget: null or >= 0, MaxQueueLength: null or >= 1 }), nameof(ApiKeys), string.Join(", ", ApiKeys), "rates above 0, bursts and queues of 1 or more, budgets of 0 or more");
        Check(NoisyDevices.Select(d => d.Id).Distinct(StringComparer.Ordinal).Count() == NoisyDevices.Count && NoisyDevices.All(d => d.Id is not ("simulator" or "ideal" or Remote.Worker.WorkerProtocol.AutoDevice)), nameof(NoisyDevices), string.Join(", ", NoisyDevices.Select(d => d.Id)), "devices of different ids, none of them 'simulator', 'ideal' or 'auto'");
        Check(MaxConcurrency is >= 1 and <= 1024, nameof(MaxConcurrency), MaxConcurrency, "1 to 1024");
        Check(MaxQueueLength is >= 1 and <= 1_000_000, nameof(MaxQueueLength), MaxQueueLength, "1 to 1000000");
        Check(MaxQueueLengthPerKey is >= 1 and <= 1_000_000, nameof(MaxQueueLengthPerKey), MaxQueueLengthPerKey, "1 to 1000000");
        Check(MaxRunTime > TimeSpan.Zero && MaxRunTime <= TimeSpan.FromDays(365), nameof(MaxRunTime), MaxRunTime, "more than 0, up to a year");
        Check(MaxShots >= 1, nameof(MaxShots), MaxShots, "1 or more");
        Check(MaxQubits is >= 1 and <= Circuits.CircuitBuilder.MaxBits, nameof(MaxQubits), MaxQubits, $"1 to {Circuits.CircuitBuilder.MaxBits}");
        Check(MaxProbabilities is >= 0 and <= 10_000_000, nameof(MaxProbabilities), MaxProbabilities, "0 to 10000000");
        Check(MaxRequestBytes is >= 1024 and <= 1 << 30, nameof(MaxRequestBytes), MaxRequestBytes, "1 KiB to 1 GiB");
        Check(MaxBytesInFlight >= MaxRequestBytes, nameof(MaxBytesInFlight), MaxBytesInFlight, $"at least {nameof(MaxRequestBytes)}");
        Check(MaxResultBytes is >= 1024 and <= 1 << 30, nameof(MaxResultBytes), MaxResultBytes, "1 KiB to 1 GiB");
        Check(MaxWaitingRequests >= 0, nameof(MaxWaitingRequests), MaxWaitingRequests, "0 or more");
        Check(WarmUpJobs is >= 0 and <= 10_000, nameof(WarmUpJobs), WarmUpJobs, "0 to 10000");
        Check(MaxAttempts >= 1, nameof(MaxAttempts), MaxAttempts, "1 or more");
        Check(ResultRetention > TimeSpan.Zero, nameof(ResultRetention), ResultRetention, "more than 0");
        Check(JobRetention >= ResultRetention, nameof(JobRetention), JobRetention, $"at least {nameof(ResultRetention)}");
        if (failures.Count > 0)
        {
            throw new ArgumentException($"{failures.Count} option(s) of the worker are wrong: {string.Join("; ", failures)}.");
        }
    }
}

using System.Globalization;

namespace PredictiveOrchestration.Orleans;

/// <summary>How a silo works, and how the cluster takes jobs. Set the same on all silos, but for <see cref="Concurrency"/> and <see cref="MemoryBytes"/>.</summary>
public sealed class OrleansWorkerOptions
{
    /// <summary>The name of the Orleans storage provider that keeps jobs, the ledger and models.</summary>
    public const string StorageName = "PredictiveOrchestration";

    /// <summary>Gets or sets the number of runs that the silo works on at one time, 1 to 1024; default one for each processor.</summary>
    public int Concurrency { get; set; } = Environment.ProcessorCount;

    /// <summary>Gets or sets the memory in bytes that runs here may take; null (default) for what the machine has free at start.</summary>
    public long? MemoryBytes { get; set; }

    /// <summary>Gets or sets the number of runs that may wait at the silo, 1 to 1,000,000; default 20,000.</summary>
    public int MaxQueueLength { get; set; } = 20_000;

    /// <summary>Gets or sets the predicted work in seconds for each place of the cluster beyond which jobs are refused; default 10 minutes.</summary>
    public TimeSpan MaxBacklog { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets the number of accepted jobs that have not ended, of all tenants; default 200,000.</summary>
    public int MaxOpenJobs { get; set; } = 200_000;

    /// <summary>Gets or sets the share of <see cref="MaxOpenJobs"/> and of <see cref="MaxBacklog"/> that one tenant may take, more than 0 to 1; default 0.5.</summary>
    public double MaxTenantShare { get; set; } = 0.5;

    /// <summary>Gets the weights of tenants, more than 0: one of weight 2 gets twice the time of one of weight 1 while both wait. Default 1.</summary>
    public IDictionary<string, double> TenantWeights { get; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Gets or sets how often a run is begun again whose silo was lost, 1 to 100; default 5: a job that takes silos down must end.</summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Gets or sets how long results are kept; default 24 hours.</summary>
    public TimeSpan ResultRetention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Gets or sets the predicted time from which the shots of a job are shared among silos; default 1 s.</summary>
    public TimeSpan SplitFrom { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The form of models that is written and read.</summary>
    internal int ModelForm { get; set; } = Prediction.LearnedState.FormatVersion;

    /// <summary>What a part of a run costs besides: sending, reading, joining.</summary>
    internal TimeSpan PartOverhead { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Gets or sets how often a silo tells its load, 10 ms to 1 minute; default 1 s. What was told is forgotten after five times as long, at least 3 s.</summary>
    public TimeSpan ReportInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how much sooner another silo must be predicted to finish for a run to leave the silo that asks, 0 to less than 1; default 0.1.</summary>
    public double PlacementMargin { get; set; } = 0.1;

    /// <summary>Gets or sets how often what was learned is shared; zero for never; default 1 minute.</summary>
    public TimeSpan KnowledgeInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets how often shards look after open jobs that nobody works on, at least 1 minute as Orleans' reminders; default 1 minute. A silo's death is also noticed at once.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

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

        Check(Concurrency is >= 1 and <= 1024, nameof(Concurrency), Concurrency, "1 to 1024");
        Check(MemoryBytes is null or > 0, nameof(MemoryBytes), MemoryBytes, "more than 0, or null");
        Check(MaxQueueLength is >= 1 and <= 1_000_000, nameof(MaxQueueLength), MaxQueueLength, "1 to 1000000");
        Check(MaxBacklog > TimeSpan.Zero, nameof(MaxBacklog), MaxBacklog, "more than 0");
        Check(MaxOpenJobs >= 1, nameof(MaxOpenJobs), MaxOpenJobs, "1 or more");
        Check(MaxTenantShare is > 0 and <= 1, nameof(MaxTenantShare), MaxTenantShare, "more than 0 to 1");
        Check(TenantWeights.Values.All(w => w > 0 && double.IsFinite(w)), nameof(TenantWeights), string.Join(", ", TenantWeights), "weights of more than 0");
        Check(MaxAttempts is >= 1 and <= 100, nameof(MaxAttempts), MaxAttempts, "1 to 100");
        Check(ResultRetention > TimeSpan.Zero, nameof(ResultRetention), ResultRetention, "more than 0");
        Check(SplitFrom >= TimeSpan.Zero, nameof(SplitFrom), SplitFrom, "0 or more");
        Check(ReportInterval >= TimeSpan.FromMilliseconds(10) && ReportInterval <= TimeSpan.FromMinutes(1), nameof(ReportInterval), ReportInterval, "10 ms to 1 minute");
        Check(PlacementMargin is >= 0 and < 1, nameof(PlacementMargin), PlacementMargin, "0 to less than 1");
        Check(KnowledgeInterval >= TimeSpan.Zero, nameof(KnowledgeInterval), KnowledgeInterval, "0 or more");
        Check(SweepInterval > TimeSpan.Zero, nameof(SweepInterval), SweepInterval, "more than 0");
        if (failures.Count > 0)
        {
            throw new ArgumentException($"{failures.Count} option(s) of the Orleans worker are wrong: {string.Join("; ", failures)}.");
        }
    }
}

using Orleans;
using Orleans.Concurrency;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>A job. The key is tenant and idempotency key, so that there is one job for each, whoever submits it how often.</summary>
[Alias("po.IJobGrain")]
internal interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Accepts the job, or answers with the one accepted before. It is written down when this returns.</summary>
    [Alias("Submit")]
    Task<SubmitAnswer> SubmitAsync([Immutable] byte[] payload, string? traceParent);

    /// <summary>Waits for the end for a time, and tells how it stands.</summary>
    [Alias("Get")]
    Task<ClusterJobStatus> GetAsync(TimeSpan patience);

    /// <summary>The results; null while it has not ended, or after its time.</summary>
    [Alias("GetResult")]
    Task<EndedJob?> GetResultAsync();

    /// <summary>Asks for the end.</summary>
    [Alias("Cancel")]
    Task<ClusterJobStatus> CancelAsync();

    /// <summary>Has the job worked on if it has not ended; tells whether it is open.</summary>
    [Alias("Resume")]
    Task<bool> ResumeAsync();
}

/// <summary>The answer to a submission.</summary>
[GenerateSerializer]
[Alias("po.SubmitAnswer")]
[Immutable]
internal sealed record SubmitAnswer
{
    /// <summary>How the job stands; null if it was refused.</summary>
    [Id(0)]
    public ClusterJobStatus? Status { get; init; }

    /// <summary>Why it was refused.</summary>
    [Id(1)]
    public string? Refusal { get; init; }

    /// <summary>When there will be room; zero if asking again is of no use.</summary>
    [Id(2)]
    public TimeSpan RetryAfter { get; init; }
}

/// <summary>The open jobs whose keys fall into one of <see cref="JobShards.Count"/> parts. What is in it survives, so that no job is forgotten.</summary>
[Alias("po.IJobShardGrain")]
internal interface IJobShardGrain : IGrainWithIntegerKey
{
    /// <summary>Writes a job down as open.</summary>
    /// <returns>Why there is no room for it; null if it is written.</returns>
    [Alias("Open")]
    Task<string?> OpenAsync(string job, string tenant);

    /// <summary>Strikes a job that has ended; written some time soon.</summary>
    [Alias("Close")]
    [OneWay]
    Task CloseAsync(string job);

    /// <summary>Has all open jobs worked on.</summary>
    [Alias("Sweep")]
    Task SweepAsync();
}

/// <summary>How jobs fall into shards.</summary>
internal static class JobShards
{
    /// <summary>The number of shards; the same on all silos.</summary>
    public const int Count = 32;

    /// <summary>The shard of a job: 32-bit FNV-1a of its id, modulo the number.</summary>
    public static int Of(string job)
    {
        var hash = 2166136261u;
        foreach (var c in job)
        {
            hash = (hash ^ c) * 16777619;
        }

        return (int)(hash % Count);
    }
}

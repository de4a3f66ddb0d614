using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Remote.Worker;

/// <summary>The body of <c>GET /v1/jobs/{id}/result</c>. Outcomes are strings of 0 and 1, bit 0 rightmost.</summary>
internal sealed record WireResult
{
    public required string Id { get; init; }

    public required string Backend { get; init; }

    public required int Shots { get; init; }

    public required ulong Seed { get; init; }

    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>Most probable first.</summary>
    public IReadOnlyList<WireProbability>? Probabilities { get; init; }

    public IReadOnlyList<double>? ExpectationValues { get; init; }

    public required bool IsExact { get; init; }

    public required WireTimings Timings { get; init; }

    public long PeakMemoryBytes { get; init; }

    public long? PeakNonZeros { get; init; }

    public double DiscardedWeight { get; init; }

    public double FidelityLowerBound { get; set; } = 1;

    /// <summary>The form of a result in which it is kept and sent. Numbers survive exactly.</summary>
    /// <param name="run">The result.</param>
    /// <param name="id">The job's id; empty if it has none.</param>
    /// <param name="queued">What it waited beside the backend's own queue.</param>
    public static WireResult Of(ExecutionResult run, string id = "", TimeSpan queued = default) => new()
    {
        Id = id,
        Backend = run.BackendId,
        Shots = run.Shots,
        Seed = run.Seed,
        Counts = InOrder(run.Counts),
        Probabilities = run.Probabilities.Count == 0 ? null : [.. run.Probabilities.Select(p => new WireProbability(p.Outcome.ToString(), p.Probability))],
        ExpectationValues = run.ExpectationValues.Count == 0 ? null : run.ExpectationValues,
        IsExact = run.IsExact,
        Timings = new WireTimings((queued + run.Timings.Queue).TotalMilliseconds, run.Timings.Prepare.TotalMilliseconds, run.Timings.Run.TotalMilliseconds, run.Timings.Sample.TotalMilliseconds),
        PeakMemoryBytes = run.PeakMemoryBytes,
        PeakNonZeros = run.PeakNonZeros,
        DiscardedWeight = run.DiscardedWeight,
        FidelityLowerBound = run.FidelityLowerBound,
    };

    private static Dictionary<string, long> InOrder(IReadOnlyDictionary<BitString, long> counts)
    {
        KeyValuePair<BitString, long>[] sorted = [.. counts];
        Array.Sort(sorted, static (a, b) => a.Key.CompareTo(b.Key));
        var written = new Dictionary<string, long>(sorted.Length);
        foreach (var (outcome, count) in sorted)
        {
            written.Add(outcome.ToString(), count);
        }

        return written;
    }

    /// <summary>The counts by outcome.</summary>
    /// <exception cref="FormatException">An outcome is no string of 0 and 1.</exception>
    public Dictionary<BitString, long> ReadCounts() => Counts.ToDictionary(c => BitString.Parse(c.Key), c => c.Value);

    /// <summary>The exact probabilities; empty if there are none.</summary>
    /// <exception cref="FormatException">An outcome is no string of 0 and 1.</exception>
    public IReadOnlyList<OutcomeProbability> ReadProbabilities() => [.. (Probabilities ?? []).Select(p => new OutcomeProbability(BitString.Parse(p.Outcome), p.Probability))];
}

/// <summary>An outcome and its exact probability.</summary>
internal sealed record WireProbability(string Outcome, double Probability);

/// <summary>Where the time went, in milliseconds.</summary>
internal sealed record WireTimings(double QueueMs, double PrepareMs, double RunMs, double SampleMs);

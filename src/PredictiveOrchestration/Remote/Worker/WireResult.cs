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
}

/// <summary>An outcome and its exact probability.</summary>
internal sealed record WireProbability(string Outcome, double Probability);

/// <summary>Where the time went, in milliseconds.</summary>
internal sealed record WireTimings(double QueueMs, double PrepareMs, double RunMs, double SampleMs);

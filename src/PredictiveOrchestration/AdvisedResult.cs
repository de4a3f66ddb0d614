using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration;

/// <summary>What a circuit gave that ran as advised.</summary>
public sealed record AdvisedResult
{
    /// <summary>Gets how often each outcome of the whole circuit was seen.</summary>
    public required IReadOnlyDictionary<BitString, long> Counts { get; init; }

    /// <summary>Gets the exact probabilities asked for.</summary>
    public required IReadOnlyList<OutcomeProbability> Probabilities { get; init; }

    /// <summary>Gets the expectation values asked for.</summary>
    public required IReadOnlyList<double> ExpectationValues { get; init; }

    /// <summary>Gets the runs: one, or one for each block that mattered.</summary>
    public required IReadOnlyList<OrchestrationResult> Runs { get; init; }

    /// <summary>Gets what all runs cost.</summary>
    public decimal Cost => Runs.Sum(r => r.Cost);
}

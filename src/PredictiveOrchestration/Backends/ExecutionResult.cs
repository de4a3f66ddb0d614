using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Backends;

/// <summary>What a backend returns. Outcomes are over the classical bits, or over all qubits if the circuit measures nothing.</summary>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed record ExecutionResult : IHtml
{
    /// <summary>Gets the id of the backend that ran the circuit.</summary>
    public required string BackendId { get; init; }

    /// <summary>Gets the number of shots taken.</summary>
    public required int Shots { get; init; }

    /// <summary>Gets the seed used.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Gets how often each outcome was seen; empty without shots.</summary>
    public IReadOnlyDictionary<BitString, long> Counts { get; init; } = new Dictionary<BitString, long>();

    /// <summary>The probability of each bit to be read wrong, where the request left that to whoever joins parts; else null.</summary>
    internal ReadoutFlips[]? DeferredMisreads { get; init; }

    /// <summary>Gets exact probabilities as asked for, most probable first, equal ones by ascending outcome.</summary>
    public IReadOnlyList<OutcomeProbability> Probabilities { get; init; } = [];

    /// <summary>Gets one expectation value for each observable asked for.</summary>
    public IReadOnlyList<double> ExpectationValues { get; init; } = [];

    /// <summary>Gets a value indicating whether the answer is exact up to rounding and sampling.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Gets the times.</summary>
    public required ExecutionTimings Timings { get; init; }

    /// <summary>Gets the most memory held by the run at one time, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Gets the greatest number of stored amplitudes at one time, or null if the backend does not store amplitudes.</summary>
    public long? PeakNonZeros { get; init; }

    /// <summary>Gets what the run cost in the account's currency, where the backend settled it itself; else null.</summary>
    public decimal? Cost { get; init; }

    /// <summary>Gets the probability weight dropped by pruning or truncation; 0 if nothing was dropped.</summary>
    public double DiscardedWeight { get; init; }

    /// <summary>Gets what the squared overlap of the state with that of the ideal circuit is surely not below, 0 to 1; 1 if nothing was truncated.</summary>
    public double FidelityLowerBound { get; init; } = 1;

    /// <summary>Gets the fidelity of the result where it was measured, as by a mirrored circuit or against a reference, 0 to 1; else null. Predictions learn from it.</summary>
    public double? MeasuredFidelity { get; init; }

    /// <summary>Shows the result as a self-contained piece of HTML for notebooks and pages: a histogram of the most frequent outcomes with 95 % intervals, exact probabilities and expectation values.</summary>
    public string ToHtml() => ResultHtml.Of(this);
}

/// <summary>An outcome and its exact probability.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Probability">Its probability, 0 to 1.</param>
public readonly record struct OutcomeProbability(BitString Outcome, double Probability);

/// <summary>Where the time of a run went.</summary>
/// <param name="Queue">Waiting before the run, outside the backend's control.</param>
/// <param name="Prepare">Planning, allocating and initialising.</param>
/// <param name="Run">Evolving the state.</param>
/// <param name="Sample">Drawing shots and computing probabilities and expectation values.</param>
public readonly record struct ExecutionTimings(TimeSpan Queue, TimeSpan Prepare, TimeSpan Run, TimeSpan Sample)
{
    /// <summary>Gets the time without the queue.</summary>
    public TimeSpan Service => Prepare + Run + Sample;

    /// <summary>Gets the whole time.</summary>
    public TimeSpan Total => Queue + Service;
}

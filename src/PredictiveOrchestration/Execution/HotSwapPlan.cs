using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>A part of a plan.</summary>
/// <param name="Backend">The backend.</param>
/// <param name="Start">The first operation.</param>
/// <param name="End">The operation before which the next part takes over.</param>
internal sealed record PlannedSegment(ISegmentedBackend Backend, int Start, int End);

/// <summary>Parts in their order, and what they take together.</summary>
/// <param name="Segments">The parts.</param>
/// <param name="Seconds">The predicted time.</param>
/// <param name="PeakBytes">The most memory that a state takes.</param>
/// <param name="StaySeconds">The predicted time of one engine alone, the one that was asked about; infinite if it cannot go on.</param>
internal sealed record HotSwapPlan(IReadOnlyList<PlannedSegment> Segments, double Seconds, double PeakBytes, double StaySeconds)
{
    public bool IsSingle => Segments.Count == 1;

    /// <summary>Gets what the plan surely saves against <see cref="StaySeconds"/>: the lower end of the interval of the difference; negative if it may lose.</summary>
    public double LeastSaving { get; init; } = StaySeconds - Seconds;

    /// <summary>Gets a value indicating whether the plan begins on another engine than the one chosen for the whole: it was surely better as a whole, and to stop half way is not.</summary>
    public bool IsCommitted { get; init; }
}

/// <summary>What is known of a state in mid-circuit.</summary>
/// <param name="Position">The first operation not yet executed.</param>
/// <param name="SupportLog2">The base-2 logarithm of the amplitudes that are not zero.</param>
/// <param name="GrowthPerMixing">By how much it grows with each gate that mixes basis states but does not raise the bound, 0 to 1; the bound holds besides.</param>
internal readonly record struct StateOutlook(int Position, double SupportLog2, double GrowthPerMixing)
{
    /// <summary>The share of the growth from now on that comes true, 0 to 1.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Nothing but the bound.</summary>
    public static StateOutlook AtStart { get; } = new(0, 0, 1);
}

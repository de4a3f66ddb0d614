namespace PredictiveOrchestration.Routing;

/// <summary>What a decision is made from, besides the model: kept so that it can be made again.</summary>
internal sealed record DecisionInputs(
    IReadOnlyList<RoutingCandidate> Candidates, JobRequirements Job, IReadOnlyDictionary<string, string> Unavailable, RoutingContext Preferences, double PerformanceThreshold, IBackendRouter Router)
{
    /// <summary>The backend that the same job went to before; null if there is none.</summary>
    public string? Incumbent { get; init; }

    /// <summary>The gain below which the incumbent is kept.</summary>
    public double HysteresisMargin { get; init; }

    /// <summary>What is predicted only when someone reads it; null for nothing.</summary>
    public UnreadPredictions? Unread { get; init; }

    /// <summary>What is left to chance; null for nothing.</summary>
    public Chance? Chance { get; init; }
}

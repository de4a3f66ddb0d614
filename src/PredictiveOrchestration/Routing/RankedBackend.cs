namespace PredictiveOrchestration.Routing;

/// <summary>A candidate with a router's opinion. Immutable.</summary>
public sealed record RankedBackend
{
    private readonly Func<RoutingCandidate, string>? _describe;
    private string? _reason;

    /// <summary>Creates the opinion.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="loss">What the router wants least of; positive, comparable within one ranking. What is not a number counts as the greatest loss.</param>
    /// <param name="lossSigma">Standard deviation of the loss's natural logarithm, from the uncertainty of the prediction.</param>
    /// <param name="reason">The loss in words and numbers.</param>
    public RankedBackend(RoutingCandidate candidate, double loss, double lossSigma, string reason)
        : this(candidate, loss, lossSigma) => _reason = reason;

    /// <summary>As above, with words that are found only when someone asks.</summary>
    internal RankedBackend(RoutingCandidate candidate, double loss, double lossSigma, Func<RoutingCandidate, string> describe)
        : this(candidate, loss, lossSigma) => _describe = describe;

    private RankedBackend(RoutingCandidate candidate, double loss, double lossSigma)
    {
        Candidate = candidate;
        Loss = double.IsNaN(loss) ? double.MaxValue : Math.Clamp(loss, 1e-12, double.MaxValue);
        LossSigma = double.IsFinite(lossSigma) ? Math.Abs(lossSigma) : 10;
    }

    /// <summary>Gets the candidate.</summary>
    public RoutingCandidate Candidate { get; init; }

    /// <summary>Gets what the router wants least of.</summary>
    public double Loss { get; init; }

    /// <summary>Gets the standard deviation of the loss's natural logarithm.</summary>
    public double LossSigma { get; init; }

    /// <summary>Gets the probability with which chance puts this candidate first; null where nothing is left to chance.</summary>
    public double? Propensity { get; init; }

    /// <summary>Gets the loss in words and numbers.</summary>
    public string Reason => _reason ??= _describe?.Invoke(Candidate) ?? string.Empty;

    /// <inheritdoc/>
    public bool Equals(RankedBackend? other) =>
        other is not null && Candidate.Equals(other.Candidate) && Loss.Equals(other.Loss) && LossSigma.Equals(other.LossSigma) && Propensity == other.Propensity && Reason == other.Reason;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Candidate, Loss, LossSigma);
}

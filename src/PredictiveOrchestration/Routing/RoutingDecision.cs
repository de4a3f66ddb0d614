using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Routing;

/// <summary>A backend that cannot do the job, and why.</summary>
/// <param name="Candidate">The backend with its prediction.</param>
/// <param name="Reason">Why it is refused.</param>
public sealed record RefusedBackend(RoutingCandidate Candidate, string Reason);

/// <summary>Which backend runs a job, which follow if it fails, and why. Immutable.</summary>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed record RoutingDecision : IHtml
{
    private IReadOnlyList<RankedBackend>? _read;
    private double _confidence = double.NaN;

    /// <summary>Gets the router that ranked.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets the feasible backends, best first. What could not change the choice is predicted when this is read for the first time, from the circuit if its object is still there; else its prediction stays rough.</summary>
    public required IReadOnlyList<RankedBackend> Ranked
    {
        get => _read ??= Inputs is { Unread: { } unread } inputs ? unread.Read(Made, inputs) : Made;
        init => (Made, _read) = (value, null);
    }

    /// <summary>The feasible backends as they were ranked, some by rough predictions.</summary>
    internal IReadOnlyList<RankedBackend> Made { get; private init; } = [];

    /// <summary>Gets the backends that cannot do the job.</summary>
    public required IReadOnlyList<RefusedBackend> Refused { get; init; }

    /// <summary>Gets the probability, by the predictive distributions, that the first is the best of the feasible ones by the strategy's own measure.</summary>
    public double Confidence
    {
        get
        {
            // Found when someone asks; two threads find the same.
            if (double.IsNaN(_confidence))
            {
                _confidence = LogNormal.ProbabilityOfLeast(Ranked);
            }

            return _confidence;
        }
    }

    /// <summary>Gets a value indicating whether the first is below <c>PerformanceThreshold</c> and taken only because nothing above it is feasible.</summary>
    public required bool IsBelowPerformanceThreshold { get; init; }

    /// <summary>Gets a value indicating whether the first is not the one of least loss, but the one that the same job went to before: the gain is below <c>HysteresisMargin</c>.</summary>
    public bool IsKept { get; init; }

    /// <summary>Gets the probability with which the first was chosen by what was known: 1 where nothing was left to chance.</summary>
    public double Propensity => Chosen.Propensity ?? 1;

    /// <summary>Gets the longest time that the first may take before the next one runs the job, if it is chosen in order to learn about it; else null.</summary>
    public TimeSpan? ExplorationLimit { get; init; }

    /// <summary>Gets whether another backend may be tried for a short time first.</summary>
    internal bool AllowsTrials { get; init; }

    /// <summary>Gets a value indicating whether the first is chosen in order to learn about it.</summary>
    public bool IsExploration => ExplorationLimit is not null;

    /// <summary>Gets the version of the set of backends.</summary>
    public required int RegistryVersion { get; init; }

    /// <summary>Gets the version of the model that predicted.</summary>
    public required int ModelVersion { get; init; }

    /// <summary>Gets everything the decision was made from.</summary>
    internal DecisionInputs? Inputs { get; init; }

    /// <summary>Gets the chosen backend.</summary>
    public RankedBackend Chosen => Made[0];

    /// <summary>What is left of the decision after the exploration: the explored backend is at its place by loss, and no other is tried for a short time first.</summary>
    internal RoutingDecision WithoutExploration()
    {
        if (!IsExploration)
        {
            return this;
        }

        var ranked = Made.Skip(1).ToList();
        var worse = ranked.FindIndex(Math.Min(1, ranked.Count), r => r.Loss > Chosen.Loss);
        ranked.Insert(worse < 0 ? ranked.Count : worse, Chosen);
        return this with { Ranked = ranked, ExplorationLimit = null, AllowsTrials = false };
    }

    /// <summary>
    /// Explains the decision: why this backend, the terms of its predicted time and the interval, the bounds used, the nearest run known, the runner-up and the
    /// least changes that would put another first, and what was refused and why.
    /// </summary>
    public string Explain() => DecisionExplanation.Of(this);

    /// <summary>
    /// Writes down everything that the decision was made from, besides the model and the backends' descriptions, as JSON: <c>PredictiveOrchestrator.Replay</c> makes the same decision of it.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is not a decision of an orchestrator.</exception>
    public string ToJson() => DecisionFile.Write(this);

    /// <summary>Shows the decision as a self-contained piece of HTML for notebooks and pages: all candidates with their intervals, what was refused, and the explanation.</summary>
    public string ToHtml() => DecisionHtml.Of(this);
}

/// <summary>No backend can do a job; the message and <see cref="Refused"/> give each one's reason.</summary>
public sealed class NoFeasibleBackendException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="refused">The backends with their reasons.</param>
    public NoFeasibleBackendException(IReadOnlyList<RefusedBackend> refused)
        : base(Describe(refused)) => Refused = refused;

    /// <summary>Gets the backends with their reasons.</summary>
    public IReadOnlyList<RefusedBackend> Refused { get; }

    private static string Describe(IReadOnlyList<RefusedBackend> refused)
    {
        ArgumentNullException.ThrowIfNull(refused);
        return refused.Count == 0
            ? "No backend is registered. Add one with PredictiveOrchestratorBuilder.AddBackend."
            : $"No backend can run this: {string.Join("; ", refused.Select(r => $"'{r.Candidate.Backend.Id}': {r.Reason}"))}.";
    }
}

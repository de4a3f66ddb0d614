using System.Globalization;
using System.Text;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Routing;

/// <summary>A backend that cannot do the job, and why.</summary>
/// <param name="Candidate">The backend with its prediction.</param>
/// <param name="Reason">Why it is refused.</param>
public sealed record RefusedBackend(RoutingCandidate Candidate, string Reason);

/// <summary>Which backend runs a job, which follow if it fails, and why. Immutable.</summary>
public sealed record RoutingDecision
{
    private double _confidence = double.NaN;

    /// <summary>Gets the router that ranked.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets the feasible backends, best first.</summary>
    public required IReadOnlyList<RankedBackend> Ranked { get; init; }

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

    /// <summary>Gets the version of the set of backends.</summary>
    public required int RegistryVersion { get; init; }

    /// <summary>Gets the version of the model that predicted.</summary>
    public required int ModelVersion { get; init; }

    /// <summary>Gets everything the decision was made from.</summary>
    internal DecisionInputs? Inputs { get; init; }

    /// <summary>Gets the chosen backend.</summary>
    public RankedBackend Chosen => Ranked[0];

    /// <summary>Explains the decision: why this backend, what the runner-up lacked, what was refused and why.</summary>
    public string Explain()
    {
        var text = new StringBuilder();
        var first = Chosen;
        var p = first.Candidate.Prediction;
        text.Append(CultureInfo.InvariantCulture, $"{first.Candidate.Backend.Id} by strategy '{Strategy}' with confidence {Confidence:P0}: {first.Reason}.");
        text.AppendLine();
        text.Append(CultureInfo.InvariantCulture, $"  predicted {p.Seconds.Median:G3} s (90 %: {p.Seconds.Lower:G3} to {p.Seconds.Upper:G3}), memory up to {ByteSize.Format(p.PeakBytes.Upper)}, {p.Source}, {p.Observations} observations");
        text.AppendLine();
        if (p.Terms.Count > 0)
        {
            text.Append("  of it ").AppendJoin(", ", p.Terms.Take(3).Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Name} {t.Seconds:G2} s"))).AppendLine();
        }

        if (IsBelowPerformanceThreshold)
        {
            text.AppendLine("  it is below PerformanceThreshold, and taken because nothing above it can do the job");
        }

        if (IsKept)
        {
            text.AppendLine("  it is kept from before: the runner-up would gain less than HysteresisMargin");
        }

        if (Ranked.Count > 1)
        {
            var second = Ranked[1];
            text.Append(CultureInfo.InvariantCulture, $"  runner-up {second.Candidate.Backend.Id}: {second.Reason}; it would win if its loss were {second.Loss / Math.Max(1e-300, first.Loss):G3} times smaller{Flip(second)}");
            text.AppendLine();
        }

        foreach (var refused in Refused)
        {
            text.Append(CultureInfo.InvariantCulture, $"  refused {refused.Candidate.Backend.Id}: {refused.Reason}");
            text.AppendLine();
        }

        return text.ToString();
    }

    // The longest predicted time at which the runner-up would be first, found by asking the router again.
    private string Flip(RankedBackend second)
    {
        if (Inputs is not { Router: { } router } inputs)
        {
            return string.Empty;
        }

        bool Wins(double factor)
        {
            var changed = second.Candidate with { Prediction = second.Candidate.Prediction with { Seconds = second.Candidate.Prediction.Seconds.Scale(factor) } };
            List<RoutingCandidate> candidates = [.. Ranked.Select(r => r.Candidate == second.Candidate ? changed : r.Candidate)];
            return router.Rank(inputs.Preferences with { Candidates = candidates })[0].Candidate == changed;
        }

        double low = 1e-6, high = 1;
        if (!Wins(low))
        {
            return "; no time of its own would make it first";
        }

        for (var i = 0; i < 24; i++)
        {
            var middle = Math.Sqrt(low * high);
            (low, high) = Wins(middle) ? (middle, high) : (low, middle);
        }

        return string.Create(CultureInfo.InvariantCulture, $"; it would be first at {second.Candidate.Prediction.Seconds.Median * low:G3} s or less");
    }
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

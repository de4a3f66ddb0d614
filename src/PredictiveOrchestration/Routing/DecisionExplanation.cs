using System.Globalization;
using System.Text;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>A decision in words.</summary>
internal static class DecisionExplanation
{
    public static string Of(RoutingDecision decision)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        var first = decision.Chosen;
        var p = first.Candidate.Prediction;
        Line($"{first.Candidate.Backend.Id} by strategy '{decision.Strategy}' with confidence {decision.Confidence:P0}: {first.Reason}.");
        Line($"  predicted {p.Seconds.Median:G3} s (90 %: {p.Seconds.Lower:G3} to {p.Seconds.Upper:G3}), memory up to {ByteSize.Format(p.PeakBytes.Upper)}, {p.Source}, {p.Observations} observations");
        if (p.Terms.Count > 0)
        {
            text.Append("  of it ").AppendJoin(", ", p.Terms.Take(3).Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Name} {t.Seconds:G2} s"))).AppendLine();
        }

        if (decision.Inputs?.Job.Profile.Features is { } f)
        {
            Line($"  bounds: at most 2^{f.PeakSupportLog2} non-zero amplitudes, bonds of at most 2^{f.PeakBondLog2}, {f.CliffordCount} of {decision.Inputs.Job.Profile.GateCount} gates Clifford");
        }

        if (p.Nearest is { } nearest)
        {
            var at = nearest.Features.Length - ResidualFeatures.Common;
            Line($"  nearest known run: {nearest.Features[at]:F0} qubits, {Math.Pow(2, nearest.Features[at + 1]) - 1:F0} gates, {nearest.Seconds:G3} s{(nearest.IsCensored ? " or more" : string.Empty)}");
        }

        if (decision.IsBelowPerformanceThreshold)
        {
            text.AppendLine("  it is below PerformanceThreshold, and taken because nothing above it can do the job");
        }

        if (decision.ExplorationLimit is { } limit)
        {
            Line($"  it explores: drawn with probability {decision.Propensity:P0}, stopped after {limit.TotalSeconds:G3} s");
        }
        else if (decision.Propensity < 1)
        {
            Line($"  left to chance: it had a probability of {decision.Propensity:P0}");
        }

        if (!decision.IsExploration && AttemptPlan.Of(decision.Made, decision.AllowsTrials)[0] is { IsTrial: true, Limit: { } most } trial)
        {
            var wide = trial.Ranked.Candidate.Prediction.Seconds;
            Line($"  {trial.Ranked.Candidate.Backend.Id} is tried before, for at most {most.TotalSeconds:G2} s, or {trial.LimitIfHalfDone!.Value.TotalSeconds:G2} s if half of the job is done by then: it may take anything from {wide.Lower:G2} to {wide.Upper:G2} s");
        }

        if (decision.IsKept)
        {
            text.AppendLine("  it is kept from before: the runner-up would gain less than HysteresisMargin");
        }

        if (!first.Candidate.Backend.IsLocal)
        {
            // States move between engines of this process only.
            Line($"  its state cannot be taken over: should it fail, the job begins anew{(decision.Ranked.Count > 1 ? $" on {decision.Ranked[1].Candidate.Backend.Id}" : string.Empty)}");
        }

        if (decision.Ranked.Count > 1)
        {
            var second = decision.Ranked[1];
            Line($"  runner-up {second.Candidate.Backend.Id}: {second.Reason}, {second.Loss / first.Loss:G3} times the loss{Flips(decision)}");
        }

        foreach (var refused in decision.Refused)
        {
            Line($"  refused {refused.Candidate.Backend.Id}: {refused.Reason}");
        }

        return text.ToString();
    }

    // The least changes that would put another backend first, found by ranking again: the runner-up's time, the chosen one's time, the weight of cost.
    private static string Flips(RoutingDecision decision)
    {
        if (decision.Inputs is not { } inputs || decision.Propensity < 1 || decision.IsKept)
        {
            return string.Empty;
        }

        RankedBackend first = decision.Chosen, second = decision.Ranked[1];
        var text = new StringBuilder();
        if (Least(f => Wins(inputs, decision, second, f) == second.Candidate.Backend.Id, 1, 1e-6) is { } faster)
        {
            text.Append(CultureInfo.InvariantCulture, $"; it would be first at {second.Candidate.Prediction.Seconds.Median * faster:G3} s or less ({1 - faster:P1} less than predicted)");
        }
        else
        {
            text.Append("; no time of its own would make it first");
        }

        if (Least(f => Wins(inputs, decision, first, f) != first.Candidate.Backend.Id, 1, 1e6) is { } slower)
        {
            text.Append(CultureInfo.InvariantCulture, $"; another would be first if {first.Candidate.Backend.Id} took {first.Candidate.Prediction.Seconds.Median * slower:G3} s or more");
        }

        var weight = inputs.Preferences.CostWeight;
        string WithWeight(double w) => Winner(inputs, inputs.Preferences with { CostWeight = w, Candidates = [.. decision.Ranked.Select(r => r.Candidate)] });
        var here = WithWeight(weight);
        double? up = Linear(w => WithWeight(w) != here, weight, 1), down = Linear(w => WithWeight(w) != here, weight, 0);
        if (up is not null && (down is null || up - weight <= weight - down))
        {
            text.Append(CultureInfo.InvariantCulture, $"; {WithWeight(up.Value)} would be first if CostWeight were above {up:F3} instead of {weight:G3}");
        }
        else if (down is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"; {WithWeight(down.Value)} would be first if CostWeight were below {down:F3} instead of {weight:G3}");
        }

        return text.ToString();
    }

    // Who is first if one backend's time were so many times what is predicted.
    private static string Wins(DecisionInputs inputs, RoutingDecision decision, RankedBackend changed, double factor)
    {
        RoutingCandidate Changed(RoutingCandidate c) => ReferenceEquals(c, changed.Candidate) ? c with { Prediction = c.Prediction with { Seconds = c.Prediction.Seconds.Scale(factor) } } : c;
        return Winner(inputs, inputs.Preferences with { Candidates = [.. decision.Ranked.Select(r => Changed(r.Candidate))] });
    }

    private static string Winner(DecisionInputs inputs, RoutingContext context) =>
        DecisionMaker.Decide(
            inputs with { Candidates = context.Candidates, Preferences = context, Unavailable = new Dictionary<string, string>(), Job = inputs.Job with { CostThreshold = decimal.MaxValue, Deadline = null }, Chance = null, Incumbent = null }, 0, 0)
            .Chosen.Candidate.Backend.Id;

    // The factor nearest to `from`, in logarithms, at which it holds; null if it does not at `to`.
    private static double? Least(Func<double, bool> holds, double from, double to)
    {
        if (!holds(to))
        {
            return null;
        }

        for (var i = 0; i < 30; i++)
        {
            var middle = Math.Sqrt(from * to);
            (from, to) = holds(middle) ? (from, middle) : (middle, to);
        }

        return to;
    }

    // The value nearest to `from` at which it holds, first on a grid of hundredths.
    private static double? Linear(Func<double, bool> holds, double from, double to)
    {
        for (var step = 1; step <= 100; step++)
        {
            double low = from + ((to - from) * (step - 1) / 100), high = from + ((to - from) * step / 100);
            if (!holds(high))
            {
                continue;
            }

            for (var i = 0; i < 20; i++)
            {
                var middle = (low + high) / 2;
                (low, high) = holds(middle) ? (low, middle) : (middle, high);
            }

            return high;
        }

        return null;
    }
}

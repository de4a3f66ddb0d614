using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>What one policy chose for one job, and the seconds its choosing took.</summary>
internal readonly record struct Choice(TableRow Row, string? Backend, double DecisionSeconds)
{
    /// <summary>The seconds of attempts that were stopped before the backend that did the job.</summary>
    public double StoppedSeconds { get; init; }

    /// <summary>The part of <see cref="DecisionSeconds"/> in which backends planned the circuit.</summary>
    public double PlanningSeconds { get; init; }

    /// <summary>The attempts that were planned.</summary>
    public IReadOnlyList<PlannedAttempt>? Plan { get; init; }
}

/// <summary>How well a policy chose.</summary>
/// <param name="Jobs">The number of jobs judged.</param>
/// <param name="ClosedGap">(PAR10 of the single best - own) ÷ (PAR10 of the single best - that of the virtual best).</param>
/// <param name="Slowdown">The geometric mean of own time ÷ virtual best time, decision included.</param>
/// <param name="Regret">The share of jobs more than twice as slow as on the single best.</param>
/// <param name="Worst">The greatest such ratio.</param>
internal readonly record struct PolicyScore(int Jobs, double ClosedGap, double Slowdown, double Regret, double Worst)
{
    /// <summary>The part of the slowdown that comes from the backend that did the job.</summary>
    public double Choosing { get; init; }

    /// <summary>The part of the slowdown that comes from attempts that were stopped.</summary>
    public double Stopping { get; init; }

    /// <summary>The part of the slowdown that comes from deciding; the three parts multiplied are the slowdown.</summary>
    public double Deciding { get; init; }

    /// <summary>The part of <see cref="Deciding"/> that comes from the profile, from plans, and from predictions and ranking; the three multiplied are it.</summary>
    public (double Profile, double Plans, double Ranking) DecidingParts { get; init; }
}

/// <summary>The metrics of algorithm selection on the table.</summary>
internal sealed class Scoring
{
    private const double Penalty = 10;
    private readonly RoutingTable _table;

    public Scoring(RoutingTable table)
    {
        _table = table;
        SingleBest = table.Backends.MinBy(b => table.Rows.Where(IsSolvable).Sum(r => Par10(r, b.Id)))!.Id;
    }

    /// <summary>The fixed backend of least PAR10.</summary>
    public string SingleBest { get; }

    /// <summary>Whether any backend finishes the job.</summary>
    public static bool IsSolvable(TableRow row) => row.Arms.Values.Any(a => a.Status == ArmStatus.Ok);

    /// <summary>The time of the best backend.</summary>
    public static double VirtualBest(TableRow row) => row.Arms.Values.Where(a => a.Status == ArmStatus.Ok).Min(a => a.Best);

    /// <summary>The time on a backend, or ten times the cut-off if it does not finish.</summary>
    public double Par10(TableRow row, string? backend) =>
        backend is not null && row.Arms.TryGetValue(backend, out var arm) && arm.Status == ArmStatus.Ok ? arm.Best : Penalty * _table.Cutoff;

    /// <summary>Judges choices for jobs whose best time lies in a range.</summary>
    public PolicyScore Score(IEnumerable<Choice> choices, double least, double most = double.PositiveInfinity)
    {
        double own = 0, single = 0, virtualBest = 0, logarithm = 0, worst = 0, choosing = 0, stopping = 0, profile = 0, plans = 0;
        int jobs = 0, regret = 0;
        foreach (var choice in choices.Where(c => IsSolvable(c.Row)))
        {
            var row = choice.Row;
            var best = VirtualBest(row);
            if (best < least || best >= most)
            {
                continue;
            }

            var time = Par10(row, choice.Backend) + choice.StoppedSeconds + choice.DecisionSeconds;
            var fixedTime = Par10(row, SingleBest);
            jobs++;
            own += time;
            single += fixedTime;
            virtualBest += best;
            logarithm += Math.Log(time / best);
            choosing += Math.Log(Par10(row, choice.Backend) / best);
            stopping += Math.Log(1 + (choice.StoppedSeconds / Par10(row, choice.Backend)));

            // In proportion: a part of a sum that is small beside the job.
            var ofDecision = Math.Log(time / (time - choice.DecisionSeconds)) / Math.Max(1e-12, choice.DecisionSeconds);
            profile += Math.Min(row.ProfileSeconds, choice.DecisionSeconds) * ofDecision;
            plans += choice.PlanningSeconds * ofDecision;
            regret += time > 2 * fixedTime ? 1 : 0;
            worst = Math.Max(worst, time / fixedTime);
        }

        double Mean(double sum) => Math.Exp(sum / Math.Max(1, jobs));
        return new PolicyScore(jobs, (single - own) / Math.Max(1e-12, single - virtualBest), Mean(logarithm), (double)regret / Math.Max(1, jobs), worst)
        {
            Choosing = Mean(choosing), Stopping = Mean(stopping), Deciding = Mean(logarithm - choosing - stopping),
            DecidingParts = (Mean(profile), Mean(plans), Mean(logarithm - choosing - stopping - profile - plans)),
        };
    }

    /// <summary>The A/A floor: the best backend by every other repeat, judged by the rest.</summary>
    public static double SlowdownFloor(IEnumerable<TableRow> rows, double least)
    {
        var ratios = rows.Where(IsSolvable).Where(r => VirtualBest(r) >= least).Select(r =>
        {
            var arms = r.Arms.Values.Where(a => a.Status == ArmStatus.Ok).ToList();
            return Math.Log(arms.MinBy(a => a.Half(0))!.Half(1) / arms.Min(a => a.Half(1)));
        }).ToList();
        return ratios.Count == 0 ? 1 : Math.Exp(ratios.Average());
    }
}

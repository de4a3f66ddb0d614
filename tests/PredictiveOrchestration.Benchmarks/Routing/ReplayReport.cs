using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>Replays every router over the table and prints figures, targets and floors as Markdown.</summary>
internal static class ReplayReport
{
    private const double Least = 0.001;

    /// <summary>Prints the report; returns the number of targets missed.</summary>
    public static async Task<int> RunAsync(RoutingTable table, bool ablations, bool verbose, string? split, ModelParts parts = ModelParts.Default)
    {
        var start = Stopwatch.GetTimestamp();
        var scoring = new Scoring(table);
        var missed = 0;
        void Target(string name, double value, double limit, bool atMost, string floor = "")
        {
            var isMet = double.IsNaN(value) || (atMost ? value <= limit : value >= limit);
            missed += isMet ? 0 : 1;
            Print($"| {name} | {value:G4} | {(atMost ? "≤" : "≥")} {limit:G4} | {(isMet ? "pass" : "FAIL")} | {floor} |");
        }

        Print($"{table.Rows.Count} jobs of {table.Rows.Select(r => r.Family).Distinct().Count()} families, backends {string.Join(", ", table.Backends)}; cut-off {table.Cutoff} s; single best {scoring.SingleBest}; {table.Rows.Count(r => Scoring.IsSolvable(r) && Scoring.VirtualBest(r) >= Least)} jobs of 1 ms or more");
        var replayer = new Replayer(table, parts);
        _ = replayer.Cold();
        var asked = new (string Name, int[] Folds, bool Adapt, double Gap, double Slowdown, double Width)[]
        {
            ("random", Splits.Random(table.Rows, 5, 1), false, 0.97, 1.04, 2.5),
            ("families", Splits.Families(table.Rows, 5, 1), false, 0.92, 1.10, 3.5),
            ("sizes", Splits.Sizes(table.Rows), true, 0.80, 1.25, double.NaN),
        }.Where(s => split is null || s.Name == split).ToArray();

        // In order nothing can be done side by side but with the others.
        var inOrder = split is null ? Task.Run(replayer.ChronologicalAsync) : null;
        var splits = asked.Zip(replayer.Held([.. asked.Select(s => (s.Folds, s.Adapt))]), (s, replayed) => (s.Name, Replayed: replayed, s.Gap, s.Slowdown, s.Width)).ToArray();
        var floor = Scoring.SlowdownFloor(table.Rows, Least);
        foreach (var (name, replayed, _, _, _) in splits)
        {
            Print($"\n| {name}: policy | closed gap | slowdown | = choice x stopped attempts x deciding | >2x slower than fixed | worst | jobs | under 1 ms: slowdown |\n|---|---|---|---|---|---|---|---|");
            foreach (var (policy, choices) in replayed.Choices)
            {
                var (s, small) = (scoring.Score(choices, Least), scoring.Score(choices, 0, Least));
                Print($"| {policy} | {s.ClosedGap:P1} | {s.Slowdown:F3} | {s.Choosing:F3} x {s.Stopping:F3} x {s.Deciding:F3} | {s.Regret:P1} | {s.Worst:G3} | {s.Jobs} | {small.Slowdown:F2} |");
            }

            var (profile, plans, ranking) = scoring.Score(replayed.Choices["predictive"], Least).DecidingParts;
            Print($"predictive, deciding: profile {profile:F4} x plans {plans:F4} x predictions and ranking {ranking:F4}");
            if (verbose)
            {
                Losses(scoring, replayed.Choices["predictive"], 60, replayed.Forecasts);
            }
        }

        Print($"\n| target | reached | limit | | A/A floor |\n|---|---|---|---|---|");
        foreach (var (name, replayed, gap, slowdown, width) in splits)
        {
            var s = scoring.Score(replayed.Choices["predictive"], Least);
            Target($"{name}: closed gap", s.ClosedGap, gap, false);
            Target($"{name}: slowdown", s.Slowdown, slowdown, true, $"{floor:F3}");
            Target($"{name}: share over 2x slower than {scoring.SingleBest}", s.Regret, 0.005, true);
            foreach (var backend in table.Backends)
            {
                var f = replayed.Forecasts.Where(x => x.Backend == backend.Id && x.Actual >= Least).ToList();
                var (tight, median, p90) = backend.CostModel is "dense" or "stabilizer" ? (true, 1.15, 1.5) : (false, 1.25, 2.5);
                if (f.Count > 0)
                {
                    var (q, noise) = (f.Select(QError).Order().ToArray(), f.Select(x => x.Noise).Order().ToArray());
                    Target($"{name}: q-error {backend.Id}, median of {f.Count}", At(q, 0.5), Math.Max(median, At(noise, 0.5)), true, $"{At(noise, 0.5):F3}");
                    Target($"{name}: q-error {backend.Id}, p90", At(q, 0.9), Math.Max(p90, At(noise, 0.9)), true, $"{At(noise, 0.9):F3}");
                }
            }

            var all = replayed.Forecasts;
            Target($"{name}: coverage of 90 % intervals", all.Average(Covered), 0.88, false);
            if (!double.IsNaN(width))
            {
                Target($"{name}: coverage", all.Average(Covered), 0.93, true);
                Target($"{name}: width of intervals, median ratio", At([.. all.Select(x => x.Upper / x.Lower).Order()], 0.5), width, true);
            }

            Groups(name, all, x => x.Backend, verbose);
            Groups(name, all, x => x.Row.Family, verbose);
            Groups(name, all, x => $"10^{Math.Floor(Math.Log10(x.Actual))} s", verbose);
        }

        if (inOrder is null)
        {
            return missed;
        }

        var cold = scoring.Score(replayer.Cold().Choices["predictive"], Least);
        Target("from cold, no job seen: closed gap", cold.ClosedGap, 0.75, false);
        var chronological = await inOrder;
        var after = scoring.Score(chronological.Choices["predictive"].Skip(100), Least);
        Target("from cold, after 100 jobs: closed gap", after.ClosedGap, 0.90, false);
        Print($"\nchronological, all jobs: closed gap {scoring.Score(chronological.Choices["predictive"], Least).ClosedGap:P1}, slowdown after 100 jobs {after.Slowdown:F3}, coverage {chronological.Forecasts.Average(Covered):P1}");
        if (ablations)
        {
            Ablations(table, scoring);
        }

        Print($"\n{missed} target(s) missed; replayed in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");
        return missed;
    }

    /// <summary>Prints the chronological split alone, and the jobs that cost most.</summary>
    public static async Task ColdAsync(RoutingTable table)
    {
        var scoring = new Scoring(table);
        var choices = (await new Replayer(table).ChronologicalAsync()).Choices["predictive"];
        Print($"closed gap {scoring.Score(choices, Least).ClosedGap:P1}, after 100 jobs {scoring.Score(choices.Skip(100), Least).ClosedGap:P1}, slowdown {scoring.Score(choices.Skip(100), Least).Slowdown:F3}");
        Losses(scoring, choices, 10);
    }

    // The jobs that lost most by the choice, and what was predicted for both.
    private static void Losses(Scoring scoring, IReadOnlyList<Choice> choices, int count, IReadOnlyList<Forecast>? forecasts = null)
    {
        var judged = choices.Select((c, i) => (Choice: c, Index: i)).Where(c => Scoring.IsSolvable(c.Choice.Row) && Scoring.VirtualBest(c.Choice.Row) >= Least);
        foreach (var (choice, i) in judged.OrderByDescending(c => (c.Choice.StoppedSeconds + scoring.Par10(c.Choice.Row, c.Choice.Backend)) / Scoring.VirtualBest(c.Choice.Row)).Take(count))
        {
            var best = choice.Row.Arms.Where(a => a.Value.Status == ArmStatus.Ok).MinBy(a => a.Value.Best).Key;
            var plan = string.Join(", ", (choice.Plan ?? []).Select(a => FormattableString.Invariant($"{a.Ranked.Candidate.Backend.Id} {a.Ranked.Candidate.TotalSeconds:G2} at most {a.Limit?.TotalSeconds:G2}")));
            var predicted = string.Join(", ", (forecasts ?? []).Where(f => f.Row == choice.Row).Select(f => FormattableString.Invariant($"{f.Backend} {f.Seconds:G2} [{f.Lower:G2}, {f.Upper:G2}] took {f.Actual:G2}")));
            Print($"job {i}, {choice.Row.Id}: {choice.StoppedSeconds:G2} s stopped, {scoring.Par10(choice.Row, choice.Backend):G3} s on {choice.Backend}, {Scoring.VirtualBest(choice.Row):G3} s on {best}. {predicted}; plan {plan}");
        }
    }

    private static void Ablations(RoutingTable table, Scoring scoring)
    {
        Print($"\n| models | random gap | slowdown | q-error p50/p90 | families gap | slowdown | q-error | coverage, least group | sizes gap | slowdown | q-error |\n|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, parts) in new[]
        {
            ("all", ModelParts.Default), ("analytic only", ModelParts.Groups | ModelParts.Censoring), ("no network", ModelParts.Default & ~ModelParts.Network),
            ("no forest", ModelParts.Default & ~ModelParts.Forest), ("boosted trees (FastTree) for the forest", ModelParts.Default | ModelParts.Boosted),
            ("no groups", ModelParts.Default & ~ModelParts.Groups), ("stopped runs dropped", ModelParts.Default & ~ModelParts.Censoring),
        })
        {
            var replayer = new Replayer(table, parts);
            var line = $"| {name} ";
            foreach (var replayed in replayer.Held((Splits.Random(table.Rows, 5, 1), false), (Splits.Families(table.Rows, 5, 1), false), (Splits.Sizes(table.Rows), false)))
            {
                var s = scoring.Score(replayed.Choices["predictive"], Least);
                var q = replayed.Forecasts.Where(x => x.Actual >= Least).Select(QError).Order().ToArray();
                line += FormattableString.Invariant($"| {s.ClosedGap:P1} | {s.Slowdown:F3} | {At(q, 0.5):F2}/{At(q, 0.9):F2} ");
                if (line.Count(c => c == '|') == 7)
                {
                    var groups = replayed.Forecasts.GroupBy(x => (x.Backend, x.Row.Family)).Where(g => g.Count() >= 40).Select(g => g.Average(Covered)).ToList();
                    line += FormattableString.Invariant($"| {replayed.Forecasts.Average(Covered):P0}, {groups.Min():P0} ");
                }
            }

            Print($"{line}|");
        }
    }

    // Groups whose binomial interval says that coverage is not between 88 and 93 %.
    private static void Groups(string split, List<Forecast> all, Func<Forecast, string> key, bool verbose)
    {
        var groups = all.GroupBy(key).Where(g => g.Count() >= 60).Select(g => (g.Key, Count: g.Count(), Coverage: g.Average(Covered))).ToList();
        foreach (var (name, count, coverage) in groups)
        {
            var half = 1.96 * Math.Sqrt(Math.Max(0.01, coverage * (1 - coverage)) / count);
            if (verbose || coverage + half < 0.88 || coverage - half > 0.93)
            {
                Print($"| {split}: coverage of {name} ({count}) | {coverage:P1} ± {half:P1} | 88 to 93 % | {(coverage + half < 0.88 ? "low" : coverage - half > 0.93 ? "high" : "within")} | |");
            }
        }
    }

    private static double QError(Forecast x) => Math.Exp(Math.Abs(Math.Log(x.Seconds / x.Actual)));

    private static double Covered(Forecast x) => x.Actual >= x.Lower && x.Actual <= x.Upper ? 1 : 0;

    private static double At(double[] sorted, double level) => sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, level * sorted.Length)];

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

namespace PredictiveOrchestration.Prediction;

/// <summary>A held-out row: what the terms left unexplained, and what the learned parts said.</summary>
internal readonly record struct Held(double Error, ResidualParts Parts, bool IsLarge, bool IsRandom, bool IsCensored = false)
{
    /// <summary>How much the error counts: it costs little where a run is over in microseconds, whatever is chosen.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>The weight of a run of so many seconds: 1 for a millisecond, and as much more as it takes orders of magnitude longer; from 0.1 to 2.</summary>
    public static double WeightOf(double seconds) => Math.Clamp(1 + (Math.Log10(seconds / 1e-3) / 2), 0.1, 2);
}

/// <summary>Chooses how learned parts are put together by what would have predicted held-out rows best.</summary>
internal static class StackFitter
{
    /// <summary>Fewer rows of a sort say nothing of their own.</summary>
    public const int LeastRows = 30;
    private static readonly double[] Decays = [0.05, 0.1, 0.3, 1, 3], Boundaries = [0.7, 0.8, 0.9, 0.95];

    public static ResidualStack Fit(IReadOnlyList<Held> held, ModelParts parts)
    {
        // Shares on a grid, by the mean absolute error, without what runs of the same circuit would say; the analytic model has what is left. What is far enough from all that was
        // seen to be of a new kind is found on the way: jobs held out at random lie nearer than those of kinds that were held out.
        List<Held> inside = [.. held.Where(h => !h.IsLarge)], blind = [.. inside.Select(Blind)];
        LearnedShares[] grid = [.. from f in Enumerable.Range(0, parts.HasFlag(ModelParts.Forest) ? 11 : 1)
                                   from n in Enumerable.Range(0, parts.HasFlag(ModelParts.Network) ? 11 - f : 1)
                                   select new LearnedShares(f / 10.0, n / 10.0)];
        var distances = inside.Where(h => h.IsRandom).Select(h => h.Parts.Novelty).Order().ToArray();
        var stack = Boundaries.Select(q => At(distances, q)).Select(far => WithShares(far, blind, grid)).MinBy(s => Loss(s, blind))!;

        // The fading outside the range of the data, by the largest jobs, predicted without them.
        List<Held> large = [.. held.Where(h => h.IsLarge && h.Parts.Outside > 0.05).Select(Blind)];
        stack = large.Count < 10 ? stack : Decays.Select(d => stack with { HullDecay = d }).MinBy(s => Loss(s, large))!;
        List<Held> kin = [.. inside.Where(h => !double.IsNaN(h.Parts.Kin))], fresh = [.. inside.Where(h => double.IsNaN(h.Parts.Kin))];
        stack = kin.Count < LeastRows ? stack with { KinShare = 0.9 } : Enumerable.Range(0, 11).Select(i => stack with { KinShare = i / 10.0 }).MinBy(s => Loss(s, kin))!;
        fresh = fresh.Count < LeastRows ? blind : fresh;
        var errors = Fresh(held).Where(h => !h.Parts.IsBeyond).Select(h => (h.Parts, h.Parts.LogSeconds + stack.Correction(h.Parts), h.Error - stack.Correction(h.Parts))).ToList();
        return stack with { Floor = Floor(stack, fresh), ErrorScale = ErrorScale.Fit(errors), Near = Math.Min(stack.Far, At(distances, 0.4)) };
    }

    /// <summary>The rows of circuits that did not run before, with other shots, among those that were learned from: of the others less is left to be wrong. All rows where those are too few.</summary>
    public static IReadOnlyList<Held> Fresh(IReadOnlyList<Held> held)
    {
        List<Held> fresh = [.. held.Where(h => double.IsNaN(h.Parts.Kin))];
        return fresh.Count < LeastRows ? held : fresh;
    }

    private static double At(double[] ordered, double share) => ordered.Length == 0 ? 0 : ordered[(int)(share * (ordered.Length - 1))];

    private static ResidualStack WithShares(double far, List<Held> rows, LearnedShares[] grid)
    {
        var stack = new ResidualStack(default, default, 0, 0.1, 0.1, 0, far);
        List<Held> seen = [.. rows.Where(h => h.Parts.Novelty < far)], fresh = [.. rows.Where(h => h.Parts.Novelty >= far)];
        LearnedShares Best(List<Held> of) => grid.MinBy(g => Loss(stack with { Seen = g, New = g }, of.Count < LeastRows ? rows : of));
        return stack with { Seen = Best(seen), New = Best(fresh) };
    }

    private static Held Blind(Held held) => held with { Parts = held.Parts with { Kin = double.NaN } };

    private static double Loss(ResidualStack stack, List<Held> rows)
    {
        var loss = 0.0;
        foreach (var h in rows)
        {
            loss += h.Weight * Math.Min(3, Math.Abs(h.Error - stack.Correction(h.Parts)));
        }

        return loss;
    }

    private static double Floor(ResidualStack stack, List<Held> rows)
    {
        var errors = rows.Select(h => Math.Abs(h.Error - stack.Correction(h.Parts))).Order().ToArray();
        return Math.Max(0.02, errors.Length == 0 ? 0.1 : errors[errors.Length / 2] / 2);
    }
}

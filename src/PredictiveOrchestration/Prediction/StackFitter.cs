namespace PredictiveOrchestration.Prediction;

/// <summary>A held-out row: what the terms left unexplained, and what the learned parts said.</summary>
internal readonly record struct Held(double Error, ResidualParts Parts, bool IsLarge);

/// <summary>Chooses how learned parts are put together by what would have predicted held-out rows best.</summary>
internal static class StackFitter
{
    // A band of fewer rows takes the weights of all.
    private const int LeastRows = 30;
    private static readonly double[] Decays = [0, 0.02, 0.1, 0.5, 3];

    public static ResidualStack Fit(IReadOnlyList<Held> held, ModelParts parts)
    {
        var inside = held.Where(h => !h.IsLarge).ToList();
        var fresh = inside.Where(h => double.IsNaN(h.Parts.Kin)).ToList();
        var novelty = (fresh.Count < LeastRows ? inside : fresh).Where(h => h.Parts.Outside <= 0.05).Select(h => h.Parts.Novelty).Order().ToArray();
        var none = new PartShares(0, 0);
        var stack = new ResidualStack([none, none, none], 0, 0.1, 0.1, 0.1, novelty.Length == 0 ? 0 : novelty[novelty.Length / 3], novelty.Length == 0 ? 0 : novelty[novelty.Length * 3 / 4]);

        // Shares on a grid, by the mean absolute error, without what the same circuit's runs would say.
        List<Held> blind = [.. inside.Select(h => h with { Parts = h.Parts with { Kin = double.NaN } })];
        var all = Shares(blind, stack, parts);
        stack = stack with { Shares = [.. Enumerable.Range(0, 3).Select(b => blind.Where(h => stack.Band(h.Parts) == b).ToList() is { Count: >= LeastRows } band ? Shares(band, stack, parts) : all)] };

        // The fading outside the range of the data, by the largest jobs, predicted without them.
        var large = held.Where(h => h.IsLarge && h.Parts.Outside > 0.05).Select(h => h with { Parts = h.Parts with { Kin = double.NaN } }).ToList();
        stack = large.Count < 10 ? stack : Decays.Select(d => stack with { HullDecay = d }).MinBy(s => Loss(s, large))!;

        var kin = inside.Where(h => !double.IsNaN(h.Parts.Kin)).ToList();
        stack = kin.Count < LeastRows ? stack with { KinShare = 0.9 } : Enumerable.Range(0, 11).Select(i => stack with { KinShare = i / 10.0 }).MinBy(s => Loss(s, kin))!;
        return stack with { Floor = Floor(stack, fresh.Count < LeastRows ? blind : fresh), KinFloor = Floor(stack, kin) };
    }

    private static PartShares Shares(List<Held> rows, ResidualStack stack, ModelParts parts)
    {
        var (best, least) = (new PartShares(0, 0), double.PositiveInfinity);
        for (var f = 0; f <= (parts.HasFlag(ModelParts.Forest) ? 10 : 0); f++)
        {
            for (var n = 0; n <= (parts.HasFlag(ModelParts.Network) ? 10 - f : 0); n++)
            {
                var shares = new PartShares(f / 10.0, n / 10.0);
                var loss = Loss(stack with { Shares = [shares, shares, shares] }, rows);
                (best, least) = loss < least ? (shares, loss) : (best, least);
            }
        }

        return best;
    }

    private static double Loss(ResidualStack stack, List<Held> rows)
    {
        var loss = 0.0;
        foreach (var h in rows)
        {
            loss += Math.Min(3, Math.Abs(h.Error - stack.Correction(h.Parts)));
        }

        return loss;
    }

    private static double Floor(ResidualStack stack, List<Held> rows)
    {
        var errors = rows.Select(h => Math.Abs(h.Error - stack.Correction(h.Parts))).Order().ToArray();
        return Math.Max(0.02, errors.Length == 0 ? 0.1 : errors[errors.Length / 2] / 2);
    }
}

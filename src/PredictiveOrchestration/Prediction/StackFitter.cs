namespace PredictiveOrchestration.Prediction;

/// <summary>A held-out row: what the terms left unexplained, and what the learned parts said.</summary>
internal readonly record struct Held(double Error, ResidualParts Parts, bool IsLarge);

/// <summary>Chooses how learned parts are put together by what would have predicted held-out rows best.</summary>
internal static class StackFitter
{
    private static readonly double[] Decays = [0, 0.02, 0.1, 0.5, 3];

    public static ResidualStack Fit(IReadOnlyList<Held> held, ModelParts parts)
    {
        // Shares on a grid, by the mean absolute error; the analytic model has what is left.
        var inside = held.Where(h => !h.IsLarge).ToList();
        var stack = new ResidualStack(0, 0, 0.1, 0.1, 0, 0);
        var best = double.PositiveInfinity;
        for (var f = 0; f <= (parts.HasFlag(ModelParts.Forest) ? 10 : 0); f++)
        {
            for (var n = 0; n <= (parts.HasFlag(ModelParts.Network) ? 10 - f : 0); n++)
            {
                Take(stack with { ForestShare = f / 10.0, NetworkShare = n / 10.0 }, inside);
            }
        }

        // The fading outside the range of the data, by the largest jobs, predicted without them.
        best = double.PositiveInfinity;
        var large = held.Where(h => h.IsLarge && h.Parts.Outside.Sum > 0.05).ToList();
        foreach (var decay in large.Count < 10 ? [0.1] : Decays)
        {
            Take(stack with { HullDecay = decay }, large.Count < 10 ? inside : large);
        }

        var errors = inside.Select(h => Math.Abs(h.Error - stack.Correction(h.Parts))).Order().ToArray();
        var novelty = inside.Where(h => h.Parts.Outside.Sum <= 0.05).Select(h => h.Parts.Novelty).Order().ToArray();
        return stack with
        {
            Floor = Math.Max(0.02, errors.Length == 0 ? 0.1 : errors[errors.Length / 2] / 2),
            Near = novelty.Length == 0 ? 0 : novelty[novelty.Length / 3],
            Far = novelty.Length == 0 ? 0 : novelty[novelty.Length * 3 / 4],
        };

        void Take(ResidualStack candidate, List<Held> rows)
        {
            var loss = 0.0;
            foreach (var h in rows)
            {
                loss += Math.Min(3, Math.Abs(h.Error - candidate.Correction(h.Parts)));
            }

            if (loss < best)
            {
                (best, stack) = (loss, candidate);
            }
        }
    }
}

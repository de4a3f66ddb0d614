using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Least 90 % quantile of time under the present load: times the runs ahead in line and itself, times how much slower than that it was lately (peak-EWMA),
/// times the discount for drift, divided by the success rate. Of three or more within a tenth of the least, two are drawn and the better one
/// taken (the power of two choices: Mitzenmacher 2001), so that many who decide at once do not all go to the same.
/// </summary>
internal sealed class AdaptiveRouter : IChanceRouter
{
    private const double Near = 1.1;

    public string Name => BackendRouters.Adaptive;

    public bool NeedsDraw => true;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) => Ranking.ByLoss(
        context,
        static c => (LogNormal.Pessimistic(c.Prediction) * c.Pressure * c.DriftDiscount * (c.InFlight + 1) / Math.Max(0.05, c.SuccessRate), c.Prediction.LogSecondsSigma),
        static c => string.Create(
            CultureInfo.InvariantCulture,
            $"90 % of such runs end within {LogNormal.Pessimistic(c.Prediction):G3} s{(c.Pressure > 1 ? FormattableString.Invariant($", {c.Pressure:F1} times that lately") : string.Empty)}{(c.DriftDiscount > 1 ? FormattableString.Invariant($", drifting (× {c.DriftDiscount:F1})") : string.Empty)}, {c.InFlight} in flight, {c.SuccessRate:P0} succeed"));

    public TimeSpan? Choose(RankedBackend[] ranked, int good, in Chance chance)
    {
        var near = 1;
        while (near < good && ranked[near].Loss <= Near * ranked[0].Loss)
        {
            near++;
        }

        if (near < 3)
        {
            return null;
        }

        // Two different ones of the near; the better one, of rank r, is it in near - 1 - r of near (near - 1) / 2 pairs.
        var one = (int)(((chance.Draw >> 32) * (ulong)near) >> 32);
        var other = (int)(((chance.Draw & uint.MaxValue) * (ulong)(near - 1)) >> 32);
        other += other >= one ? 1 : 0;
        var chosen = Math.Min(one, other);
        for (var r = 0; r < ranked.Length; r++)
        {
            ranked[r] = ranked[r] with { Propensity = r < near ? 2.0 * (near - 1 - r) / (near * (near - 1.0)) : 0 };
        }

        Ranking.ToFront(ranked, chosen);
        return null;
    }
}

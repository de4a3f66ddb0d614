using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Least expected loss over the predictive distribution: PerformanceWeight times the expected time relative to the best, plus CostWeight times
/// (1 + cost / CostThreshold), divided by the probability of a usable result. Explores safely, within what the ledger of exploration allows.
/// </summary>
internal sealed class PredictiveRouter : IIncumbentRouter, IChanceRouter
{
    public string Name => BackendRouters.Predictive;

    public bool NeedsDraw => false;

    public bool MayChoose(IReadOnlyList<RankedBackend> ranked, double stakeSeconds) => ThompsonExploration.MayExplore(ranked, stakeSeconds);

    public TimeSpan? Choose(RankedBackend[] ranked, int good, in Chance chance) => ThompsonExploration.Choose(ranked, chance);

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var best = Ranking.Least(context, c => Expected(context, c));
        var unit = (double)Math.Max(0.000001m, context.CostThreshold);
        (double Time, double Loss) Of(RoutingCandidate c)
        {
            var time = context.PerformanceWeight * Expected(context, c) / best;
            var cost = context.CostWeight * (1 + ((double)c.Cost.Median / unit));
            var success = Math.Max(0.05, c.SuccessProbability);
            return (time / success, Math.Max(1e-12, time + cost) / success);
        }

        return Ranking.ByLoss(
            context,
            c =>
            {
                var (time, loss) = Of(c);
                return (loss, c.Prediction.LogSecondsSigma * time / loss);
            },
            c => string.Create(CultureInfo.InvariantCulture, $"expected {c.Prediction.MeanSeconds:G3} s, {c.Cost.Median:0.######} {c.Cost.Currency}: loss {Of(c).Loss:F3}"));
    }

    // A run here that takes too long is left for the next backend, so what it may take is bounded.
    private static double Expected(RoutingContext context, RoutingCandidate candidate)
    {
        var mean = candidate.Prediction.MeanSeconds;
        if (!candidate.IsFree)
        {
            return mean;
        }

        RoutingCandidate? next = null;
        foreach (var other in context.Candidates)
        {
            next = other != candidate && (next is null || other.Prediction.MeanSeconds < next.Prediction.MeanSeconds) ? other : next;
        }

        if (next is null || mean < next.Prediction.MeanSeconds)
        {
            return mean;
        }

        return Math.Min(mean, LogNormal.MeanUntil(candidate.Prediction, AttemptPlan.WatchSeconds(candidate, next.TotalSeconds), next.Prediction.MeanSeconds));
    }
}

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
        var candidates = context.Candidates;
        var quickest = candidates[0];
        foreach (var candidate in candidates)
        {
            quickest = candidate.Prediction.MeanSeconds < quickest.Prediction.MeanSeconds ? candidate : quickest;
        }

        var expected = new double[candidates.Count];
        var best = double.PositiveInfinity;
        for (var i = 0; i < expected.Length; i++)
        {
            // What is not a number is not the best.
            expected[i] = ExpectedSeconds(candidates[i], quickest);
            best = expected[i] < best ? expected[i] : best;
        }

        var unit = (double)Math.Max(0.000001m, context.CostThreshold);
        double Expected(RoutingCandidate c)
        {
            var at = 0;
            while (!ReferenceEquals(candidates[at], c))
            {
                at++;
            }

            return expected[at];
        }

        (double Time, double Loss) Of(RoutingCandidate c)
        {
            var time = context.PerformanceWeight * Expected(c) / best;
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
            c => string.Create(CultureInfo.InvariantCulture, $"expected {Expected(c):G3} s, {c.Cost.Median:0.######} {c.Cost.Currency}: loss {Of(c).Loss:F3}"));
    }

    // A run here that takes too long is stopped and another backend goes on, so what it is expected to cost ends there: a wide interval is not waited for.
    private static double ExpectedSeconds(RoutingCandidate candidate, RoutingCandidate quickest)
    {
        var (mean, other) = (candidate.Prediction.MeanSeconds, quickest.Prediction.MeanSeconds);
        return candidate.IsFree && other < mean
            ? Math.Min(mean, LogNormal.MeanUntil(candidate.Prediction, AttemptPlan.WatchSeconds(candidate, quickest.TotalSeconds), other)) : mean;
    }
}

using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Least expected loss: PerformanceWeight times the expected time relative to the best, plus CostWeight times (1 + cost / CostThreshold).
/// </summary>
internal sealed class PredictiveRouter : IBackendRouter
{
    public string Name => BackendRouters.Predictive;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var best = context.Candidates.Min(c => LogNormal.Mean(c.Prediction));
        return
        [
            .. context.Candidates.Select(c =>
            {
                var time = context.PerformanceWeight * LogNormal.Mean(c.Prediction) / best;
                var cost = context.CostWeight * (1 + (double)(c.Cost.Median / Math.Max(0.000001m, context.CostThreshold)));
                var loss = Math.Max(1e-12, time + cost);
                return new RankedBackend(c, loss, c.Prediction.LogSecondsSigma * time / loss, string.Create(
                    CultureInfo.InvariantCulture, $"expected {LogNormal.Mean(c.Prediction):G3} s, {c.Cost.Median:0.######} {c.Cost.Currency}: loss {loss:F3}"));
            }).OrderBy(r => r.Loss).ThenBy(r => r.Candidate.TotalSeconds),
        ];
    }
}

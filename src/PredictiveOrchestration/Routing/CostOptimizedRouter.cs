using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>Least money; among equals the fastest. Backends that would probably miss the deadline come last.</summary>
internal sealed class CostOptimizedRouter : IBackendRouter
{
    public string Name => BackendRouters.CostOptimized;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var fastest = context.Candidates.Min(c => c.TotalSeconds);
        return
        [
            .. context.Candidates.Select(c =>
            {
                // Time counts for a millionth of the threshold: it only separates equal prices.
                var late = context.Deadline is { } deadline && LogNormal.Pessimistic(c.Prediction) > deadline.TotalSeconds;
                var unit = (double)Math.Max(0.000001m, context.CostThreshold);
                var loss = (double)c.Cost.Median / unit + 1e-6 * c.TotalSeconds / fastest + (late ? 1e6 : 0);
                return new RankedBackend(c, loss, c.Prediction.LogSecondsSigma, string.Create(
                    CultureInfo.InvariantCulture, $"{c.Cost.Median:0.######} {c.Cost.Currency}, {c.TotalSeconds:G3} s{(late ? ", would probably miss the deadline" : string.Empty)}"));
            }).OrderBy(r => r.Loss),
        ];
    }
}

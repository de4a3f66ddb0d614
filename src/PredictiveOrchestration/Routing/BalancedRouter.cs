using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Nash's bargain between time, cost and fidelity: the greatest product of each relative to the best available. A tenth of the
/// threshold is added to every cost, so that something free does not outweigh everything else.
/// </summary>
internal sealed class BalancedRouter : IBackendRouter
{
    public string Name => BackendRouters.Balanced;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var fastest = context.Candidates.Min(c => c.TotalSeconds);
        var floor = Math.Max(0.000001m, context.CostThreshold / 10);
        var cheapest = context.Candidates.Min(c => c.Cost.Median) + floor;
        return
        [
            .. context.Candidates.Select(c =>
            {
                double time = fastest / c.TotalSeconds, cost = (double)(cheapest / (c.Cost.Median + floor)), fidelity = c.SuccessProbability;
                return new RankedBackend(c, 1 / Math.Max(1e-12, time * cost * fidelity), c.Prediction.LogSecondsSigma, string.Create(
                    CultureInfo.InvariantCulture, $"time {time:F2} × cost {cost:F2} × fidelity {fidelity:F2} of the best"));
            }).OrderBy(r => r.Loss),
        ];
    }
}

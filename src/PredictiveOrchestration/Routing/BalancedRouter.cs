using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Nash's bargain between time, cost and fidelity: the greatest product of each relative to the best available. A tenth of the
/// threshold is added to every cost, so that something free does not outweigh everything else.
/// </summary>
internal sealed class BalancedRouter : IIncumbentRouter
{
    public string Name => BackendRouters.Balanced;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var fastest = Ranking.Least(context, static c => c.TotalSeconds);
        var surest = Math.Max(1e-12, -Ranking.Least(context, static c => -c.SuccessProbability));
        var floor = Math.Max(0.000001, (double)context.CostThreshold / 10);
        var cheapest = Ranking.Least(context, static c => (double)c.Cost.Median) + floor;
        (double Time, double Cost, double Fidelity) Shares(RoutingCandidate c) =>
            (fastest / c.TotalSeconds, cheapest / ((double)c.Cost.Median + floor), c.SuccessProbability / surest);
        return Ranking.ByLoss(
            context,
            c =>
            {
                var (time, cost, fidelity) = Shares(c);
                return (1 / Math.Max(1e-12, time * cost * fidelity), c.Prediction.LogSecondsSigma);
            },
            c =>
            {
                var (time, cost, fidelity) = Shares(c);
                return string.Create(CultureInfo.InvariantCulture, $"time {time:F2} × cost {cost:F2} × fidelity {fidelity:F2} of the best");
            });
    }
}

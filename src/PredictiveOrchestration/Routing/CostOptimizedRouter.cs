using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>Least money; among equals the fastest. Backends that would probably miss the deadline come last.</summary>
internal sealed class CostOptimizedRouter : IIncumbentRouter
{
    public string Name => BackendRouters.CostOptimized;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var fastest = Ranking.Least(context, static c => c.TotalSeconds);
        var unit = (double)Math.Max(0.000001m, context.CostThreshold);
        bool Late(RoutingCandidate c) => context.Deadline is { } deadline && LogNormal.Pessimistic(c.Prediction) > deadline.TotalSeconds;

        // Time counts for a millionth of the threshold: it only separates equal prices.
        return Ranking.ByLoss(
            context,
            c => (((double)c.Cost.Median / unit) + (1e-6 * c.TotalSeconds / fastest) + (Late(c) ? 1e6 : 0), c.Prediction.LogSecondsSigma),
            c => string.Create(CultureInfo.InvariantCulture, $"{c.Cost.Median:0.######} {c.Cost.Currency}, {c.TotalSeconds:G3} s{(Late(c) ? ", would probably miss the deadline" : string.Empty)}"));
    }
}

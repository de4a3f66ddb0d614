using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>Least median time to the result.</summary>
internal sealed class PerformanceOptimizedRouter : IIncumbentRouter
{
    public string Name => BackendRouters.PerformanceOptimized;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) => Ranking.ByLoss(
        context, static c => (c.TotalSeconds, c.Prediction.LogSecondsSigma), static c => string.Create(CultureInfo.InvariantCulture, $"median {c.TotalSeconds:G3} s"));
}

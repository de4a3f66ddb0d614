using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>Least median time to the result.</summary>
internal sealed class PerformanceOptimizedRouter : IBackendRouter
{
    public string Name => BackendRouters.PerformanceOptimized;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) =>
    [
        .. context.Candidates.Select(c => new RankedBackend(c, Math.Max(1e-12, c.TotalSeconds), c.Prediction.LogSecondsSigma, string.Create(
            CultureInfo.InvariantCulture, $"median {c.TotalSeconds:G3} s"))).OrderBy(r => r.Loss),
    ];
}

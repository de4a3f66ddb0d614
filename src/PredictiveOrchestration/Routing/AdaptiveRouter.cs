using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>Least 90 % quantile of time, times the runs that are ahead in line, divided by the success rate.</summary>
internal sealed class AdaptiveRouter : IBackendRouter
{
    public string Name => BackendRouters.Adaptive;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) =>
    [
        .. context.Candidates.Select(c =>
        {
            var loss = LogNormal.Pessimistic(c.Prediction) * (c.InFlight + 1) / Math.Max(0.05, c.SuccessRate);
            return new RankedBackend(c, Math.Max(1e-12, loss), c.Prediction.LogSecondsSigma, string.Create(
                CultureInfo.InvariantCulture, $"90 % of such runs end within {LogNormal.Pessimistic(c.Prediction):G3} s, {c.InFlight} in flight, {c.SuccessRate:P0} succeed"));
        }).OrderBy(r => r.Loss),
    ];
}

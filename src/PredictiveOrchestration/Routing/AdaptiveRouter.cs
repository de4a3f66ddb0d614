using System.Globalization;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Least 90 % quantile of time under the present load: times the runs ahead in line and itself, times how much slower than that it was lately (peak-EWMA),
/// times the discount for drift, divided by the success rate.
/// </summary>
internal sealed class AdaptiveRouter : IBackendRouter
{
    public string Name => BackendRouters.Adaptive;

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) => Ranking.ByLoss(
        context,
        static c => (LogNormal.Pessimistic(c.Prediction) * c.Pressure * c.DriftDiscount * (c.InFlight + 1) / Math.Max(0.05, c.SuccessRate), c.Prediction.LogSecondsSigma),
        static c => string.Create(
            CultureInfo.InvariantCulture,
            $"90 % of such runs end within {LogNormal.Pessimistic(c.Prediction):G3} s{(c.Pressure > 1 ? FormattableString.Invariant($", {c.Pressure:F1} times that lately") : string.Empty)}{(c.DriftDiscount > 1 ? FormattableString.Invariant($", drifting (× {c.DriftDiscount:F1})") : string.Empty)}, {c.InFlight} in flight, {c.SuccessRate:P0} succeed"));
}

using System.Globalization;
using PredictiveOrchestration.Routing;

namespace CustomRouter;

/// <summary>Prefers the backend that holds the least memory, among those that take at most three times the time of the fastest.</summary>
internal sealed class LeastMemoryRouter : IBackendRouter
{
    private const double Patience = 3;

    public string Name => "least-memory";

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context)
    {
        var fastest = context.Candidates.Min(c => c.TotalSeconds);
        return
        [
            .. context.Candidates.Select(c =>
            {
                // The loss is positive and its logarithm comparable: bytes, with those that are too slow behind all others.
                var bytes = 1 + c.Prediction.PeakBytes.Median;
                var loss = c.TotalSeconds <= Patience * fastest ? bytes : 1e30 * bytes;
                return new RankedBackend(c, loss, 0.5, string.Create(CultureInfo.InvariantCulture, $"about {bytes / 1024:F0} KB, {c.TotalSeconds:G3} s"));
            }).OrderBy(r => r.Loss),
        ];
    }
}

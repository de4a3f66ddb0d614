using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>Models that cost the priors of the engines, times a factor; neither caches nor threads make a difference, whatever machine this is.</summary>
internal static class FixedModel
{
    public static PerformancePredictor Of(IEnumerable<BackendDescriptor> backends, double slower = 1, double sigma = 0.2, int version = 1) =>
        new(version, backends.Select(b => KeyValuePair.Create(b.Id, Of(CostBasisCatalog.Get(b.CostModel), slower, sigma))));

    private static BackendModel Of(CostBasis basis, double slower, double sigma)
    {
        var coefficients = new double[Breakpoints.Count(basis)];
        for (var i = 0; i < basis.TermNames.Length; i++)
        {
            coefficients[i] = slower * basis.PriorSeconds[i];
        }

        // What threads do not take over costs as much as what they do.
        for (var k = 0; k < basis.Streaming.Length; k++)
        {
            coefficients[basis.TermNames.Length + (3 * k) + 2] = coefficients[basis.Streaming[k]];
        }

        return new BackendModel(AnalyticCostModel.Of(basis, coefficients), null, null, IntervalModel.Prior(sigma), default, [], 0);
    }
}

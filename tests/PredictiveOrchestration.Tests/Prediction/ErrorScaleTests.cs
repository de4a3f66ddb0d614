using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Tests.Prediction;

public sealed class ErrorScaleTests
{
    [Fact]
    public void Fit_ErrorsThatGrowWithSpreadAndDistance_FindsTheirScale()
    {
        // Laplace's distribution with a known scale.
        var random = new Random(3);
        double Truth(ResidualParts p) => 0.3 * Math.Sqrt((0.02 + p.Spread) * (0.02 + p.Novelty));
        List<(ResidualParts, double)> rows = [.. Enumerable.Range(0, 3000).Select(_ =>
        {
            var p = Parts(random);
            return (p, Truth(p) * -Math.Log(1 - random.NextDouble()) * (random.Next(2) == 0 ? 1 : -1));
        })];
        var scale = ErrorScale.Fit(rows);
        for (var i = 0; i < 100; i++)
        {
            var p = Parts(random);
            (scale.Of(p) / Truth(p)).Should().BeInRange(0.75, 1.33);
        }
    }

    [Fact]
    public void Fit_FewErrorsOrNone_IsNearlyTheSameEverywhere()
    {
        var random = new Random(4);
        ErrorScale.Fit([]).Of(Parts(random)).Should().BeApproximately(0.1, 1e-12);
        var few = ErrorScale.Fit([.. Enumerable.Range(0, 8).Select(i => (Parts(random), 0.2 + (0.01 * i)))]);
        Enumerable.Range(0, 50).Select(_ => few.Of(Parts(random))).Should().OnlyContain(s => s > 0.1 && s < 0.5);
    }

    private static ResidualParts Parts(Random random) => new(
        Forest: random.NextDouble() - 0.5, Network: random.NextDouble() - 0.5, Spread: Math.Exp((3 * random.NextDouble()) - 3), Outside: 0, OutsideWork: 0, Novelty: 4 * random.NextDouble(), Cluster: 0);
}

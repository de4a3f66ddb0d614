using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Tests.Prediction;

public sealed class ErrorScaleTests
{
    [Fact]
    public void Fit_ErrorsThatGrowWithSpreadAndDisagreement_FindsTheirScale()
    {
        // Laplace's distribution with a known scale.
        var random = new Random(3);
        double Truth(ResidualParts p) => 0.3 * Math.Sqrt((0.02 + p.Spread) * (0.02 + Math.Abs(p.Forest - p.Network)));
        List<(ResidualParts, double, double)> rows = [.. Enumerable.Range(0, 3000).Select(_ =>
        {
            var p = Parts(random);
            return (p, LogSeconds(random), Truth(p) * Laplace(random));
        })];
        var scale = ErrorScale.Fit(rows);
        for (var i = 0; i < 100; i++)
        {
            var p = Parts(random);
            (scale.Of(p, LogSeconds(random)) / Truth(p)).Should().BeInRange(0.75, 1.33);
        }
    }

    [Theory]
    [InlineData(2e-5)]
    [InlineData(0.3)]
    public void Fit_ErrorsThatGrowAsRunsAreShorter_FindsTheFloorOfTheirTime(double floor)
    {
        // What comes on top of a run does not depend on it.
        var random = new Random(5);
        double Truth(ResidualParts p, double logSeconds) => 0.2 * Math.Sqrt(0.02 + p.Spread) * (1 + (floor / Math.Exp(logSeconds)));
        List<(ResidualParts, double, double)> rows = [.. Enumerable.Range(0, 3000).Select(_ =>
        {
            var (p, t) = (Parts(random), Math.Log(floor) + LogSeconds(random) - Math.Log(1e-4));
            return (p, t, Truth(p, t) * Laplace(random));
        })];
        var scale = ErrorScale.Fit(rows);
        scale.FloorSeconds.Should().BeInRange(floor / 1.4, floor * 1.4);
        scale.Of(rows[0].Item1, Math.Log(floor / 10)).Should().BeGreaterThan(4 * scale.Of(rows[0].Item1, Math.Log(floor * 10)));
        scale.Of(rows[0].Item1, -1000).Should().Be(scale.Of(rows[0].Item1, rows.Min(r => r.Item2)), "shorter runs than any that is known may be as wrong as the shortest");
    }

    [Fact]
    public void Fit_FewErrorsOrNone_IsNearlyTheSameEverywhere()
    {
        var random = new Random(4);
        ErrorScale.Fit([]).Of(Parts(random), -7).Should().BeApproximately(0.1, 1e-12);
        var few = ErrorScale.Fit([.. Enumerable.Range(0, 8).Select(i => (Parts(random), -7 + (0.1 * i), 0.2 + (0.01 * i)))]);
        Enumerable.Range(0, 50).Select(_ => few.Of(Parts(random), LogSeconds(random))).Should().OnlyContain(s => s > 0.1 && s < 0.5);
    }

    private static double LogSeconds(Random random) => Math.Log(1e-5) + (10 * random.NextDouble());

    private static double Laplace(Random random) => -Math.Log(1 - random.NextDouble()) * (random.Next(2) == 0 ? 1 : -1);

    private static ResidualParts Parts(Random random) => new(
        Forest: random.NextDouble() - 0.5, Network: random.NextDouble() - 0.5, Spread: Math.Exp((3 * random.NextDouble()) - 3), Outside: 0, OutsideWork: 0, Novelty: 0, Cluster: 0);
}

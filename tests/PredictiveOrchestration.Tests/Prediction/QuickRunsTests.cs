using FluentAssertions;
using PredictiveOrchestration.Prediction;
using Xunit;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>Runs whose terms said longer than any run took: how many were done all the same, and how soon.</summary>
public sealed class QuickRunsTests
{
    private static readonly CostBasis Basis = CostBasisCatalog.Get("generic");

    [Fact]
    public void Of_RunsBeyondTheLongest_CountsThoseDone()
    {
        // e seconds or more are beyond.
        var analytic = AnalyticCostModel.Of(Basis, [0, 1e-6, 0, 0]);
        List<TrainingRow> rows =
        [
            .. Enumerable.Range(0, 20).Select(_ => Row(0.1, 0.1, false)),
            .. Enumerable.Range(0, 12).Select(_ => Row(1000, 1, true)),
            .. Enumerable.Range(0, 8).Select(i => Row(1000, i % 2 == 0 ? 0.01 : 0.0001, false)),
        ];
        var quick = QuickRuns.Of(analytic, 1, rows);

        // One of four imagined runs is done.
        quick.Chance.Should().BeApproximately(9 / 24.0, 1e-12);
        quick.LogMean.Should().BeApproximately(((8 * Math.Log(0.001)) + (((20 * Math.Log(0.1)) + (8 * Math.Log(0.001))) / 28)) / 9, 1e-9, "those done, and one that took as long as all on average");
        quick.Within(1e-9).Should().BeLessThan(0.01);
        quick.Within(1e3).Should().BeApproximately(quick.Chance, 0.01);
        quick.Within(Math.Exp(quick.LogMean)).Should().BeApproximately(quick.Chance / 2, 1e-9);
        quick.Shortest.Should().BeLessThan(0.0001);

        // Nothing beyond is known: a quarter, about as long as all.
        var none = QuickRuns.Of(analytic, 10, rows);
        none.Chance.Should().Be(0.25);
    }

    [Fact]
    public void Expected_LiesBetweenBothEnds()
    {
        var quick = new QuickRuns(0.5, Math.Log(0.01), 1) { OtherwiseSeconds = 100 };
        quick.Expected(0.01).Should().BeApproximately(50.005, 1e-9);
        (quick with { Chance = 1 }).Expected(0.01).Should().Be(0.01);
        (quick with { OtherwiseSeconds = 0.001 }).Expected(0.01).Should().Be(0.01, "never shorter than if it is done soon");
    }

    [Fact]
    public void Predict_JobLikeThoseThatWereDone_IsLikelierDoneThanOneLikeThoseThatWereNot()
    {
        // A unit of the second term is a microsecond. Two kinds of jobs whose terms say hours, told apart by one input: of the first all are done in a hundredth of a second, of the second none in a second.
        var random = new Random(7);
        List<TrainingRow> rows = [];
        for (var i = 0; i < 400; i++)
        {
            var seconds = 0.1 * Math.Exp(3 * random.NextDouble());
            rows.Add(i % 4 < 2 ? Row(seconds, seconds, false, random) : Row(1e4 * Math.Exp(random.NextDouble()), i % 4 == 2 ? 0.01 * Math.Exp(random.NextDouble()) : 1, i % 4 == 3, random, i % 4 == 2 ? 0.9f : 0.1f));
        }

        var model = ModelBuilder.Fit(Basis.Name, [], rows, [], rows.Count, 1);
        model.Residual.Should().NotBeNull();
        QuickRuns Of(TrainingRow row) => model.Quick.Of(model.Residual!, row.Features, model.Analytic.Predict(row.Terms));
        var beyond = rows.Where(r => Math.Log(model.Analytic.Predict(r.Terms)) > model.Residual!.Ceiling).ToList();
        beyond.Should().NotBeEmpty();
        var (done, not) = (beyond.Where(r => !r.IsCensored).Select(Of).ToList(), beyond.Where(r => r.IsCensored).Select(Of).ToList());
        done.Average(q => q.Chance).Should().BeGreaterThan(not.Average(q => q.Chance) + 0.25);
        done.Average(q => q.LogMean).Should().BeApproximately(Math.Log(0.01), 1.5);
        done.Should().OnlyContain(q => q.OtherwiseSeconds > 100);
    }

    private static TrainingRow Row(double term, double seconds, bool isCensored, Random? random = null, float kind = 0.5f)
    {
        var units = term * 1e6;
        var features = new float[4 + ResidualFeatures.Common];
        features[1] = (float)Math.Log2(1 + units);
        features[10] = kind;
        features[11] = random?.NextSingle() ?? 0;
        return new TrainingRow("b", Basis.Name, [1, units, 0, 0], features, seconds, isCensored);
    }
}

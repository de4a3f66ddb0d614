using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>Which kinds of jobs were learned from, and what that changes.</summary>
public sealed class JobKindsTests
{
    private static readonly CostBasis Dense = CostBasisCatalog.Get("dense");

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(200)]
    public void DistanceTo_AnyJob_IsThatToTheNearestOfTheSample(int count)
    {
        var random = new Random(count);
        List<TrainingRow> rows = [.. Enumerable.Range(0, count).Select(_ => new TrainingRow("b", Dense.Name, [], [.. Enumerable.Range(0, ResidualFeatures.Common + 3).Select(_ => random.NextSingle())], 1, false))];
        var scale = new FeatureScale([.. rows.Select(r => r.Features)]);
        var kinds = JobKinds.Of(scale, rows, 1);
        using var file = new MemoryStream();
        kinds.Write(new BinaryWriter(file));
        file.Position = 0;
        var read = JobKinds.Read(new BinaryReader(file));
        for (var i = 0; i < 20; i++)
        {
            float[] features = [.. Enumerable.Range(0, scale.Count).Select(_ => 1.5f * random.NextSingle())], z = new float[scale.Count];
            scale.Apply(features, z);
            var point = JobKinds.PointOf(scale, features);
            var nearest = rows.Min(r => Math.Sqrt(JobKinds.PointOf(scale, r.Features).Zip(point).Sum(p => (double)(p.First - p.Second) * (p.First - p.Second))));
            kinds.DistanceTo(z).Should().BeApproximately(nearest, 1e-5);
            read.DistanceTo(z).Should().Be(kinds.DistanceTo(z));
        }
    }

    [Fact]
    public void DistanceTo_SameFamilyInOtherSizes_IsNearerThanAnotherFamily()
    {
        var rows = Rows([(n => Fourier.Qft(n), 1), (States.Ghz, 1), (n => RandomFamilies.QuantumVolume(n, 4, 3), 1)], 4, 9);
        var scale = new FeatureScale([.. rows.Select(r => r.Features)]);
        var kinds = JobKinds.Of(scale, rows, 1);
        double Distance(Circuit circuit)
        {
            var z = new float[scale.Count];
            scale.Apply(Row(circuit, 1).Features, z);
            return kinds.DistanceTo(z);
        }

        var same = new[] { Fourier.Qft(16), States.Ghz(18), RandomFamilies.QuantumVolume(14, 4, 9) }.Max(Distance);
        Distance(Adders.Cuccaro(4)).Should().BeGreaterThan(2 * same);
    }

    [Fact]
    public void Predict_KindNeverSeen_IsLeftToTheTermsWhereKindsHaveLittleInCommon()
    {
        // Every kind is off by a factor of its own, so that one says nothing of another.
        var rows = Rows(
            [
                (n => Fourier.Qft(n), 3), (States.Ghz, 0.4), (n => RandomFamilies.QuantumVolume(n, 4, 3), 2.5), (n => RandomFamilies.Random(n, 8, 5), 0.3),
                (n => RandomFamilies.RandomClifford(n, 12 * n, 7), 3.5), (States.W, 0.5), (n => Fourier.PhaseEstimation(n - 1, 1 / 3.0), 2), (n => RandomFamilies.Brickwork(n, 6, 11), 0.35),
            ],
            4, 15);
        var model = ModelBuilder.Fit("dense", [], rows, [], rows.Count, 5);
        double Correction(TrainingRow row) => model.Predict(row.Terms, row.Features).Raw - Math.Log(model.Analytic.Predict(row.Terms));
        var seen = rows.Average(r => Math.Abs(Math.Log(r.Seconds / model.Analytic.Predict(r.Terms)) - Correction(r)));
        seen.Should().BeLessThan(0.35, "a kind that was seen is corrected");
        var unseen = Enumerable.Range(2, 6).Average(n => Math.Abs(Correction(Row(Adders.Cuccaro(n), 1))));
        unseen.Should().BeLessThan(0.5, "what others are off by says nothing of a new kind");
    }

    private static List<TrainingRow> Rows((Func<int, Circuit> Make, double Factor)[] families, int least, int most) =>
        [.. Enumerable.Range(least, most - least + 1).SelectMany(n => families.Select(f => Row(f.Make(n), f.Factor)))];

    private static TrainingRow Row(Circuit circuit, double factor)
    {
        var drivers = JobDrivers.Of(Dense, CircuitProfiler.Profile(circuit), new JobShape(1000, 1, 0, 0));
        return new TrainingRow("b", Dense.Name, drivers.Terms, drivers.Features, AnalyticCostModel.Prior(Dense).Predict(drivers.Terms) * factor, false);
    }
}

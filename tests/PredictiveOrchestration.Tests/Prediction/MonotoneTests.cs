using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>The regression never falls as a job grows, and what is learned does not reach far beyond the jobs it was learned from.</summary>
public sealed class MonotoneTests(ITestOutputHelper output)
{
    private static readonly CostBasis Dense = CostBasisCatalog.Get("dense");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Regression_LargerJob_IsNeverShorter(int seed)
    {
        // Times that tempt: the larger the job, the more the terms overstate it, with jumps.
        var random = new Random(seed);
        var rows = Rows(random, 260, (n, gates) => Math.Exp((-0.25 * n) + (n % 3 == 0 ? 1.2 : 0) + (gates > 60 ? -1 : 0.5)));
        var model = ModelBuilder.Fit("dense", [], rows, [], rows.Count, seed);
        model.Residual.Should().NotBeNull();
        var (grew, far) = (0, 0);
        for (var i = 0; i < 3000; i++)
        {
            var row = rows[random.Next(rows.Count)];
            var terms = (double[])row.Terms.Clone();

            // From far below the range of the data to far above it.
            Move(random, terms, -6, 6);
            var small = model.Analytic.Predict(terms);
            Move(random, terms, 0, 4);
            var large = model.Analytic.Predict(terms);
            large.Should().BeGreaterThanOrEqualTo(small, "seed {0}, round {1}", seed, i);
            grew += large > 1.1 * small ? 1 : 0;

            // Far beyond it, what was learned gives way to the terms: a hundred times the work never takes less time.
            var (most, features) = (Array.ConvertAll(row.Terms, t => 1e4 * t), Grown(row.Features, Math.Log(1e4)));
            var (more, larger) = (Array.ConvertAll(most, t => 100 * t), Grown(features, Math.Log(100)));
            var judged = model with { Stack = model.Stack! with { HullDecay = 0.1 } };
            far += judged.Predict(more, larger).Median > judged.Predict(most, features).Median ? 1 : 0;
        }

        grew.Should().BeGreaterThan(1000);
        far.Should().Be(3000);
    }

    [Fact]
    public void Predict_FamiliesBeyondTheSizesSeen_NeverFallByMoreThanTheirShapeChanges()
    {
        var random = new Random(4);
        var rows = Rows(random, 260, (n, _) => n > 8 ? 0.5 : 2);
        var model = ModelBuilder.Fit("dense", [], rows, [], rows.Count, 4);
        var job = new JobShape(1000, 1, 0, 0);
        double Predict(Circuit circuit)
        {
            var drivers = JobDrivers.Of(Dense, CircuitProfiler.Profile(circuit), job);
            return model.Predict(drivers.Terms, drivers.Features).Median;
        }

        // Out to three times the sizes seen.
        var worst = 0.0;
        for (var n = 11; n < 30; n++)
        {
            worst = Math.Max(worst, Predict(RandomFamilies.Random(n, 8, 1)) - Predict(RandomFamilies.Random(n + 1, 8, 1)));
        }

        for (var layers = 13; layers < 60; layers++)
        {
            worst = Math.Max(worst, Predict(RandomFamilies.Random(10, layers, 1)) - Predict(RandomFamilies.Random(10, layers + 1, 1)));
        }

        output.WriteLine($"worst fall in log time {worst:F3}");
        worst.Should().BeLessThan(0.5);
    }

    [Fact]
    public void Correction_OutsideTheRange_ShrinksToTheAnalyticModel()
    {
        var random = new Random(5);
        var rows = Rows(random, 260, (n, _) => n % 2 == 0 ? 3 : 0.7);
        var model = ModelBuilder.Fit("dense", [], rows, [], rows.Count, 5);
        model = model with { Stack = model.Stack! with { Seen = new(1, 0), New = new(1, 0), HullDecay = 0.5 } };
        double Apart(double[] terms, float[] features) => Math.Abs(model.Predict(terms, features).Median - Math.Log(model.Analytic.Predict(terms)));
        var corrected = rows.MaxBy(r => Apart(r.Terms, r.Features))!;
        double Grown(double growth)
        {
            var (terms, features) = (Array.ConvertAll(corrected.Terms, t => t * Math.Exp(growth)), MonotoneTests.Grown(corrected.Features, growth));
            return Apart(terms, features);
        }

        var inside = Grown(0);
        inside.Should().BeGreaterThan(0.3);
        Grown(15).Should().BeLessThan(inside / 2);
        Grown(50).Should().BeLessThan(inside / 5);
        Grown(-30).Should().BeLessThan(inside / 2);
    }

    [Fact]
    public void Stack_ExpertThatIsRight_GainsTheWeight()
    {
        var stack = new ResidualStack(new(0.4, 0.3), new(0.4, 0.3), 0, 0, 0.1, 0, 1);
        var random = new Random(6);
        double regret = 0;
        for (var phase = 0; phase < 3; phase++)
        {
            for (var i = 0; i < 400; i++)
            {
                double forest = (2 * random.NextDouble()) - 1, network = (2 * random.NextDouble()) - 1;
                var parts = new ResidualParts(forest, network, 0.1, 0, 0, 0, 0);
                var truth = (phase == 0 ? forest : phase == 1 ? network : 0) + (0.1 * (random.NextDouble() - 0.5));
                regret += Math.Abs(truth - stack.Correction(parts));
                stack = stack.With(parts, truth);
            }

            var (byForest, byNetwork) = stack.Seen;
            var weight = phase == 0 ? byForest : phase == 1 ? byNetwork : 1 - byForest - byNetwork;
            weight.Should().BeGreaterThan(0.75, "phase {0}", phase);
            (byForest + byNetwork).Should().BeLessThanOrEqualTo(1 + 1e-12);
        }

        // Any fixed weighting errs by 0.3 and more in the mean.
        (regret / 1200).Should().BeLessThan(0.2);
        stack.New.Should().Be(new LearnedShares(0.4, 0.3), "no job was of a new kind");
    }

    // By one factor, or by one each.
    private static void Move(Random random, double[] terms, double low, double high)
    {
        var common = low + ((high - low) * random.NextDouble());
        for (var i = 0; i < terms.Length; i++)
        {
            terms[i] *= Math.Exp(random.Next(3) == 0 ? Math.Max(0, low) : common * random.NextDouble());
        }
    }

    // The inputs that are sizes: the logarithms of the terms, the qubits and the gates.
    private static float[] Grown(float[] features, double growth) =>
        [.. features.Select((f, i) => i < features.Length - ResidualFeatures.Common + 2 ? f + (float)(growth / Math.Log(2)) : f)];

    private static List<TrainingRow> Rows(Random random, int count, Func<int, int, double> bend)
    {
        var rows = new List<TrainingRow>();
        var prior = AnalyticCostModel.Prior(Dense);
        for (var i = 0; i < count; i++)
        {
            var profile = CircuitProfiler.Profile(i % 3 == 0 ? Fourier.Qft(2 + random.Next(9)) : RandomFamilies.Random(2 + random.Next(9), 1 + random.Next(12), (ulong)i));
            var drivers = JobDrivers.Of(Dense, profile, new JobShape(1 + random.Next(5000), 1, 0, 0));
            var seconds = prior.Predict(drivers.Terms) * bend(profile.NumQubits, profile.GateCount) * Math.Exp(0.1 * (random.NextDouble() - 0.5));
            rows.Add(new TrainingRow("b", Dense.Name, drivers.Terms, drivers.Features, seconds, false));
        }

        return rows;
    }
}

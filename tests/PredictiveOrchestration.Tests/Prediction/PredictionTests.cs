using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Tests.Telemetry;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Prediction;

public sealed class PredictionTests(ITestOutputHelper output)
{
    private static readonly BackendDescriptor Dense = new StateVectorSimulator().Descriptor;

    [Fact]
    public void Fit_SyntheticTimes_RecoversTheirCoefficients()
    {
        var basis = CostBasisCatalog.Get("dense");
        double[] truth = [3e-5, 2e-6, 8e-10, 4e-10, 0, 3e-7];
        var model = AnalyticCostModel.Fit(basis, Rows(basis, truth, 0, 400, 1));
        foreach (var row in Rows(basis, truth, 0, 50, 2))
        {
            (model.Predict(row.Terms) / row.Seconds).Should().BeApproximately(1, 0.02);
        }

        model.Coefficients.Should().OnlyContain(c => c >= 0);
    }

    [Fact]
    public void Fit_OutliersAndStoppedRuns_AreNotMistakenForTheTruth()
    {
        var basis = CostBasisCatalog.Get("dense");
        double[] truth = [3e-5, 2e-6, 8e-10, 4e-10, 0, 3e-7];
        var rows = Rows(basis, truth, 0.05, 400, 3).Select((r, i) => i % 10 == 0 ? r with { Seconds = r.Seconds * 20 } : i % 10 == 1 ? r with { Seconds = r.Seconds / 5, IsCensored = true } : r).ToList();
        var model = AnalyticCostModel.Fit(basis, rows);
        var errors = Rows(basis, truth, 0, 60, 4).Select(r => Math.Abs(Math.Log(model.Predict(r.Terms) / r.Seconds))).Order().ToList();
        errors[30].Should().BeLessThan(0.1, "the median error stays small with one run in ten twenty times too slow");
    }

    [Fact]
    public void Forest_ResidualItCanLearn_BeatsTheAnalyticModelOnHeldOutRows()
    {
        var basis = CostBasisCatalog.Get("dense");
        double[] truth = [3e-5, 2e-6, 8e-10, 4e-10, 0, 3e-7];
        static TrainingRow Bend(TrainingRow r) => r with { Seconds = r.Seconds * (r.Features[6] > 10 ? 3 : 0.6) };
        var rows = Rows(basis, truth, 0.05, 300, 5).Select(Bend).ToList();
        var held = Rows(basis, truth, 0.05, 100, 6).Select(Bend).ToList();
        var model = ModelBuilder.Fit("dense", [], rows, [], rows.Count, 1);
        model.Forest.Should().NotBeNull();
        double Median(Func<TrainingRow, double> predict) => held.Select(r => Math.Abs(Math.Log(predict(r) / r.Seconds))).Order().ElementAt(50);
        var (withForest, alone) = (Median(r => model.Raw(r.Terms, r.Features)), Median(r => model.Analytic.Predict(r.Terms)));
        output.WriteLine($"median log error {withForest:F3} with forest, {alone:F3} without");
        withForest.Should().BeLessThan(alone / 2);
    }

    [Fact]
    public void Forest_FarOutsideItsData_FallsBackToTheAnalyticModel()
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, 200).Select(_ => new[] { (float)random.NextDouble(), (float)random.NextDouble() }).ToList();
        var forest = FlatForest.Train(rows, [.. rows.Select(r => r[0] > 0.5f ? 2f : -1f)], 1);
        forest.Predict([0.9f, 0.5f]).Should().BeGreaterThan(1.5);
        Math.Abs(forest.Predict([1000f, 0.5f])).Should().BeLessThan(0.01);
    }

    [Fact]
    public void Conformal_ManyErrors_CoversNinetyPercentOfTheNext()
    {
        var random = new Random(7);
        double Error() => 0.3 + 0.4 * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5);
        var inside = 0;
        const int trials = 3000;
        var calibrator = new ConformalCalibrator(0.5, Enumerable.Range(0, 400).Select(_ => Error()));
        for (var i = 0; i < trials; i++)
        {
            var error = Error();
            inside += error >= calibrator.Lower && error <= calibrator.Upper ? 1 : 0;
        }

        (inside / (double)trials).Should().BeInRange(0.87, 0.95);
        new ConformalCalibrator(0.5, []).Upper.Should().BeApproximately(1.645 * 0.5, 1e-12);
    }

    [Fact]
    public async Task Predict_Calibrated_GrowsWithQubitsAndGates()
    {
        var backend = new StateVectorSimulator();
        var rows = await new CalibrationRunner(TimeProvider.System, NullLogger.Instance).RunAsync([backend], TimeSpan.FromSeconds(1), default);
        rows.Should().HaveCountGreaterThan(3);
        var predictor = new PerformancePredictor(1, ModelBuilder.Calibrated(rows));
        var previous = 0.0;
        for (var n = 4; n <= 28; n++)
        {
            var seconds = predictor.Predict(Dense, CircuitProfiler.Profile(RandomFamilies.Random(n, 10)), new JobShape(1000, 2, 0, 0)).Seconds;
            seconds.Median.Should().BeGreaterThanOrEqualTo(previous);
            seconds.Lower.Should().BeLessThanOrEqualTo(seconds.Median);
            seconds.Upper.Should().BeGreaterThanOrEqualTo(seconds.Median);
            previous = seconds.Median;
        }
    }

    [Fact]
    public async Task PeakBytes_RealRuns_StayWithinTheBound()
    {
        var predictor = new PerformancePredictor(1, []);
        var backends = new IQuantumBackend[] { new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator() };
        for (var seed = 0; seed < 150; seed++)
        {
            var circuit = TestKit.RandomCircuits.Create(seed, new TestKit.RandomCircuitOptions { Qubits = 1 + seed % 9, Operations = 25, MidCircuit = seed % 3 == 0, MeasureAtEnd = true });
            var profile = CircuitProfiler.Profile(circuit);
            foreach (var backend in backends)
            {
                var top = seed % 2 * 5;
                var bound = predictor.Predict(backend.Descriptor, profile, new JobShape(50, 2, 0, top)).PeakBytes.Upper;
                var result = await backend.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 50, TopProbabilities = top });
                ((double)result.PeakMemoryBytes).Should().BeLessThanOrEqualTo(bound, "seed {0} on {1}", seed, backend.Descriptor.Id);
            }
        }
    }

    [Fact]
    public async Task LearningLoop_SlowerThanPredicted_CorrectsAndNarrows()
    {
        var profile = CircuitProfiler.Profile(RandomFamilies.Random(10, 5));
        var ring = new TelemetryRingBuffer(1000);
        var publisher = new ModelPublisher(new PerformancePredictor(0, []));
        await using var loop = new LearningLoop(ring, publisher, [], new LearningOptions(), null, NullLogger.Instance);
        loop.Start();
        var before = publisher.Current.Predict(Dense, profile, new JobShape(100, 1, 0, 0));
        var random = new Random(5);
        for (var i = 0; i < 120; i++)
        {
            ring.TryWrite(TelemetryRingBufferTests.Record(100, Dense.Id, 0.5 * Math.Exp(0.1 * (random.NextDouble() - 0.5)), profile: profile));
        }

        ring.TryWrite(TelemetryRingBufferTests.Record(100, Dense.Id, 1e-9, ExecutionOutcome.Refused, profile));
        await loop.FlushAsync();
        loop.RecordsLearned.Should().Be(120, "a refusal says nothing about time");
        loop.ModelsTrained.Should().BeGreaterThan(0);
        var after = publisher.Current.Predict(Dense, profile, new JobShape(100, 1, 0, 0));
        after.Seconds.Median.Should().BeApproximately(0.5, 0.05);
        (after.Seconds.Upper / after.Seconds.Lower).Should().BeLessThan(before.Seconds.Upper / before.Seconds.Lower / 10);
        after.Observations.Should().BeGreaterThanOrEqualTo(120);
    }

    private static List<TrainingRow> Rows(CostBasis basis, double[] truth, double noise, int count, int seed)
    {
        var random = new Random(seed);
        var rows = new List<TrainingRow>();
        for (var i = 0; i < count; i++)
        {
            var profile = CircuitProfiler.Profile(i % 3 == 0 ? Fourier.Qft(2 + random.Next(14)) : RandomFamilies.Random(2 + random.Next(14), 1 + random.Next(12), (ulong)i));
            var job = new JobShape(1 + random.Next(5000), 1, 0, 0);
            var work = WorkEstimate.Of(profile);
            var drivers = basis.Evaluate(work, job);
            var seconds = drivers.Terms.Zip(truth, (t, c) => t * c).Sum() * Math.Exp(noise * (2 * random.NextDouble() - 1));
            rows.Add(new TrainingRow("b", basis.Name, drivers.Terms, CostBasis.Features(drivers, work, job), seconds, false));
        }

        return rows;
    }
}

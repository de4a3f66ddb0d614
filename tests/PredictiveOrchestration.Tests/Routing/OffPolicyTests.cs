using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.TestKit.Fakes;
using PredictiveOrchestration.Tests.Telemetry;

namespace PredictiveOrchestration.Tests.Routing;

public sealed class OffPolicyTests
{
    [Fact]
    public void Estimate_WrongModelAndKnownPropensities_CoversTheTruth()
    {
        // Two backends, the logging policy takes the second with 0.3; the model believes the second to take a tenth of what it does.
        var (covered, widths) = (0, 0.0);
        const int trials = 200, jobs = 400;
        for (var seed = 0; seed < trials; seed++)
        {
            var random = new Random(seed);
            var evaluation = new OffPolicyEvaluation();
            var truth = 0.0;
            for (var i = 0; i < jobs; i++)
            {
                double size = Math.Exp(random.NextDouble()), second = 0.3 * size * Math.Exp(0.2 * (random.NextDouble() - 0.5)), first = 0.02 * size;
                truth += second;
                var isSecond = random.NextDouble() < 0.3;
                BackendPrediction Prediction(double seconds) => Given.Candidate("x", seconds).Prediction;
                evaluation.Add(isSecond ? second : first, isSecond ? 0.3 : 0.7, isSecond, Prediction(isSecond ? 0.03 * size : first), Prediction(0.03 * size));
            }

            var estimate = evaluation.Estimate();
            covered += estimate.Lower <= truth && truth <= estimate.Upper ? 1 : 0;
            widths += (estimate.Upper - estimate.Lower) / truth;
            evaluation.Randomised.Should().Be(jobs);
            evaluation.EffectiveObservations.Should().BeInRange(80, 160);
            evaluation.InversePropensitySeconds.Should().BeApproximately(truth, 0.2 * truth);
        }

        // 90 % nominal: five standard deviations of the share.
        ((double)covered / trials).Should().BeInRange(0.79, 1);
        (widths / trials).Should().BeLessThan(0.5);
    }

    [Fact]
    public void Estimate_SureAndSame_IsTheTruth()
    {
        var evaluation = new OffPolicyEvaluation();
        var p = Given.Candidate("x", 3).Prediction;
        evaluation.Add(1, 1, true, p, p);
        evaluation.Add(2, 1, true, p, p);
        evaluation.Estimate().Should().Be(new Estimate(3, 3, 3));
        new OffPolicyEvaluation().Estimate().Should().Be(new Estimate(0, 0, 0));
        double.IsNaN(new OffPolicyEvaluation().InversePropensitySeconds).Should().BeTrue();
    }

    [Fact]
    public async Task WhatIf_OtherPrices_RepricesWhatHappenedAndChoosesByThem()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("a")).AddBackend(new FakeBackend("b"))
            .Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)).Build();
        await orchestrator.StartAsync();
        var profile = CircuitProfiler.Profile(States.Ghz(4));
        List<ExecutionRecord> records = [.. Enumerable.Range(0, 10).Select(i => TelemetryRingBufferTests.Record(100, "a", 2, profile: profile) with { Timestamp = new DateTimeOffset(2026, 11, 20, 0, i, 0, TimeSpan.Zero) })];
        orchestrator.WhatIf(RoutingStrategy.CostOptimized, records).Cost.Should().Be(0);
        var dear = PriceList.Parse("""
            {"version":1,"entries":[
              {"id":"a","source":"test","effectiveFrom":"2026-01-01","price":{"perSecond":0.5}},
              {"id":"b","source":"test","effectiveFrom":"2026-01-01","price":{"perRun":100}}]}
            """u8);
        var report = orchestrator.WhatIf(RoutingStrategy.CostOptimized, records, dear);
        report.Unchanged.Should().Be(10);
        report.Cost.Should().Be(10m, "ten runs of two seconds at 0.5 a second");
        var cheapB = PriceList.Parse("""
            {"version":1,"entries":[{"id":"a","source":"test","effectiveFrom":"2026-01-01","price":{"perRun":7}},{"id":"b","source":"test","effectiveFrom":"2026-01-01","price":{"perRun":0.25}}]}
            """u8);
        var moved = orchestrator.WhatIf(RoutingStrategy.CostOptimized, records, cheapB);
        (moved.Unchanged, moved.Cost).Should().Be((0, 2.5m));
    }
}

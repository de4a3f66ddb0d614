using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Tests.Telemetry;

namespace PredictiveOrchestration.Tests.Orchestration;

public sealed class DecisionReplayTests
{
    private static PredictiveOrchestrator Build() =>
        new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)).Build();

    [Fact]
    public async Task Replay_AfterTheModelHasLearned_GivesTheSameDecisionBitForBit()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var first = orchestrator.GetRoutingRecommendation(Fourier.Qft(8)).Decision;
        for (var i = 0; i < 20; i++)
        {
            await orchestrator.ExecuteAsync(Fourier.Qft(8));
        }

        await orchestrator.FlushLearningAsync();
        var later = orchestrator.GetRoutingRecommendation(Fourier.Qft(8)).Decision;
        later.ModelVersion.Should().BeGreaterThan(first.ModelVersion);
        var again = orchestrator.Replay(first);
        again.ModelVersion.Should().Be(first.ModelVersion);
        again.Ranked.Select(r => (r.Candidate.Backend.Id, BitConverter.DoubleToInt64Bits(r.Loss), BitConverter.DoubleToInt64Bits(r.Candidate.Prediction.Seconds.Upper)))
            .Should().Equal(first.Ranked.Select(r => (r.Candidate.Backend.Id, BitConverter.DoubleToInt64Bits(r.Loss), BitConverter.DoubleToInt64Bits(r.Candidate.Prediction.Seconds.Upper))));
        again.Confidence.Should().Be(first.Confidence);
        var written = first.ToJson();
        var read = orchestrator.Replay(written);
        read.ToJson().Should().Be(written);
        read.Explain().Should().Be(first.Explain());
        read.Ranked.Select(r => (r.Candidate.Backend.Id, BitConverter.DoubleToInt64Bits(r.Loss), BitConverter.DoubleToInt64Bits(r.Candidate.Prediction.Seconds.Upper)))
            .Should().Equal(first.Ranked.Select(r => (r.Candidate.Backend.Id, BitConverter.DoubleToInt64Bits(r.Loss), BitConverter.DoubleToInt64Bits(r.Candidate.Prediction.Seconds.Upper))));
        orchestrator.Invoking(o => o.Replay("{")).Should().Throw<FormatException>();
        orchestrator.Invoking(o => o.Replay("{}")).Should().Throw<FormatException>();
        orchestrator.Invoking(o => o.Replay(written.Replace($"\"ModelVersion\":{first.ModelVersion}", "\"ModelVersion\":99999", StringComparison.Ordinal))).Should().Throw<InvalidOperationException>().WithMessage("*99999*");
        later.Chosen.Candidate.Prediction.Seconds.Should().NotBe(first.Chosen.Candidate.Prediction.Seconds, "the model did learn");
    }

    [Fact]
    public async Task WhatIf_TheStrategyThatWasUsed_SaysWhatHappened()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        orchestrator.SetRoutingStrategy(RoutingStrategy.PerformanceOptimized);
        var profile = CircuitProfiler.Profile(Fourier.Qft(10));
        var chosen = orchestrator.GetRoutingRecommendation(Fourier.Qft(10)).Backend;
        List<ExecutionRecord> records = [.. Enumerable.Range(1, 10).Select(i => TelemetryRingBufferTests.Record(1000, chosen.Id, 0.01 * i, profile: profile))];
        records.Add(TelemetryRingBufferTests.Record(1000, chosen.Id, 5, ExecutionOutcome.Failed, profile));
        var report = orchestrator.WhatIf(RoutingStrategy.PerformanceOptimized, records);
        report.Jobs.Should().Be(10);
        report.Unchanged.Should().Be(10);
        report.ActualSeconds.Should().BeApproximately(0.55, 1e-9);
        report.Seconds.Should().Be(new Estimate(report.ActualSeconds, report.ActualSeconds, report.ActualSeconds));

        // Runs of another backend: the report predicts.
        var elsewhere = orchestrator.WhatIf(RoutingStrategy.PerformanceOptimized, [.. records.Select(r => r with { BackendId = "elsewhere" })]);
        elsewhere.Unchanged.Should().Be(0);
        elsewhere.Seconds.Lower.Should().BeLessThan(elsewhere.Seconds.Upper);
        orchestrator.Invoking(o => o.WhatIf((RoutingStrategy)99, records)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public async Task Explain_RunnerUp_WinsAtTheTimeThatIsNamed()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var decision = orchestrator.GetRoutingRecommendation(RandomFamilies.Random(12, 6)).Decision;
        decision.Ranked.Should().HaveCountGreaterThan(1);
        decision.Explain().Should().MatchRegex(@"it would be first at [0-9.E\-]+ s or less");
    }

    [Fact]
    public void Repeats_OfOneStructure_ArePredictedFromTheirOwnPast()
    {
        var dense = new PredictiveOrchestration.Simulation.StateVector.StateVectorSimulator().Descriptor;
        var profile = CircuitProfiler.Profile(Variational.RealAmplitudes(8, 2, Variational.RandomAngles(24, 1)));
        var other = CircuitProfiler.Profile(Variational.RealAmplitudes(8, 2, Variational.RandomAngles(24, 2)));
        var model = BackendModel.Prior(CostBasisCatalog.Get(dense.CostModel));
        for (var i = 0; i < 6; i++)
        {
            model = model.With(TrainingRow.From(TelemetryRingBufferTests.Record(100, dense.Id, i % 2 == 0 ? 0.020 : 0.021, profile: profile))!);
        }

        var prediction = new PerformancePredictor(1, [new(dense.Id, model)]).Predict(dense, other, new JobShape(100, 1, 0, 0));
        prediction.Source.Should().Be("structure cache");
        prediction.Seconds.Median.Should().BeInRange(0.0195, 0.0215, "other angles are the same structure");
        (prediction.Seconds.Upper / prediction.Seconds.Lower).Should().BeLessThan(2);
    }

    [Fact]
    public void Repeats_MillionStructures_StayBounded()
    {
        var times = RepeatedTimes.Empty;
        for (ulong i = 1; i <= 1_000_000; i++)
        {
            times = times.With(i, 0).With(i, 0);
        }

        times.TryGet(1, out _).Should().BeFalse("the oldest went");
        times.TryGet(1_000_000, out _).Should().BeTrue();
        times.Count.Should().Be(RepeatedTimes.Most);
    }
}

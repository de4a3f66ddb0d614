using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>What cannot change a choice is predicted roughly, and in full for whoever reads it.</summary>
public sealed class UnreadPredictionTests
{
    private const string Chain = "local-mps";

    [Fact]
    public async Task Ranked_ChainOutOfTheQuestion_IsPredictedAsIfItHadMattered()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = RandomFamilies.Random(12, 20, 1);

        var recommendation = orchestrator.GetRoutingRecommendation(circuit);

        var decision = recommendation.Decision;
        Of(decision.Made).Should().Match<BackendPrediction>(p => p.IsRough && p.Source == "rough");
        recommendation.Profile.Features!.IsChainRough.Should().BeTrue();
        var alone = orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { Backend = Chain }).Decision.Chosen.Candidate.Prediction;
        alone.IsRough.Should().BeFalse("it is all that was asked for");
        Of(decision.Ranked).Seconds.Should().Be(alone.Seconds);
        Of(decision.Ranked).Terms.Should().Equal(alone.Terms);
        Of(decision.Ranked).Seconds.Should().NotBe(Of(decision.Made).Seconds);
        decision.Ranked.Should().BeSameAs(decision.Ranked, "it is predicted once");
        decision.Ranked.Select(r => r.Candidate.Backend.Id).Should().Equal(decision.Made.Select(r => r.Candidate.Backend.Id));
        decision.Ranked.Should().OnlyContain(r => r.Reason.Length > 0 && !r.Candidate.Prediction.IsRough);
        decision.Chosen.Should().BeSameAs(decision.Made[0]);
        decision.Explain().Should().NotContain("rough");
        GC.KeepAlive(circuit);
    }

    [Fact]
    public async Task Replay_FromItsFile_ReadsTheSame()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = RandomFamilies.Random(12, 20, 1);
        var decision = orchestrator.GetRoutingRecommendation(circuit).Decision;
        decision.Made.Should().Contain(r => r.Candidate.Prediction.IsRough);

        foreach (var again in new[] { orchestrator.Replay(decision.ToJson()), orchestrator.Replay(decision) })
        {
            again.Made.Select(Numbers).Should().Equal(decision.Made.Select(Numbers));
            again.Ranked.Select(Numbers).Should().Equal(decision.Ranked.Select(Numbers));
        }

        GC.KeepAlive(circuit);

        static (string, double, Estimate) Numbers(RankedBackend r) => (r.Candidate.Backend.Id, r.Loss, r.Candidate.Prediction.Seconds);
    }

    [Fact]
    public async Task Recommend_ChainMayBeTheBest_IsSketched()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = Dynamics.Ising(22, 2, 0.4);

        var recommendation = orchestrator.GetRoutingRecommendation(circuit);

        Of(recommendation.Decision.Made).IsRough.Should().BeFalse();
        recommendation.Profile.Features!.IsChainRough.Should().BeFalse();
        orchestrator.GetRoutingRecommendation(Dynamics.Ising(22, 2, 0.4)).Profile.Features!.IsChainRough.Should().BeFalse("another object of the same structure is known");
    }

    [Fact]
    public async Task Recommend_RouterOfTheHost_GetsFullPredictions()
    {
        var router = new LastRouter();
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(WithoutCalibration).AddRouter(router).Build();
        await orchestrator.StartAsync();
        orchestrator.SetRoutingStrategy(router.Name);

        orchestrator.GetRoutingRecommendation(RandomFamilies.Random(12, 20, 1)).Decision.Made.Should().OnlyContain(r => !r.Candidate.Prediction.IsRough);
    }

    [Fact]
    public async Task Recommend_Deadline_IsNotRefusedByARoughPrediction()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = RandomFamilies.Random(12, 20, 1);

        var decision = orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(30) } }).Decision;

        decision.Made.Select(r => r.Candidate).Concat(decision.Refused.Select(r => r.Candidate)).Should().OnlyContain(c => !c.Prediction.IsRough);
    }

    [Theory]
    [InlineData(RoutingStrategy.Predictive)]
    [InlineData(RoutingStrategy.Adaptive)]
    [InlineData(RoutingStrategy.CostOptimized)]
    [InlineData(RoutingStrategy.PerformanceOptimized)]
    [InlineData(RoutingStrategy.Balanced)]
    public async Task Recommend_AnyStrategy_ChoosesNothingByARoughPrediction(RoutingStrategy strategy)
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        orchestrator.SetRoutingStrategy(strategy);
        for (ulong seed = 0; seed < 40; seed++)
        {
            var circuit = RandomFamilies.Random(3 + (int)(seed % 15), 2 + (int)(seed % 7), seed);
            orchestrator.GetRoutingRecommendation(circuit).Decision.Chosen.Candidate.Prediction.IsRough.Should().BeFalse($"seed {seed}");
        }
    }

    [Fact]
    public async Task Execute_FallsBackOnAChainPredictedRoughly_IsRecordedWithTheSketch()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        foreach (var id in orchestrator.Backends.Current.Backends.Select(b => b.Descriptor.Id).Where(id => id != Chain))
        {
            orchestrator.Backends.Unregister(id);
        }

        orchestrator.Backends.Register(new Broken(new StateVectorSimulator().Descriptor));
        var records = new List<bool>();
        using var subscription = orchestrator.Subscribe(e => records.AddRange(e is JobFinished job ? job.Records.Where(r => r.BackendId == Chain).Select(r => r.Profile.Features!.IsChainRough) : []));
        var circuit = RandomFamilies.Random(12, 20, 1);
        orchestrator.GetRoutingRecommendation(circuit).Decision.Made.Should().Contain(r => r.Candidate.Prediction.IsRough);

        var result = await orchestrator.ExecuteAsync(circuit);

        result.ActualBackend.Should().Be(Chain);
        GC.KeepAlive(circuit);
        records.Should().NotBeEmpty().And.OnlyContain(isRough => !isRough);
    }

    private static BackendPrediction Of(IReadOnlyList<RankedBackend> ranked) => ranked.Single(r => r.Candidate.Backend.Id == Chain).Candidate.Prediction;

    private static PredictiveOrchestrator Build() => new PredictiveOrchestratorBuilder().Configure(WithoutCalibration).Build();

    private static void WithoutCalibration(PredictiveOrchestratorOptions options) => (options.StateDirectory, options.CalibrationBudget, options.Learning) = (string.Empty, TimeSpan.Zero, false);

    // Goes by what only it knows.
    private sealed class LastRouter : IBackendRouter
    {
        public string Name => "last";

        public IReadOnlyList<RankedBackend> Rank(RoutingContext context) => [.. context.Candidates.Reverse().Select((c, i) => new RankedBackend(c, i + 1, 0, "by its place"))];
    }

    private sealed class Broken(BackendDescriptor descriptor) : IQuantumBackend
    {
        public BackendDescriptor Descriptor => descriptor;

        public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default) =>
            throw new BackendException(BackendErrorKind.Fault, Descriptor.Id, "It fails on purpose.");
    }
}

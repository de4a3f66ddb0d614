using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orchestration;

public sealed class OrchestratorTests
{
    private const string Bell = "OPENQASM 2.0; include \"qelib1.inc\"; qreg q[2]; creg c[2]; h q[0]; cx q[0], q[1]; measure q -> c;";

    [Fact]
    public async Task Execute_OpenQasm_RunsOnARealSimulatorAndLearns()
    {
        await using var orchestrator = await StartedAsync();
        var result = await orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Shots = 2000, Seed = 7, TopProbabilities = 4 });
        result.Counts.Keys.Select(k => k.ToString()).Should().BeSubsetOf(["00", "11"]);
        result.Counts.Values.Sum().Should().Be(2000);
        result.Probabilities.Select(p => p.Probability).Should().Equal(new[] { 0.5, 0.5 }, (a, b) => Math.Abs(a - b) < 1e-12);
        result.ActualBackend.Should().StartWith("local-").And.Be(result.Attempts[^1].BackendId);
        result.IsExact.Should().BeTrue();
        result.Decision.Explain().Should().Contain(result.RequestedBackend).And.Contain("confidence").And.Contain("runner-up");
        await orchestrator.FlushLearningAsync();
        var statistics = orchestrator.GetRoutingStatistics();
        statistics.TotalRoutingDecisions.Should().Be(1);
        statistics.RecordsLearned.Should().Be(result.Attempts.Count);
        orchestrator.GetDebugInfo().PredictionErrors.Should().ContainKey(result.ActualBackend);
    }

    [Fact]
    public async Task DebugInfo_HasTheErrorsOfAllThatWasPredicted()
    {
        // Predicted: cost 0.10 by the list, fidelity by the error rates; the backend says otherwise.
        var noisy = new FakeBackend("noisy", (request, _) => Task.FromResult(FakeBackend.Result("noisy", request, 0.01) with { Cost = 0.20m, MeasuredFidelity = 0.5, PeakMemoryBytes = 4096 }));
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(noisy).AddBackend(new FakeBackend("plain")).Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.CalibrationBudget, o.PerformanceThreshold, o.CostThreshold) = (string.Empty, false, TimeSpan.Zero, 0, 10);
            o.Prices["noisy"] = new PriceModel { PerRun = 0.10m };
        }).Build();
        await orchestrator.StartAsync();
        var result = await orchestrator.ExecuteAsync(States.Ghz(3), new OrchestrationRequest { Backend = "noisy" });
        await orchestrator.ExecuteAsync(States.Ghz(3), new OrchestrationRequest { Backend = "plain" });

        var debug = orchestrator.GetDebugInfo();
        var errors = debug.PredictionErrorDetails["noisy"];
        var predicted = result.Decision.Chosen.Candidate.Prediction;
        errors.Runs.Should().Be(1);
        errors.Time.Should().Be(debug.PredictionErrors["noisy"]).And.BeGreaterThanOrEqualTo(1);
        errors.Cost.Should().BeApproximately(2, 1e-12);
        errors.Fidelity.Should().BeApproximately(Math.Abs(predicted.Fidelity.Median - 0.5), 1e-12);
        errors.Memory.Should().BeNull("that of a service is not predicted");
        (debug.PredictionErrorDetails["plain"].Cost, debug.PredictionErrorDetails["plain"].Fidelity).Should().Be((null, null), "it cost nothing and measured none");
    }

    [Fact]
    public async Task Execute_WideSparseCircuit_GoesWhereItFits()
    {
        await using var orchestrator = await StartedAsync();
        var result = await orchestrator.ExecuteAsync(States.Ghz(60), new OrchestrationRequest { Shots = 100 });
        result.ActualBackend.Should().NotBe("local-dense");
        result.Counts.Should().HaveCount(2);
        result.Decision.Refused.Should().ContainSingle(r => r.Candidate.Backend.Id == "local-dense").Which.Reason.Should().Contain("30 qubits");
    }

    [Fact]
    public async Task Execute_NothingFeasible_ListsEveryReason()
    {
        await using var orchestrator = await StartedAsync();
        var act = () => orchestrator.ExecuteAsync(States.Ghz(20_000));
        var exception = (await act.Should().ThrowAsync<NoFeasibleBackendException>()).Which;
        exception.Refused.Select(r => r.Candidate.Backend.Id).Should().BeEquivalentTo(orchestrator.GetAvailableBackends().Select(b => b.Descriptor.Id));
        exception.Message.Should().Contain("'local-dense': it runs at most 30 qubits, the circuit has 20000").And.Contain("'local-sparse': it runs at most 128 qubits");
    }

    [Fact]
    public async Task Execute_BadOpenQasm_ThrowsWithAllErrors()
    {
        await using var orchestrator = await StartedAsync();
        var act = () => orchestrator.ExecuteAsync("OPENQASM 2.0; qreg q[1]; foo q[0]; bar q[0];");
        (await act.Should().ThrowAsync<OpenQasmException>()).Which.Diagnostics.Should().HaveCount(2);
    }

    [Fact]
    public async Task Execute_FirstBackendFaults_FallsBackAndRecordsBoth()
    {
        var bad = FakeBackend.Failing("bad");
        var good = new FakeBackend("good");
        await using var orchestrator = await StartedAsync(b => b.AddBackend(bad).AddBackend(good).AddRouter(new FirstRouter("bad")), local: false);
        orchestrator.SetRoutingStrategy("first");
        var result = await orchestrator.ExecuteAsync(States.Ghz(3));
        result.RequestedBackend.Should().Be("bad");
        result.ActualBackend.Should().Be("good");
        result.Attempts.Should().HaveCount(2);
        result.SwapEvents.Should().ContainSingle().Which.Trigger.Should().Be(SwapTrigger.Fault);
        orchestrator.GetRoutingStatistics().FallBacks.Should().Be(1);
    }

    [Fact]
    public async Task Execute_BackendKeepsFaulting_IsClosedAndComesBack()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var orchestrator = await StartedAsync(
            b => b.AddBackend(FakeBackend.Failing("bad")).AddBackend(new FakeBackend("good")).AddRouter(new FirstRouter("bad")).UseTimeProvider(time).Configure(o => o.PerformanceThreshold = 0), local: false);
        orchestrator.SetRoutingStrategy("first");
        for (var i = 0; i < 4; i++)
        {
            await orchestrator.ExecuteAsync(States.Ghz(3));
        }

        orchestrator.GetAvailableBackends().Single(b => b.Descriptor.Id == "bad").IsAvailable.Should().BeFalse();
        (await orchestrator.ExecuteAsync(States.Ghz(3))).Attempts.Should().ContainSingle();
        time.Advance(TimeSpan.FromSeconds(31));
        orchestrator.GetAvailableBackends().Single(b => b.Descriptor.Id == "bad").IsAvailable.Should().BeTrue();
    }

    [Fact]
    public async Task Execute_CallerCancels_IsNotHeldAgainstTheBackend()
    {
        await using var orchestrator = await StartedAsync(b => b.AddBackend(FakeBackend.Hanging("slow")), local: false);
        using var source = new CancellationTokenSource();
        var run = orchestrator.ExecuteAsync(States.Ghz(2), null, source.Token);
        await source.CancelAsync();
        var act = () => run;
        await act.Should().ThrowAsync<OperationCanceledException>();
        orchestrator.GetAvailableBackends().Single().SuccessRate.Should().Be(1);
        orchestrator.GetRealTimeMetrics().RunningJobs.Should().Be(0);
    }

    [Fact]
    public async Task CostThreshold_PaidBackend_IsRefusedUntilRaised()
    {
        await using var orchestrator = await StartedAsync(
            b => b.AddBackend(new FakeBackend("paid")).Configure(o => o.Prices["paid"] = new PriceModel { PerShot = 0.001m }), local: false);
        var act = () => orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Shots = 1000 });
        (await act.Should().ThrowAsync<NoFeasibleBackendException>()).WithMessage("*CostThreshold*");
        var result = await orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Shots = 1000, CostThreshold = 2 });
        result.Cost.Should().Be(1m);
        orchestrator.GetCostAnalysis().TotalCost.Should().Be(1m);
        orchestrator.GetCostAnalysis().ReservedCost.Should().Be(0m);
    }

    [Fact]
    public async Task Budget_Spent_RefusesWithWhatIsLeft()
    {
        await using var orchestrator = await StartedAsync(
            b => b.AddBackend(new FakeBackend("paid")).Configure(o =>
            {
                o.Prices["paid"] = new PriceModel { PerRun = 0.06m };
                o.Budget = 0.1m;
            }), local: false);
        await orchestrator.ExecuteAsync(States.Ghz(2));
        var act = () => orchestrator.ExecuteAsync(States.Ghz(2));
        var exception = (await act.Should().ThrowAsync<BackendException>()).Which;
        exception.Kind.Should().Be(BackendErrorKind.BudgetRefused);
        exception.Message.Should().Contain("0.04");
        orchestrator.GetCostAnalysis().BudgetUtilization.Should().BeApproximately(0.6, 1e-12);
    }

    [Fact]
    public async Task Weights_CostAgainstTime_DecideBetweenCheapAndFast()
    {
        async Task<string> ChosenAsync(double cost, double performance)
        {
            await using var orchestrator = await StartedAsync(
                b => b.AddBackend(new FakeBackend("paid")).Configure(o =>
                {
                    (o.CostWeight, o.PerformanceWeight, o.PerformanceThreshold) = (cost, performance, 0);
                    o.Prices["paid"] = new PriceModel { PerRun = 0.05m };
                }).AddBackend(new FakeBackend("free", capabilities: new BackendCapabilities { MaxQubits = 50, IsExact = true, MaxShots = 5000 })), local: false);
            return orchestrator.GetRoutingRecommendation(States.Ghz(3)).Backend.Id;
        }

        (await ChosenAsync(1, 0)).Should().Be("free");
        (await ChosenAsync(0, 1)).Should().Be("paid", "times are equal, and the first of equals is kept");
    }

    [Fact]
    public async Task PerformanceThreshold_SlowBackend_IsTakenOnlyIfNothingElseIsFeasible()
    {
        await using var strict = await StartedAsync(b => b.Configure(o => o.PerformanceThreshold = 1).AddRouter(new FirstRouter("local-dense")));
        strict.SetRoutingStrategy("first");

        // A circuit of controlled X, and one T so that it is no Clifford circuit, on 26 qubits: dense takes far longer than sparse, whatever a router prefers.
        var builder = new CircuitBuilder(26).T(0);
        for (var q = 0; q < 25; q++)
        {
            builder.CX(q, q + 1);
        }

        strict.GetRoutingRecommendation(builder.Build()).Backend.Id.Should().NotBe("local-dense");
        var forced = strict.GetRoutingRecommendation(builder.Build(), new OrchestrationRequest { Backend = "local-dense" });
        forced.Backend.Id.Should().Be("local-dense");
        await using var lax = await StartedAsync(b => b.Configure(o => o.PerformanceThreshold = 0).AddRouter(new FirstRouter("local-dense")));
        lax.SetRoutingStrategy("first");
        lax.GetRoutingRecommendation(builder.Build()).Backend.Id.Should().Be("local-dense");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(250)]
    public async Task PredictionHorizon_AnyValue_IsTheLengthOfForecasts(int horizon)
    {
        await using var orchestrator = await StartedAsync(b => b.Configure(o => o.PredictionHorizon = horizon));
        orchestrator.GetRealTimeMetrics().ThroughputForecast.Should().HaveCount(horizon);
    }

    [Fact]
    public async Task ModelUpdateFrequency_Low_TrainsOften()
    {
        await using var orchestrator = await StartedAsync(b => b.Configure(o => o.ModelUpdateFrequency = 10));
        for (var i = 0; i < 25; i++)
        {
            await orchestrator.ExecuteAsync(States.Ghz(4), new OrchestrationRequest { Backend = "local-sparse", Shots = 10 });
        }

        await orchestrator.FlushLearningAsync();
        orchestrator.GetRoutingStatistics().ModelsTrained.Should().BeGreaterThan(0);
        orchestrator.GetRoutingStatistics().RecordsLearned.Should().Be(25);
    }

    [Fact]
    public async Task TelemetryRetention_Small_KeepsOnlyTheLatest()
    {
        await using var orchestrator = await StartedAsync(b => b.AddBackend(new FakeBackend("one")).Configure(o => (o.TelemetryRetention, o.Learning) = (3, false)), local: false);
        for (var i = 0; i < 10; i++)
        {
            await orchestrator.ExecuteAsync(States.Ghz(2));
        }

        // Ten runs of 10 ms; three are kept: 30 ms of 60 s.
        orchestrator.GetDebugInfo().BackendUtilization["one"].Should().BeApproximately(0.03 / 60, 1e-9);
        orchestrator.GetRoutingStatistics().CompletedRuns.Should().Be(10);
    }

    [Fact]
    public async Task RoutingStrategy_Options_SetTheRouter()
    {
        foreach (var (strategy, name) in new[] { (RoutingStrategy.Adaptive, "adaptive"), (RoutingStrategy.CostOptimized, "cost"), (RoutingStrategy.PerformanceOptimized, "performance"), (RoutingStrategy.Balanced, "balanced"), (RoutingStrategy.Predictive, "predictive") })
        {
            await using var orchestrator = await StartedAsync(b => b.Configure(o => o.RoutingStrategy = strategy));
            orchestrator.GetRoutingRecommendation(States.Ghz(5)).Decision.Strategy.Should().Be(name);
            var act = () => orchestrator.SetRoutingStrategy("nonsense");
            act.Should().Throw<ArgumentException>().WithMessage("*adaptive, balanced, cost*");
        }
    }

    [Fact]
    public void Build_WrongOptions_ReportsEveryFailureAtOnce()
    {
        var act = () => new PredictiveOrchestratorBuilder().Configure(o =>
        {
            o.CostWeight = -1;
            o.PredictionHorizon = 0;
            o.PerformanceThreshold = double.NaN;
            o.Prices["x"] = new PriceModel { Currency = "EUR" };
        }).Build();
        act.Should().Throw<ArgumentException>().Which.Message.Should()
            .Contain("4 option(s)").And.Contain("CostWeight is '-1'").And.Contain("PredictionHorizon is '0'").And.Contain("PerformanceThreshold is 'NaN'").And.Contain("Prices['x'].Currency");
    }

    [Fact]
    public void Options_Defaults_ArePinned()
    {
        var options = new PredictiveOrchestratorOptions();
        (options.RoutingStrategy, options.CostWeight, options.PerformanceWeight, options.PredictionHorizon).Should().Be((RoutingStrategy.Predictive, 0.3, 0.7, 100));
        (options.ModelUpdateFrequency, options.TelemetryRetention, options.CostThreshold, options.PerformanceThreshold).Should().Be((1000, 10000, 0.1m, 0.8));
    }

    [Fact]
    public async Task Lifecycle_NotStartedOrStopped_SaysSo()
    {
        var orchestrator = new PredictiveOrchestratorBuilder().Configure(Quiet).Build();
        var early = () => orchestrator.ExecuteAsync(States.Ghz(2));
        await early.Should().ThrowAsync<InvalidOperationException>().WithMessage("*StartAsync*");
        await orchestrator.StartAsync();
        await orchestrator.StartAsync();
        await orchestrator.StopAsync();
        await orchestrator.StopAsync();
        await early.Should().ThrowAsync<ObjectDisposedException>();
        var again = () => orchestrator.StartAsync();
        await again.Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Stop_RunningWork_IsWaitedForThenCancelled()
    {
        var orchestrator = await StartedAsync(b => b.AddBackend(FakeBackend.Hanging("slow")).Configure(o => o.StopTimeout = TimeSpan.FromMilliseconds(50)), local: false);
        var run = orchestrator.ExecuteAsync(States.Ghz(2));
        await orchestrator.StopAsync();
        var act = () => run;
        (await act.Should().ThrowAsync<OperationCanceledException>()).WithMessage("*stopped*");
    }

    [Fact]
    public async Task Execute_SixtyFourCallers_NothingIsLostOrCountedTwice()
    {
        await using var orchestrator = await StartedAsync();
        var circuits = Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? States.Ghz(3 + i) : Fourier.Qft(3 + i)).ToArray();
        var attempts = 0;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            for (var k = 0; k < 5; k++)
            {
                var result = await orchestrator.ExecuteAsync(circuits[(caller + k) % circuits.Length], new OrchestrationRequest { Shots = 20, Seed = (ulong)caller });
                result.Counts.Values.Sum().Should().Be(20);
                Interlocked.Add(ref attempts, result.Attempts.Count);
            }
        })));
        await orchestrator.FlushLearningAsync();
        var statistics = orchestrator.GetRoutingStatistics();
        statistics.TotalRoutingDecisions.Should().Be(320);
        statistics.CompletedRuns.Should().Be(320);
        statistics.RecordsLearned.Should().Be(attempts, "each attempt is learned from, one that was stopped for taking long as well");
        statistics.RecordsDropped.Should().Be(0);
        orchestrator.GetRealTimeMetrics().RunningJobs.Should().Be(0);
        orchestrator.GetRealTimeMetrics().QueueLength.Should().Be(0);
    }

    [Fact]
    public async Task Recommendation_ProfileByHand_HasWiderIntervals()
    {
        await using var orchestrator = await StartedAsync();
        var byHand = CircuitProfiler.FromValues(8, 50, 25, 0.6, 1L << 30, TimeSpan.FromMilliseconds(100), 0.05m);
        var rough = orchestrator.GetRoutingRecommendation(byHand);
        var exact = orchestrator.GetRoutingRecommendation(RandomFamilies.Random(8, 5));
        var width = rough.ExpectedPerformance.Seconds.Upper / rough.ExpectedPerformance.Seconds.Lower;
        width.Should().BeGreaterThan(exact.ExpectedPerformance.Seconds.Upper / exact.ExpectedPerformance.Seconds.Lower);
        rough.ExpectedPerformance.Source.Should().Contain("hint");
        rough.Confidence.Should().BeInRange(0, 1);
    }

    [Fact]
    public async Task Learning_SecondProcess_StartsFromWhatWasLearned()
    {
        var directory = Directory.CreateTempSubdirectory("po-tests-").FullName;
        try
        {
            for (var round = 0; round < 2; round++)
            {
                await using var orchestrator = await StartedAsync(b => b.Configure(o => o.StateDirectory = directory));
                var before = orchestrator.GetRoutingRecommendation(States.Ghz(5), new OrchestrationRequest { Backend = "local-sparse" }).ExpectedPerformance.Observations;
                before.Should().Be(round == 0 ? 0 : 12);
                for (var i = 0; i < 12; i++)
                {
                    await orchestrator.ExecuteAsync(States.Ghz(5), new OrchestrationRequest { Backend = "local-sparse" });
                }
            }

            File.Exists(Path.Combine(directory, "calibration.json")).Should().BeTrue();
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Fact]
    public async Task StateDirectory_DamagedFiles_AreSetAsideAndNeverFatal()
    {
        var directory = Directory.CreateTempSubdirectory("po-tests-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory, "calibration.json"), "{\"Version\":1,\"Rows\":[");
            await File.WriteAllTextAsync(Path.Combine(directory, "observations.jsonl"), "00000000 {}\ngarbage\n");
            await using var orchestrator = await StartedAsync(b => b.Configure(o => o.StateDirectory = directory));
            (await orchestrator.ExecuteAsync(Bell)).Counts.Should().NotBeEmpty();
            File.Exists(Path.Combine(directory, "calibration.json.damaged")).Should().BeTrue();
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Fact]
    public async Task AddPredictiveOrchestration_Host_StartsAndStopsIt()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<IQuantumBackend>(new FakeBackend("mine"));
        builder.Services.AddSingleton<IBackendRouter>(new FirstRouter("mine"));
        var (analytics, advisor) = (new RunAnalytics(), new ContraryAdvisor());
        builder.Services.AddSingleton<IAnalyticsSink>(analytics).AddSingleton<IStrategyAdvisor>(advisor);
        builder.Services.AddPredictiveOrchestration(b => b.Configure(Quiet).Configure(o => o.PerformanceThreshold = 0));
        using var host = builder.Build();
        await host.StartAsync();
        var orchestrator = host.Services.GetRequiredService<PredictiveOrchestrator>();
        orchestrator.SetRoutingStrategy("first");
        (await orchestrator.ExecuteAsync(States.Ghz(3))).ActualBackend.Should().Be("mine");
        analytics.GetInsights().Backends.Should().ContainSingle(b => b.BackendId == "mine" && b.Runs == 1);
        orchestrator.GetStrategyAdvice(States.Ghz(3)).Strategy.Should().Be("cost", "the host's advisor is asked");
        await host.StopAsync();
        var act = () => orchestrator.ExecuteAsync(States.Ghz(3));
        await act.Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Registry_ChangedAtRunTime_CountsForTheNextDecision()
    {
        await using var orchestrator = await StartedAsync();
        orchestrator.Backends.Register(new FakeBackend("late", capabilities: new BackendCapabilities { MaxQubits = 50_000, IsExact = true }));
        (await orchestrator.ExecuteAsync(States.Ghz(20_000))).ActualBackend.Should().Be("late");
        var twice = () => orchestrator.Backends.Register(new FakeBackend("late"));
        twice.Should().Throw<ArgumentException>().WithMessage("*'late'*");
        orchestrator.Backends.Unregister("late").Should().BeTrue();
        var act = () => orchestrator.ExecuteAsync(States.Ghz(20_000));
        await act.Should().ThrowAsync<NoFeasibleBackendException>();
    }

    private sealed class ContraryAdvisor : IStrategyAdvisor
    {
        public StrategyAdvice Advise(AdviceRequest request, CancellationToken cancellationToken = default) => new() { Now = null, Strategy = "cost", RequireExact = true, Advisories = [] };
    }

    private static void Quiet(PredictiveOrchestratorOptions options)
    {
        options.StateDirectory = string.Empty;
        options.CalibrationBudget = TimeSpan.FromMilliseconds(200);
    }

    private static async Task<PredictiveOrchestrator> StartedAsync(Action<PredictiveOrchestratorBuilder>? configure = null, bool local = true)
    {
        var builder = new PredictiveOrchestratorBuilder().Configure(Quiet);
        if (!local)
        {
            builder.WithoutLocalEngines();
        }

        configure?.Invoke(builder);
        var orchestrator = builder.Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }

    /// <summary>A custom router: one backend before all others.</summary>
    private sealed class FirstRouter(string id) : IBackendRouter
    {
        public string Name => "first";

        public IReadOnlyList<RankedBackend> Rank(RoutingContext context) =>
            [.. context.Candidates.Select(c => new RankedBackend(c, c.Backend.Id == id ? 1 : 2, 0.1, "by name")).OrderBy(r => r.Loss)];
    }
}

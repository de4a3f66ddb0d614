using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Routing;

/// <summary>A decision is made once for a job, and again as soon as anything it depends on has changed.</summary>
public sealed class DecisionReuseTests
{
    [Fact]
    public async Task Decide_NothingChanged_GivesTheSameObjectWithoutAllocation()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = Fourier.Qft(6);
        var first = orchestrator.GetRoutingRecommendation(circuit);
        for (var i = 0; i < 100; i++)
        {
            orchestrator.GetRoutingRecommendation(circuit).Should().BeSameAs(first);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            orchestrator.GetRoutingRecommendation(circuit);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        var second = orchestrator.GetRoutingRecommendation(Fourier.Qft(6)).Decision;
        orchestrator.GetRoutingRecommendation(Fourier.Qft(6)).Decision.Should().BeSameAs(second, "another object of the same structure is the same job, once it has come twice");
        orchestrator.GetRoutingStatistics().TotalRoutingDecisions.Should().Be(203);
    }

    [Fact]
    public async Task Decide_BackendsTermsStrategyOrModelChanged_DecidesAnew()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = Fourier.Qft(6);
        var first = orchestrator.GetRoutingRecommendation(circuit).Decision;

        orchestrator.Backends.Register(new FakeBackend("late"));
        var second = orchestrator.GetRoutingRecommendation(circuit).Decision;
        second.Ranked.Select(r => r.Candidate.Backend.Id).Should().Contain("late");
        second.RegistryVersion.Should().BeGreaterThan(first.RegistryVersion);
        orchestrator.Backends.Unregister("late");
        orchestrator.GetRoutingRecommendation(circuit).Decision.Ranked.Select(r => r.Candidate.Backend.Id).Should().NotContain("late");

        orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { Shots = 7 }).Decision.Chosen.Candidate.Shape.Shots.Should().Be(7);
        orchestrator.SetRoutingStrategy(RoutingStrategy.Balanced);
        orchestrator.GetRoutingRecommendation(circuit).Decision.Strategy.Should().Be(BackendRouters.Balanced);

        var ran = (await orchestrator.ExecuteAsync(circuit)).Attempts.CountBy(a => a.BackendId).ToDictionary();
        await orchestrator.FlushLearningAsync();
        var later = orchestrator.GetRoutingRecommendation(circuit).Decision;
        later.ModelVersion.Should().BeGreaterThan(first.ModelVersion);
        ran.Should().NotBeEmpty();
        later.Ranked.Should().OnlyContain(r => r.Candidate.Prediction.Observations == ran.GetValueOrDefault(r.Candidate.Backend.Id));
    }

    [Theory]
    [InlineData(RoutingStrategy.Predictive, true)]
    [InlineData(RoutingStrategy.CostOptimized, true)]
    [InlineData(RoutingStrategy.Adaptive, false)]
    public async Task Decide_BackendWasSlowerLately_DecidesAnewWhereTheRouterLooksAtIt(RoutingStrategy strategy, bool isSame)
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("slow") { Seconds = 1e6 })
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning, o.RoutingStrategy) = (string.Empty, TimeSpan.Zero, false, strategy)).Build();
        await orchestrator.StartAsync();
        var circuit = States.Ghz(3);
        var first = orchestrator.GetRoutingRecommendation(circuit).Decision;
        await orchestrator.ExecuteAsync(circuit);
        var second = orchestrator.GetRoutingRecommendation(circuit).Decision;
        ReferenceEquals(first, second).Should().Be(isSame);
        if (!isSame)
        {
            second.Chosen.Candidate.Pressure.Should().BeGreaterThan(1);
        }
    }

    [Fact]
    public async Task Decide_BackendBreaksDown_LeavesItOut()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(FakeBackend.Failing("broken")).AddBackend(new FakeBackend("sound"))
            .AddRouter(new InOrder()).Configure(o => (o.StateDirectory, o.CalibrationBudget, o.PerformanceThreshold) = (string.Empty, TimeSpan.Zero, 0)).Build().WithStrategy("in-order");
        await orchestrator.StartAsync();
        var circuit = States.Ghz(3);
        orchestrator.GetRoutingRecommendation(circuit).Backend.Id.Should().Be("broken");
        for (var i = 0; i < 5; i++)
        {
            await orchestrator.ExecuteAsync(circuit);
        }

        var decision = orchestrator.GetRoutingRecommendation(circuit).Decision;
        decision.Chosen.Candidate.Backend.Id.Should().Be("sound");
        decision.Refused.Should().ContainSingle().Which.Reason.Should().Contain("closed");
    }

    [Fact]
    public void KnownJobs_ManyStructures_StayBounded()
    {
        var jobs = new KnownJobs();
        var profile = CircuitProfiler.Profile(States.Ghz(4));
        var terms = new DecisionTerms(1, null, 0, 0, true, null, 0, null, 0);
        jobs.Of(profile, terms);
        var second = jobs.Of(profile, terms);
        jobs.Of(CircuitProfiler.Profile(States.Ghz(4)), terms).Should().BeSameAs(second);
        for (var i = 2; i < 5000; i++)
        {
            jobs.Of(profile, terms with { Shots = i }).Terms.Shots.Should().Be(i);
        }

        jobs.Count.Should().Be(1, "what came once is not kept");
        jobs.Of(profile, terms).Should().BeSameAs(second);
        for (var i = 2; i < 5000; i++)
        {
            jobs.Of(profile, terms with { Shots = i });
            jobs.Of(profile, terms with { Shots = i });
        }

        jobs.Count.Should().BeInRange(512, 1024);
        jobs.Of(profile, terms).Should().NotBeSameAs(second, "the oldest went");
    }

    [Fact]
    public void SeenCircuits_BuiltAlike_IsTheSame()
    {
        var circuits = new SeenCircuits();
        _ = circuits[Ansatz(0.3)];
        var known = circuits[Ansatz(0.3)];
        circuits[Ansatz(0.3)].Should().BeSameAs(known, "it has come twice");
        circuits[Ansatz(Math.BitIncrement(0.3))].Should().NotBeSameAs(known, "the angle is another");
        circuits[Ansatz(0.3, clbits: 3)].Should().NotBeSameAs(known, "it has another outcome");
        circuits[Ansatz(0.3).Compose(Ansatz(0))].Should().NotBeSameAs(known);
    }

    [Fact]
    public void SeenCircuits_CircuitsWithExpressions_AreKnownByTheirObject()
    {
        static Circuit Create() => OpenQasmReader.Read("OPENQASM 3.0; include \"stdgates.inc\"; qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; c[1] = measure q[1];").GetCircuitOrThrow();
        var circuits = new SeenCircuits();
        var circuit = Create();
        circuits[circuit].Should().BeSameAs(circuits[circuit]);
        circuits[Create()].Should().NotBeSameAs(circuits[circuit]);
    }

    // Bytes between the fields of an operation would hold whatever was there before.
    [Fact]
    public void Operation_HasNoBytesLeftOver() =>
        Unsafe.SizeOf<Operation>().Should().Be(typeof(Operation).GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Sum(f => f.FieldType == typeof(bool) || f.FieldType.IsEnum ? 1 : Marshal.SizeOf(f.FieldType)));

    [Fact]
    public void RecentValues_ManyKeys_KeepsTheLatestWithinItsRoom()
    {
        var recent = new RecentValues<int, string>(100);
        for (var i = 0; i < 1000; i++)
        {
            recent.Keep(i, $"{i}", weight: 10, isDear: true).Should().Be($"{i}");
            recent.Keep(i, "late", weight: 10).Should().Be($"{i}", "the first stays");
            recent.Find(0).Should().Be("0", "what is used stays");
        }

        recent.Count.Should().BeInRange(10, 20);
        recent.Find(999).Should().Be("999");
        recent.Find(500).Should().BeNull();
    }

    private static Circuit Ansatz(double angle, int clbits = 2) =>
        new CircuitBuilder(2, clbits).H(0).RY(angle, 1).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();

    private static PredictiveOrchestrator Build() =>
        new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)).Build();
}

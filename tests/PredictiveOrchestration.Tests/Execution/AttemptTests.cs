using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;
using PredictiveOrchestration.TestKit.Remote;
using PredictiveOrchestration.Tests.Routing;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>A decision is carried out attempt by attempt.</summary>
public sealed class AttemptTests
{
    private static readonly ExecutionRequest Request = new() { Circuit = States.Ghz(3), Shots = 10 };

    [Fact]
    public async Task RunAsync_TrialIsNotDoneInTime_GoesOnWithTheBestAndSaysSo()
    {
        var report = await RunAsync(Stopping("wide", TimeSpan.FromSeconds(0.9)), Steady("best"));

        report.Attempts.Select(a => (a.BackendId, a.IsTrial, a.IsOverrun)).Should().Equal(("wide", true, true), ("best", false, false));
        report.Last.Result!.BackendId.Should().Be("best");
        var swap = report.Swaps.Should().ContainSingle().Subject;
        (swap.From, swap.To, swap.Trigger).Should().Be(("wide", "best", SwapTrigger.TimeOverrun));
        swap.Reason.Should().Contain("was tried");
    }

    [Fact]
    public async Task RunAsync_TrialIsDone_IsTheResult()
    {
        var report = await RunAsync(Steady("wide"), Steady("best"));

        report.Attempts.Should().ContainSingle().Which.Should().Match<ExecutionAttempt>(a => a.BackendId == "wide" && a.IsTrial);
        report.Swaps.Should().BeEmpty();
    }

    [Theory]
    [InlineData(null, 2.0)]
    [InlineData(3.0, 2.0)]
    [InlineData(1.5, 1.5)]
    public async Task RunAsync_HalfMayBeDoneAtTheLimit_AllowsTwiceAsLongAndNeverMoreThanTheCaller(double? callersLimit, double times)
    {
        List<ExecutionRequest> seen = [];
        var wide = Stopping("wide", TimeSpan.FromSeconds(0.9), seen);
        await RunAsync(wide, Steady("best"));
        var watch = seen[0].Limits.Time!.Value;
        await RunAsync(wide, Steady("best"), Request with { Limits = new ExecutionLimits { Time = callersLimit * watch } });

        (seen[1].Limits.Time, seen[1].TimeIfHalfDone).Should().Be((watch, times * watch));
    }

    [Fact]
    public async Task RunAsync_ExploredBackendIsNotDoneInTime_JobGoesOnAsWithoutIt()
    {
        List<ExecutionRequest> explored = [];
        FakeBackend[] backends = [Stopping("explored", TimeSpan.FromSeconds(9), explored), Stopping("best", TimeSpan.FromSeconds(9)), Steady("worst")];
        var greedy = Decide([Given.Local("best", 1, 0.1), Given.Local("explored", 2, 0.1), Given.Local("worst", 3, 0.1)]);
        var decision = greedy with { Ranked = [greedy.Ranked[1], greedy.Ranked[0], greedy.Ranked[2]], ExplorationLimit = TimeSpan.FromSeconds(1.5) };
        var report = await new HotSwapExecutor(new BackendSet(1, [.. backends]), new LocalAdmission(1 << 20, 2, 10), new RecordingGate(), TimeProvider.System).RunAsync(decision, Request, new SpendLabel("job", null), default);

        report.Attempts.Select(a => (a.BackendId, a.IsExploration, a.Key)).Should().Equal(
            ("explored", true, "job/0"), ("best", false, "job/1"), ("explored", false, "job/2"), ("worst", false, "job/3"));
        explored.Should().OnlyContain(r => r.TimeIfHalfDone == r.Limits.Time, "exploring costs no more than what was allowed, and others are to keep to what was predicted");
        report.Last.Result!.BackendId.Should().Be("worst");
        report.Swaps.Select(s => (s.From, s.To)).Should().Equal(("explored", "best"), ("best", "explored"), ("explored", "worst"));
    }

    [Fact]
    public void Record_ServiceBillsOtherThanTheList_KeepsBoth()
    {
        var candidate = Given.Candidate("paid", 1, cost: 2);
        var decision = Decide([candidate]);
        var result = FakeBackend.Result("paid", Request) with { Cost = 10 };
        var attempt = new ExecutionAttempt(decision.Chosen, result, null, TimeSpan.Zero, TimeSpan.FromSeconds(1), false);
        var prices = new PriceTable(new Dictionary<string, PriceModel> { ["paid"] = new PriceModel { PerRun = 2 } }, PriceList.Default, "USD", TimeProvider.System);

        var record = AttemptRecords.Of(attempt, decision, CircuitProfiler.Profile(Request.Circuit), candidate.Shape, prices, null, DateTimeOffset.UnixEpoch);

        (record.Cost, record.ListCost).Should().Be((10m, 2m));
    }

    // One is predicted well, the other may take anything.
    private static Task<ExecutionReport> RunAsync(FakeBackend wide, FakeBackend best, ExecutionRequest? request = null)
    {
        var decision = Decide([Given.Local("best", 1, 0.1), Given.Local("wide", 50, 8)]);
        decision.AllowsTrials.Should().BeTrue();
        var executor = new HotSwapExecutor(new BackendSet(1, [best, wide]), new LocalAdmission(1 << 20, 2, 10), new RecordingGate(), TimeProvider.System);
        return executor.RunAsync(decision, request ?? Request, new SpendLabel("job", null), default);
    }

    private static RoutingDecision Decide(IReadOnlyList<RoutingCandidate> candidates) => DecisionMaker.Decide(Given.Inputs(new PerformanceOptimizedRouter(), candidates, threshold: 0), 1, 1);

    private static FakeBackend Steady(string id) => new(id, isLocal: true);

    // Obeys a limit below what it takes at once.
    private static FakeBackend Stopping(string id, TimeSpan takes, List<ExecutionRequest>? seen = null) => new(
        id,
        (request, _) =>
        {
            seen?.Add(request);
            return request.Limits.Time < takes ? throw new BackendException(BackendErrorKind.TimeLimit, id, "The time is up.") : Task.FromResult(FakeBackend.Result(id, request));
        },
        isLocal: true);
}

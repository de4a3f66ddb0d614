using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Costs;

public sealed class AllowancePeriodTests
{
    // The moment of use, and when it no longer counts.
    [Theory]
    [InlineData(AllowancePeriod.Day, 1, 1, "2026-02-28T23:59:59Z", "2026-03-01")]
    [InlineData(AllowancePeriod.Day, 1, 1, "2026-03-01T00:00:00Z", "2026-03-02")]
    [InlineData(AllowancePeriod.Day, 1, 1, "2026-03-01T01:30:00+05:00", "2026-03-01")]
    [InlineData(AllowancePeriod.Month, 1, 1, "2026-01-31T12:00:00Z", "2026-02-01")]
    [InlineData(AllowancePeriod.Month, 1, 1, "2026-12-01T00:00:00Z", "2027-01-01")]
    [InlineData(AllowancePeriod.Month, 15, 1, "2026-03-14T23:00:00Z", "2026-03-15")]
    [InlineData(AllowancePeriod.Month, 15, 1, "2026-03-15T00:00:00Z", "2026-04-15")]
    [InlineData(AllowancePeriod.Month, 31, 1, "2026-02-01T00:00:00Z", "2026-02-28")]
    [InlineData(AllowancePeriod.Month, 31, 1, "2026-02-28T00:00:00Z", "2026-03-31")]
    [InlineData(AllowancePeriod.Month, 31, 1, "2028-02-28T00:00:00Z", "2028-02-29")]
    [InlineData(AllowancePeriod.Year, 1, 1, "2026-06-01T00:00:00Z", "2027-01-01")]
    [InlineData(AllowancePeriod.Year, 6, 4, "2026-04-05T23:59:00Z", "2026-04-06")]
    [InlineData(AllowancePeriod.Year, 6, 4, "2026-04-06T00:00:00Z", "2027-04-06")]
    [InlineData(AllowancePeriod.Year, 29, 2, "2026-03-01T00:00:00Z", "2027-02-28")]
    [InlineData(AllowancePeriod.Year, 29, 2, "2027-03-01T00:00:00Z", "2028-02-29")]
    public void EndOf_EachPeriod_IsItsNextBeginning(AllowancePeriod period, int firstDay, int firstMonth, string at, string end) =>
        new PriceAllowance(1, AllowanceUnit.Runs, TimeSpan.Zero) { Period = period, FirstDay = firstDay, FirstMonth = firstMonth }.EndOf(Time(at)).Should().Be(Time(end));

    [Fact]
    public void Ledger_Monthly_IsWholeAgainOnTheFirstAndCarriesNothingOver()
    {
        var time = new FakeTimeProvider(Time("2026-01-30T10:00:00Z"));
        var path = Path.Combine(Directory.CreateTempSubdirectory("allowances").FullName, "a");
        AllowanceLedger Open() => new(new Dictionary<string, PriceAllowance> { ["plan"] = PriceAllowance.Monthly(10, AllowanceUnit.Shots) }, path, time);
        using var ledger = Open();
        ledger.Reserve("a", "plan", 4, 4).Should().Be(4);
        ledger.Use("a", "plan", 3);
        time.SetUtcNow(Time("2026-01-31T23:59:59Z"));
        ledger.Left("plan").Should().Be((7, Time("2026-02-01")));
        ledger.Reserve("b", "plan", 7, 8).Should().BeNull();
        ledger.Reserve("b", "plan", 7, 7).Should().Be(7, "two seconds before the new month");
        time.SetUtcNow(Time("2026-02-01"));
        ledger.Left("plan").Should().Be((10, null));
        ledger.Use("b", "plan", 6).Should().Be(6);
        ledger.Left("plan").Left.Should().Be(4, "a job that ends in February counts there");
        ledger.Reserve("c", "plan", 11, 0).Should().Be(4);
        using var other = Open();
        other.Left("plan").Left.Should().Be(0, "another process reads the same month");
    }

    [Fact]
    public async Task FreePlan_Monthly_RefusesUntilTheNextMonth()
    {
        var time = new FakeTimeProvider(Time("2026-05-20T00:00:00Z"));
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().UseTimeProvider(time).AddBackend(new FakeBackend("plan")).Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.PerformanceThreshold, o.CalibrationBudget) = (string.Empty, false, 0, TimeSpan.Zero);
            o.Prices["plan"] = new PriceModel { PerRun = 1, Allowance = PriceAllowance.Monthly(2, AllowanceUnit.Runs, refusesBeyond: true) };
        }).Build();
        await orchestrator.StartAsync();
        await orchestrator.ExecuteAsync(States.Ghz(2));
        await orchestrator.ExecuteAsync(States.Ghz(2));
        (await FluentActions.Awaiting(() => orchestrator.ExecuteAsync(States.Ghz(2))).Should().ThrowAsync<Exception>()).WithMessage("*0 of 2 in a month*2026-06-01*");
        time.SetUtcNow(Time("2026-06-01"));
        (await orchestrator.ExecuteAsync(States.Ghz(2))).Cost.Should().Be(0);
    }

    [Fact]
    public async Task RemoteJobOfUnknownOutcome_KeepsItsPartUntilItsBackendClearsItUp()
    {
        var backend = new Uncertain();
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(backend).Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.PerformanceThreshold, o.CalibrationBudget, o.Budget, o.CostThreshold) = (string.Empty, false, 0, TimeSpan.Zero, 10, 10);
            o.Prices["service"] = new PriceModel { PerShot = 0.01m, Allowance = PriceAllowance.Monthly(100, AllowanceUnit.Shots) };
        }).Build();
        await orchestrator.StartAsync();

        // 150 shots: 100 are included, 50 cost 0.5.
        async Task<decimal> PriceAsync() => orchestrator.GetRoutingRecommendation(States.Ghz(2), new OrchestrationRequest { Shots = 150 }).Decision.Chosen.Candidate.Cost.Median;
        (await PriceAsync()).Should().Be(0.5m);
        await FluentActions.Awaiting(() => orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Shots = 150 })).Should().ThrowAsync<BackendException>();
        (await PriceAsync()).Should().Be(1.5m, "the included shots may have been used");
        orchestrator.GetCostAnalysis().ReservedCost.Should().Be(0.5m);

        await backend.Account!.ReleaseAsync(backend.Key!);
        (await PriceAsync()).Should().Be(0.5m, "the service never had the job");
        orchestrator.GetCostAnalysis().ReservedCost.Should().Be(0);

        // Wholly within the allowance: nothing to pay, but it counts down.
        await FluentActions.Awaiting(() => orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Shots = 60 })).Should().ThrowAsync<BackendException>();
        (await PriceAsync()).Should().Be(1.1m);
        await backend.Account.SettleAsync(backend.Key!, 0);
        (await PriceAsync()).Should().Be(1.1m, "it ran");
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    // Reserves, submits, and never hears what came of it.
    private sealed class Uncertain : IPayingBackend
    {
        private readonly FakeBackend _like = new("service");

        public BackendDescriptor Descriptor => _like.Descriptor;

        public ISpendGate? Account { get; private set; }

        public string? Key { get; private set; }

        public void UseAccount(ISpendGate account) => Account = account;

        public async Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
        {
            var permit = request.Spending!;
            permit.IsMetered.Should().BeTrue();
            Key = permit.Key;
            await permit.Gate.ReserveAsync(new SpendRequest(permit.Key, permit.Most, "service", permit.Tag), cancellationToken);
            await permit.Gate.HoldAsync(permit.Key, cancellationToken);
            throw new BackendException(BackendErrorKind.OutcomeUnknown, "service", "Nobody knows.");
        }
    }
}

using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Costs;

public sealed class OrchestratorMoneyTests
{
    [Fact]
    public async Task Budget_NoRoomForTheFirst_GoesOnWithTheNextAndSaysWhy()
    {
        await using var orchestrator = await StartedAsync(o =>
        {
            o.Prices["paid"] = new PriceModel { PerRun = 0.06m };
            o.Budget = 0.1m;
            (o.CostWeight, o.PerformanceWeight, o.PerformanceThreshold) = (0, 1, 0);
        }, new FakeBackend("paid"), new FakeBackend("free"));
        (await orchestrator.ExecuteAsync(States.Ghz(2))).ActualBackend.Should().Be("paid");
        var second = await orchestrator.ExecuteAsync(States.Ghz(2));
        second.ActualBackend.Should().Be("free");
        second.SwapEvents.Should().ContainSingle().Which.Reason.Should().Contain("0.06").And.Contain("0.04 of 0.1 is left");
        orchestrator.GetAvailableBackends().Should().OnlyContain(b => b.SuccessRate == 1, "a refusal is never held against a backend");
        orchestrator.GetCostAnalysis().TotalCost.Should().Be(0.06m);
    }

    [Fact]
    public async Task Tags_WithCap_AreAddedUpAndLimited()
    {
        await using var orchestrator = await StartedAsync(o =>
        {
            o.Prices["paid"] = new PriceModel { PerRun = 0.05m };
            o.BudgetCaps.Add(new BudgetCap(BudgetScope.Tag, 0.07m, "toys"));
        }, new FakeBackend("paid"));
        await orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Tag = "toys" });
        await orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Tag = "work" });
        await orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Tag = "work" });
        var act = () => orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Tag = "toys" });
        (await act.Should().ThrowAsync<BackendException>()).WithMessage("*0.02 of 0.07 is left of the budget of tag 'toys'*");
        var analysis = orchestrator.GetCostAnalysis();
        analysis.ByTag.Should().BeEquivalentTo(new Dictionary<string, decimal> { ["toys"] = 0.05m, ["work"] = 0.1m });
        analysis.ByDay.Values.Sum().Should().Be(0.15m);
        (analysis.TotalCost, analysis.ReservedCost, analysis.CostPerOperation).Should().Be((0.15m, 0m, 0.05m));
    }

    [Fact]
    public async Task Ledger_OnDisk_RemembersWhatEarlierProcessesSpent()
    {
        var folder = Directory.CreateTempSubdirectory("money").FullName;
        try
        {
            Task<PredictiveOrchestrator> NewAsync() => StartedAsync(o =>
            {
                o.Prices["paid"] = new PriceModel { PerRun = 0.06m };
                o.Budget = 0.1m;
                o.BudgetLedgerPath = Path.Combine(folder, "ledger.db");
            }, new FakeBackend("paid"));
            await using (var first = await NewAsync())
            {
                await first.ExecuteAsync(States.Ghz(2));
            }

            await using var second = await NewAsync();
            second.GetCostAnalysis().BudgetUtilization.Should().BeApproximately(0.6, 1e-12);
            var act = () => second.ExecuteAsync(States.Ghz(2));
            (await act.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.BudgetRefused);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public async Task Allowance_OfAFreePlan_RefusesBeyondAndComesBack()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
        await using var orchestrator = await StartedAsync(
            o => o.Prices["plan"] = new PriceModel { Allowance = new PriceAllowance(2500, AllowanceUnit.Shots, TimeSpan.FromDays(28), RefusesBeyond: true) }, time, new FakeBackend("plan"));
        await orchestrator.ExecuteAsync(States.Ghz(2));
        time.Advance(TimeSpan.FromDays(1));
        await orchestrator.ExecuteAsync(States.Ghz(2));
        var act = () => orchestrator.ExecuteAsync(States.Ghz(2));
        (await act.Should().ThrowAsync<NoFeasibleBackendException>()).WithMessage("*1000 shots; 500 of 2500 in 28 days are left, more from 2026-11-29 00:00 UTC on*");
        time.Advance(TimeSpan.FromDays(27));
        (await orchestrator.ExecuteAsync(States.Ghz(2))).Cost.Should().Be(0);
    }

    [Fact]
    public async Task Allowance_ThatCharges_PricesOnlyWhatIsBeyond()
    {
        await using var orchestrator = await StartedAsync(
            o => o.Prices["plan"] = new PriceModel { PerShot = 0.0001m, Allowance = new PriceAllowance(1500, AllowanceUnit.Shots, TimeSpan.FromDays(28)) }, new FakeBackend("plan"));
        (await orchestrator.ExecuteAsync(States.Ghz(2))).Cost.Should().Be(0);
        (await orchestrator.ExecuteAsync(States.Ghz(2))).Cost.Should().Be(0.05m, "500 of the 1,000 shots are beyond");
        (await orchestrator.ExecuteAsync(States.Ghz(2))).Cost.Should().Be(0.1m);
    }

    [Fact]
    public async Task Currency_OfCredits_IsConvertedByTheDatedRate()
    {
        await using var orchestrator = await StartedAsync(o => o.Prices["plan"] = new PriceModel { PerRun = 5, Currency = "qBraid credit" }, new FakeBackend("plan"));
        (await orchestrator.ExecuteAsync(States.Ghz(2))).Cost.Should().Be(0.05m, "a credit is a cent");
        var act = () => new PredictiveOrchestratorBuilder().Configure(o => o.Prices["h2"] = PriceList.Default.Find("azure/quantinuum-h2-hqc", new DateOnly(2026, 11, 1))!.Price!).Build();
        act.Should().Throw<ArgumentException>().WithMessage("*Prices['h2'].Currency is 'HQC'*exchange rate*");
    }

    [Fact]
    public async Task Analysis_AgainstOtherChoices_AddsUpThePredictedDifferences()
    {
        await using var orchestrator = await StartedAsync(o =>
        {
            o.Prices["paid"] = new PriceModel { PerRun = 0.06m };
            o.Prices["dear"] = new PriceModel { PerRun = 0.09m };
            (o.CostWeight, o.PerformanceWeight, o.PerformanceThreshold) = (0, 1, 0);
        }, new FakeBackend("paid"), new FakeBackend("dear"), new FakeBackend("free"));
        for (var i = 0; i < 3; i++)
        {
            (await orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Backend = null })).ActualBackend.Should().Be("paid");
        }

        var analysis = orchestrator.GetCostAnalysis();
        analysis.AgainstAlwaysCheapest.CostSaved.Should().Be(-0.18m);
        analysis.AgainstWorst.CostSaved.Should().Be(0.09m);

        // What ran without an alternative saved nothing, however wrong its prediction was.
        await orchestrator.ExecuteAsync(States.Ghz(2), new OrchestrationRequest { Backend = "free" });
        orchestrator.GetCostAnalysis().Should().Match<CostAnalysis>(a =>
            a.AgainstAlwaysCheapest == analysis.AgainstAlwaysCheapest && a.AgainstAlwaysFastest == analysis.AgainstAlwaysFastest && a.AgainstWorst == analysis.AgainstWorst);
        analysis.Recommendations.Should().ContainSingle().Which.Should().Match<CostRecommendation>(r => r.From == "paid" && r.To == "free" && r.Runs == 3 && r.CostSaved == 0.18m);
    }

    [Fact]
    public async Task Forecast_SteadySpending_GoesOnAndSaysWhenTheBudgetIsSpent()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        await using var orchestrator = await StartedAsync(o =>
        {
            o.Prices["paid"] = new PriceModel { PerRun = 0.05m };
            (o.Budget, o.TelemetryInterval, o.PredictionHorizon) = (2m, TimeSpan.FromMinutes(1), 30);
        }, time, new FakeBackend("paid"));
        orchestrator.GetCostAnalysis().Forecast.Should().Match<CostForecast>(f => f.Total.Median == 0 && f.BudgetExhaustedAt == null && f.Steps.Count == 30);
        for (var i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await orchestrator.ExecuteAsync(States.Ghz(2));
            time.Advance(TimeSpan.FromSeconds(30));
        }

        // A run a minute for 0.05: thirty more cost 1.5, and the other half of the budget is gone after twenty.
        var forecast = orchestrator.GetCostAnalysis().Forecast;
        forecast.Step.Should().Be(TimeSpan.FromMinutes(1));
        forecast.Steps.Should().HaveCount(30).And.OnlyContain(s => Math.Abs(s.Median - 0.05) < 1e-9 && s.Lower <= s.Median && s.Upper >= s.Median);
        forecast.Total.Median.Should().BeApproximately(1.5, 1e-6);
        forecast.BudgetExhaustedAt.Should().BeCloseTo(time.GetUtcNow().AddMinutes(20), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Account_WithAHostsPurse_IsThatPurse()
    {
        // What a run left open there must be cleared up there.
        await using var purse = new BudgetLedger("USD", []);
        var backend = new Paying();
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(backend).UseSpendGate(purse).Configure(o => o.StateDirectory = string.Empty).Build();
        await orchestrator.StartAsync();
        await purse.ReserveAsync(new SpendRequest("job", 3, "paying"));
        await purse.HoldAsync("job");
        await backend.Account!.SettleAsync("job", 2);
        (await purse.GetBalanceAsync()).Should().Be(new Balance(2, 0));
    }

    private sealed class Paying : IPayingBackend
    {
        private readonly FakeBackend _backend = new("paying");

        public ISpendGate? Account { get; private set; }

        public BackendDescriptor Descriptor => _backend.Descriptor;

        public void UseAccount(ISpendGate account) => Account = account;

        public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default) => _backend.ExecuteAsync(request, cancellationToken);
    }

    private static Task<PredictiveOrchestrator> StartedAsync(Action<PredictiveOrchestratorOptions> configure, params FakeBackend[] backends) => StartedAsync(configure, TimeProvider.System, backends);

    private static async Task<PredictiveOrchestrator> StartedAsync(Action<PredictiveOrchestratorOptions> configure, TimeProvider time, params FakeBackend[] backends)
    {
        var builder = new PredictiveOrchestratorBuilder().WithoutLocalEngines().UseTimeProvider(time).Configure(o =>
        {
            o.StateDirectory = string.Empty;
            o.Learning = false;
            configure(o);
        });
        Array.ForEach(backends, b => builder.AddBackend(b));
        var orchestrator = builder.Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }
}

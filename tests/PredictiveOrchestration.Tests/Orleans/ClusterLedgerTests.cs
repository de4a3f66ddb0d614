using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Money;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>One budget for all silos: exact, and without it nothing is spent.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterLedgerTests
{
    private static readonly Circuit Bell = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();

    [Fact]
    public async Task Reserve_ManyAtOnceFromAllSilos_NeverMoreThanTheCap()
    {
        await using var silos = await TestSilos.StartAsync(3, silo: s => s.AddClusterLedger(o => o.Budget = 10));
        var ledgers = silos.Cluster.Silos.Select(TestSilos.Of<ClusterLedger>).ToList();
        var granted = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            try
            {
                await ledgers[i % 3].ReserveAsync(new SpendRequest($"job-{i}/0", 0.75m, "cloud", $"tenant-{i % 2}"));
                return i;
            }
            catch (BackendException exception) when (exception.Kind == BackendErrorKind.BudgetRefused)
            {
                exception.Message.Should().Contain("0.25 of 10 is left of the budget");
                return -1;
            }
        }));

        // 13 · 0.75 = 9.75.
        var won = granted.Where(i => i >= 0).ToList();
        won.Should().HaveCount(13);
        await Task.WhenAll(won.Select(async i =>
        {
            await ledgers[(i + 1) % 3].SettleAsync($"job-{i}/0", 0.5m);
            await ledgers[(i + 2) % 3].SettleAsync($"job-{i}/0", 0.5m);
        }));
        (await ledgers[0].GetBalanceAsync()).Should().Be(new Balance(6.5m, 0), "settling twice is settling once");
        var byTenant = await Task.WhenAll(Enumerable.Range(0, 2).Select(t => ledgers[0].GetBalanceAsync(BudgetScope.Tag, $"tenant-{t}").AsTask()));
        byTenant.Sum(b => b.Spent).Should().Be(6.5m);
        await FluentActions.Awaiting(() => ledgers[0].ReserveAsync(new SpendRequest($"job-{won[0]}/0", 0.1m, "cloud")).AsTask()).Should().ThrowAsync<Exception>("it is settled");
    }

    [Fact]
    public async Task Reserve_OfADividedCluster_OnlyTheSideThatWritesSpends()
    {
        await using var silos = await TestSilos.StartAsync(2, silo: s => s.AddClusterLedger(o => o.Budget = 10));
        var ledger = TestSilos.Of<ClusterLedger>(silos.Cluster.Silos[0]);
        await ledger.ReserveAsync(new SpendRequest("a/0", 4, "cloud"));

        // The other side's ledger reads the same state, and writes first.
        var services = silos.Cluster.Silos[1].ServiceProvider;
        var storage = services.GetRequiredKeyedService<IGrainStorage>(OrleansWorkerOptions.StorageName);
        var other = new GrainState<LedgerState>(new LedgerState());
        var id = silos.Cluster.Client.GetGrain<ILedgerGrain>(0).GetGrainId();
        await storage.ReadStateAsync("ledger", id, other);
        other.State!.Open.Should().ContainSingle().Which.Amount.Should().Be(4);
        other.State.Open.Add(new OpenEntry("b/0", string.Empty, 5, "cloud", null, DateTimeOffset.UnixEpoch, false));
        other.State.Balances = [.. other.State.Balances.Select(b => b with { Reserved = b.Reserved + 5 })];
        await storage.WriteStateAsync("ledger", id, other);

        // 4 + 5 + 2 > 10, which this side does not know: it cannot write, so nothing is spent. Then it reads, and refuses for the right reason.
        var first = await FluentActions.Awaiting(() => ledger.ReserveAsync(new SpendRequest("c/0", 2, "cloud")).AsTask()).Should().ThrowAsync<BackendException>();
        first.Which.Kind.Should().Be(BackendErrorKind.BudgetRefused);
        var second = await Eventually(() => ledger.ReserveAsync(new SpendRequest("c/0", 2, "cloud")).AsTask());
        second.Message.Should().Contain("1 of 10 is left");
        (await ledger.GetBalanceAsync()).Should().Be(new Balance(0, 9));

        // Until the first activation is gone its error comes again.
        static async Task<BackendException> Eventually(Func<Task> ask)
        {
            for (var i = 0; ; i++)
            {
                var thrown = (await FluentActions.Awaiting(ask).Should().ThrowAsync<BackendException>()).Which;
                if (i == 100 || !thrown.Message.Contains("cannot be reached", StringComparison.Ordinal))
                {
                    return thrown;
                }

                await Task.Delay(20);
            }
        }
    }

    [Fact]
    public async Task Execute_LedgerOutOfReach_StaysLocalAndPaysNothing()
    {
        ClusterLedger ledger;
        await using (var silos = await TestSilos.StartAsync(1, silo: s => s.AddClusterLedger(o => o.Budget = 10)))
        {
            ledger = new ClusterLedger(silos.Cluster.Client);
            await silos.Cluster.StopClusterClientAsync();
        }

        var paid = new FakeBackend("paid") { Seconds = 1e-6 };
        await using var orchestrator = new PredictiveOrchestratorBuilder().AddBackend(paid).UseSpendGate(ledger)
            .Configure(o =>
            {
                (o.StateDirectory, o.CalibrationBudget, o.Learning, o.CostThreshold) = (string.Empty, TimeSpan.Zero, false, 1);
                o.Prices["paid"] = new PriceModel { PerRun = 0.5m };
            }).Build();
        await orchestrator.StartAsync();

        (await FluentActions.Awaiting(() => orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Backend = "paid" })).Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.BudgetRefused);
        (await orchestrator.ExecuteAsync(Bell)).Counts.Values.Sum().Should().Be(1000);
        paid.Calls.Should().Be(0);
    }

    [Fact]
    public async Task Submit_EarlierTryMayHavePaid_IsNotPaidForAgain()
    {
        var paid = new FakeBackend("paid");
        await using var silos = await TestSilos.StartAsync(
            2, orchestrator: b => b.AddBackend(paid).Configure(o => o.Prices["paid"] = new PriceModel { PerRun = 0.5m }), silo: s => s.AddClusterLedger(o => o.Budget = 10));
        var ledger = TestSilos.Of<ClusterLedger>(silos.Cluster.Silos[0]);
        var request = ClusterJobRequest.Of(Bell, new OrchestrationRequest { Backend = "paid", CostThreshold = 1 });
        async Task<string?> RunAsync(string key) => (await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(request, key)).Id)).Runs[0].FailureCode;

        // What a silo leaves behind that is killed after it has asked a provider, and one that is killed between payment and answer.
        await ledger.ReserveAsync(new SpendRequest("default/asked/0#dead/0", 0.5m, "paid"));
        await ledger.ReserveAsync(new SpendRequest("default/paid/0#dead/0", 0.5m, "paid"));
        await ledger.SettleAsync("default/paid/0#dead/0", 0.5m);
        await ledger.ReserveAsync(new SpendRequest("default/freed/0#dead/0", 0.5m, "paid"));
        await ledger.ReleaseAsync("default/freed/0#dead/0");

        (await RunAsync("asked")).Should().Be("outcome_unknown");
        (await RunAsync("paid")).Should().Be("outcome_unknown");
        paid.Calls.Should().Be(0);
        (await ledger.GetOpenReservationsAsync()).Should().ContainSingle("it stays reserved until somebody knows").Which.Key.Should().Be("default/asked/0/0");
        (await RunAsync("freed")).Should().BeNull("that try surely cost nothing");
        (await RunAsync("fresh")).Should().BeNull();
        paid.Calls.Should().Be(2);
        (await ledger.GetBalanceAsync()).Should().Be(new Balance(1.5m, 0.5m));

        // Without leave to spend a job never gets there.
        await FluentActions.Awaiting(() => silos.Jobs.SubmitAsync(ClusterJobRequest.Of(Bell, new OrchestrationRequest { Backend = "paid" }))).Should().ThrowAsync<ArgumentException>().WithMessage("*would cost 0.5*");
    }

    [Theory]
    [InlineData("job/0#try/1", "job/0/1", "try")]
    [InlineData("job/0#try", "job/0", "try")]
    [InlineData("plain/1", "plain/1", "")]
    public void Parse_Key_PartsJobAndTry(string key, string job, string attempt) => ClusterLedger.Parse(key).Should().Be((job, attempt));
}

using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Costs;

public sealed class AllowanceLedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("allowances").FullName;

    private string FilePath => Path.Combine(_folder, "ledger.db.allowances");

    [Fact]
    public async Task Reserve_FromSeveralProcessesAtOnce_GivesAwayExactlyWhatThereIs()
    {
        // Each ledger has a connection of its own, as a process would.
        var ledgers = Enumerable.Range(0, 4).Select(_ => Open(50)).ToList();
        var granted = 0;
        await Task.WhenAll(ledgers.Select((ledger, l) => Task.Run(() =>
        {
            for (var i = 0; i < 40; i++)
            {
                if (ledger.Reserve($"{l}/{i}", "plan", 1, 1) is { } got)
                {
                    got.Should().Be(1);
                    Interlocked.Increment(ref granted);
                }
            }
        })));
        granted.Should().Be(50);
        ledgers.ForEach(l => l.Dispose());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Use_MoreOrLessThanSetAside_NeverFreesMoreThanTheAllowance(bool inFile)
    {
        using var ledger = Open(10, inFile: inFile);
        ledger.Reserve("a", "plan", 5, 0).Should().Be(5);
        ledger.Reserve("a", "plan", 5, 0).Should().Be(5, "repeating changes nothing");
        ledger.Reserve("b", "plan", 8, 0).Should().Be(5);
        ledger.Reserve("c", "plan", 1, 1).Should().BeNull();
        ledger.Use("a", "plan", 7).Should().Be(5, "what b has set aside is not a's");
        ledger.Use("b", "plan", 3).Should().Be(3);
        ledger.Left("plan").Left.Should().Be(0, "7 and 3 were used");
        using var other = Open(10, inFile: inFile);
        other.Left("plan").Left.Should().Be(inFile ? 0 : 10);
    }

    [Fact]
    public void Release_GivesBack_AndTheWindowRolls()
    {
        var time = new FakeTimeProvider();
        using var ledger = Open(3, time);
        ledger.Reserve("a", "plan", 1, 1);
        time.Advance(TimeSpan.FromDays(10));
        ledger.Reserve("b", "plan", 2, 1);
        ledger.Left("plan").Should().Be((0m, new FakeTimeProvider().GetUtcNow().AddDays(30)));
        ledger.Release("b", "plan");
        ledger.Left("plan").Left.Should().Be(2);
        ledger.Use("a", "plan", 1);
        time.Advance(TimeSpan.FromDays(20));
        ledger.Left("plan").Left.Should().Be(3, "a's use is thirty days old");

        // What is long over is forgotten on disk as well.
        time.Advance(TimeSpan.FromDays(60));
        ledger.Use("d", "plan", 1).Should().Be(1);
        using var other = Open(3, time);
        other.Left("plan").Left.Should().Be(2);
    }

    [Fact]
    public void Reserved_ByAProcessThatDied_StaysUsed()
    {
        using (var ledger = Open(3))
        {
            ledger.Reserve("a", "plan", 2, 1);
        }

        using var next = Open(3);
        next.Reserve("b", "plan", 2, 2).Should().BeNull();
        next.Reserve("b", "plan", 2, 1).Should().Be(1);
    }

    [Fact]
    public void File_OfSomethingElse_IsRefused()
    {
        File.WriteAllText(FilePath, new string('x', 5000));
        FluentActions.Invoking(() => Open(1)).Should().Throw<InvalidDataException>().WithMessage("*allowances*");
    }

    [Fact]
    public async Task FreePlan_SharedByTwoOrchestrators_IsUsedExactlyToItsEnd()
    {
        async Task<PredictiveOrchestrator> StartedAsync()
        {
            var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("plan")).AddBackend(new FakeBackend("own")).AddRouter(new InOrder()).Configure(o =>
            {
                (o.StateDirectory, o.Learning, o.PerformanceThreshold, o.BudgetLedgerPath) = (string.Empty, false, 0, Path.Combine(_folder, "ledger.db"));
                o.Prices["plan"] = new PriceModel { PerRun = 1, Allowance = new PriceAllowance(5, AllowanceUnit.Runs, TimeSpan.FromDays(30), RefusesBeyond: true) };
            }).Build().WithStrategy("in-order");
            await orchestrator.StartAsync();
            return orchestrator;
        }

        var ran = new List<string>();
        await using (var first = await StartedAsync())
        await using (var second = await StartedAsync())
        {
            var jobs = Enumerable.Range(0, 12).Select(i => Task.Run(() => (i % 2 == 0 ? first : second).ExecuteAsync(States.Ghz(2)))).ToArray();
            ran.AddRange((await Task.WhenAll(jobs)).Select(r => r.ActualBackend));
            (first.GetCostAnalysis().TotalCost + second.GetCostAnalysis().TotalCost).Should().Be(0, "what the plan includes is free");
        }

        ran.Count(b => b == "plan").Should().Be(5);
        await using var later = await StartedAsync();
        (await later.ExecuteAsync(States.Ghz(2))).ActualBackend.Should().Be("own", "a new process begins where the old ones ended");
    }

    [Fact]
    public async Task Allowance_WithRunsAtOnce_ReservesMoneyForWhatIsBeyondIt()
    {
        // All are decided on while the allowance is whole: none is predicted to cost anything.
        var go = new TaskCompletionSource();
        var started = 0;
        var plan = new FakeBackend("plan", async (request, _) =>
        {
            Interlocked.Increment(ref started);
            await go.Task;
            return FakeBackend.Result("plan", request);
        });
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(plan).AddBackend(new FakeBackend("own")).AddRouter(new InOrder()).Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.PerformanceThreshold, o.Budget, o.CostThreshold) = (string.Empty, false, 0, 2, 10);
            o.Prices["plan"] = new PriceModel { PerRun = 1, Allowance = new PriceAllowance(3, AllowanceUnit.Runs, TimeSpan.FromDays(30)) };
        }).Build().WithStrategy("in-order");
        await orchestrator.StartAsync();
        var jobs = Enumerable.Range(0, 8).Select(_ => Task.Run(() => orchestrator.ExecuteAsync(States.Ghz(2)))).ToArray();
        var refused = 0;
        while (Volatile.Read(ref started) + refused < 8)
        {
            refused = jobs.Count(j => j.IsCompletedSuccessfully);
            await Task.Delay(1);
        }

        go.SetResult();
        (await Task.WhenAll(jobs)).Count(r => r.ActualBackend == "plan").Should().Be(5, "three are included, two are in the budget");
        var analysis = orchestrator.GetCostAnalysis();
        (analysis.TotalCost, analysis.BudgetUtilization, analysis.ReservedCost).Should().Be((2m, 1.0, 0m));
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private AllowanceLedger Open(decimal quantity, TimeProvider? time = null, bool inFile = true) => new(
        new Dictionary<string, PriceAllowance> { ["plan"] = new(quantity, AllowanceUnit.Runs, TimeSpan.FromDays(30)) }, inFile ? FilePath : null, time ?? TimeProvider.System);
}

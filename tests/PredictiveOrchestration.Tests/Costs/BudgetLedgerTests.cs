using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;

namespace PredictiveOrchestration.Tests.Costs;

public sealed class BudgetLedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ledger").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    public static TheoryData<bool> Places => new() { true, false };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Reserve_BeyondTheTightestCap_SaysWhatIsLeftWhere(bool onDisk)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 25, 23, 59, 0, TimeSpan.Zero));
        await using var ledger = Open(onDisk, time, new(BudgetScope.Total, 100), new(BudgetScope.Job, 30), new(BudgetScope.Day, 40), new(BudgetScope.Tag, 5, "toys"), new(BudgetScope.Provider, 35));
        (await ledger.TryReserveAsync(new("a", 31, "x")))!.Cap.Scope.Should().Be(BudgetScope.Job);
        (await ledger.TryReserveAsync(new("a", 20, "x", "toys")))!.ToString().Should().Be("5 of 5 is left of the budget of tag 'toys'");
        (await ledger.TryReserveAsync(new("a", 30, "x", "work"))).Should().BeNull();
        (await ledger.TryReserveAsync(new("b", 6, "x"))).Should().Be(new BudgetShortage(new(BudgetScope.Provider, 35), "x", 5));
        (await ledger.TryReserveAsync(new("b", 11, "y")))!.ToString().Should().Be("10 of 40 is left of the budget of 2026-11-25");
        time.Advance(TimeSpan.FromMinutes(2));
        (await ledger.TryReserveAsync(new("b", 11, "y"))).Should().BeNull("it is another day");
        await ledger.SettleAsync("a", 25);
        (await ledger.GetBalanceAsync()).Should().Be(new Balance(25, 11));
        (await ledger.GetBalanceAsync(BudgetScope.Day, "2026-11-25")).Should().Be(new Balance(25, 0), "it counts for the day of its reservation");
        (await ledger.GetBalanceAsync(BudgetScope.Month, "2026-11")).Should().Be(new Balance(25, 11));
        (await ledger.GetBalanceAsync(BudgetScope.Tag, "work")).Should().Be(new Balance(25, 0));
        var act = async () => await ledger.ReserveAsync(new("c", 29.5m, "z"));
        (await act.Should().ThrowAsync<BackendException>()).WithMessage("*may cost up to 29.5 USD*29 of 40 is left of the budget of 2026-11-26*").Which.Kind.Should().Be(BackendErrorKind.BudgetRefused);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Reserve_CapOfTheMonth_HoldsUntilTheNextOneBegins(bool onDisk)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 30, 23, 59, 0, TimeSpan.Zero));
        await using var ledger = Open(onDisk, time, new(BudgetScope.Total, 100), new(BudgetScope.Month, 50));
        (await ledger.TryReserveAsync(new("a", 30, "x"))).Should().BeNull();
        (await ledger.TryReserveAsync(new("b", 21, "y", "other")))!.ToString().Should().Be("20 of 50 is left of the budget of 2026-11");
        time.Advance(TimeSpan.FromMinutes(2));
        (await ledger.TryReserveAsync(new("b", 21, "y", "other"))).Should().BeNull("it is December");
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Calls_Repeated_ChangeNothing_AndContradictionsAreRefused(bool onDisk)
    {
        await using var ledger = Open(onDisk, null, new BudgetCap(BudgetScope.Total, 10));
        for (var i = 0; i < 3; i++)
        {
            (await ledger.TryReserveAsync(new("a", 6, "x"))).Should().BeNull();
        }

        await ledger.HoldAsync("a");
        await ledger.HoldAsync("a");
        (await ledger.GetOpenReservationsAsync()).Should().ContainSingle().Which.IsOutcomeUnknown.Should().BeTrue();
        (await ledger.TryReserveAsync(new("b", 6, "x"))).Should().NotBeNull("an unknown outcome keeps its reservation");
        await ledger.SettleAsync("a", 4.5m);
        await ledger.SettleAsync("a", 4.5m);
        (await ledger.GetBalanceAsync()).Should().Be(new Balance(4.5m, 0));
        foreach (var call in (Func<Task>[])
        [
            () => ledger.SettleAsync("a", 4m).AsTask(), () => ledger.ReleaseAsync("a").AsTask(), () => ledger.TryReserveAsync(new("a", 1, "x")).AsTask(),
            () => ledger.ReleaseAsync("unknown").AsTask(), () => ledger.TryReserveAsync(new(" ", 1, "x")).AsTask(), () => ledger.TryReserveAsync(new("n", -1, "x")).AsTask(),
        ])
        {
            await call.Should().ThrowAsync<ArgumentException>();
        }

        (await ledger.GetBalanceAsync()).Should().Be(new Balance(4.5m, 0));
    }

    [Fact]
    public async Task Reserve_HundredSubmitters_NeverExceedTheCapAndUseNearlyAllOfIt()
    {
        const decimal cap = 1000;
        var refused = 0;
        await using (var ledger = Open(true, null, new BudgetCap(BudgetScope.Total, cap)))
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(submitter => Task.Run(async () =>
            {
                for (var job = 0; job < 30; job++)
                {
                    var key = $"{submitter}-{job}";
                    if (await ledger.TryReserveAsync(new(key, 1.25m, "x")) is not null)
                    {
                        Interlocked.Increment(ref refused);
                        continue;
                    }

                    (await ledger.GetBalanceAsync()).Should().Match<Balance>(b => b.Spent + b.Reserved <= cap);
                    await (job % 10 == 0 ? ledger.ReleaseAsync(key) : ledger.SettleAsync(key, 1m));
                }
            })));
            refused.Should().BePositive();
        }

        await using var again = Open(true, null, new BudgetCap(BudgetScope.Total, cap));
        var balance = await again.GetBalanceAsync();
        balance.Reserved.Should().Be(0);
        balance.Spent.Should().BeInRange(0.97m * cap, cap);
    }

    [Fact]
    public async Task InMemory_ForEver_KeepsOnlyTheLatestClosedJobs()
    {
        await using var ledger = new BudgetLedger("USD", []);
        const int jobs = BudgetLedger.MostClosedInMemory + 50;
        for (var i = 0; i < jobs; i++)
        {
            await ledger.ReserveAsync(new SpendRequest($"{i}", 0.01m, "p"));
            await ledger.SettleAsync($"{i}", 0.01m);
        }

        ledger.ClosedInMemory.Should().Be(BudgetLedger.MostClosedInMemory);
        (await ledger.GetBalanceAsync()).Spent.Should().Be(jobs * 0.01m);
        await ledger.SettleAsync($"{jobs - 1}", 0.01m);
        (await ledger.GetBalanceAsync()).Spent.Should().Be(jobs * 0.01m, "repeating changes nothing");
    }

    [Fact]
    public async Task File_SharedByTwoLedgers_CountsBoth()
    {
        BudgetCap[] caps = [new(BudgetScope.Total, 10)];
        await using var one = Open(true, null, caps);
        await using var two = Open(true, null, caps);
        (await one.TryReserveAsync(new("a", 6, "x"))).Should().BeNull();
        (await two.TryReserveAsync(new("b", 6, "x")))!.Left.Should().Be(4);
        (await two.TryReserveAsync(new("a", 6, "x"))).Should().BeNull("it is the same job");
        await two.SettleAsync("a", 1);
        (await one.GetBalanceAsync()).Should().Be(new Balance(1, 0));
    }

    [Fact]
    public async Task Write_LockedFile_RefusesWithoutSpendingAndRecovers()
    {
        await using var ledger = Open(true, null, new BudgetCap(BudgetScope.Total, 10));
        (await ledger.TryReserveAsync(new("a", 6, "x"))).Should().BeNull();
        using (var intruder = new SqliteConnection($"Data Source={LedgerPath};Pooling=False"))
        {
            intruder.Open();
            using var drop = new SqliteCommand("ALTER TABLE entries RENAME TO hidden", intruder);
            drop.ExecuteNonQuery();
            var act = async () => await ledger.TryReserveAsync(new("b", 1, "x"));
            (await act.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.BudgetRefused);
            using var restore = new SqliteCommand("ALTER TABLE hidden RENAME TO entries", intruder);
            restore.ExecuteNonQuery();
        }

        (await ledger.TryReserveAsync(new("b", 1, "x"))).Should().BeNull();
        (await ledger.GetBalanceAsync()).Should().Be(new Balance(0, 7));
    }

    [Fact]
    public async Task Open_ForeignFileOrCurrency_SaysSoAndLeavesItAlone()
    {
        await File.WriteAllTextAsync(LedgerPath, "this is no database, but a text that is long enough to be taken for one at first sight");
        FluentActions.Invoking(() => Open(true, null)).Should().Throw<InvalidDataException>().WithMessage("*cannot be opened*");
        (await File.ReadAllTextAsync(LedgerPath)).Should().StartWith("this is no database");
        File.Delete(LedgerPath);
        await Open(true, null).DisposeAsync();
        FluentActions.Invoking(() => new BudgetLedger("EUR", [], LedgerPath)).Should().Throw<InvalidDataException>().WithMessage("*is in USD; EUR is asked for*");
    }

    [Fact]
    public async Task Entries_OnceWritten_CannotBeChanged()
    {
        await using (var ledger = Open(true, null))
        {
            await ledger.ReserveAsync(new("a", 6, "x"));
        }

        using var connection = new SqliteConnection($"Data Source={LedgerPath};Pooling=False");
        connection.Open();
        foreach (var text in new[] { "UPDATE entries SET amount = '0'", "DELETE FROM entries" })
        {
            using var command = new SqliteCommand(text, connection);
            FluentActions.Invoking(command.ExecuteNonQuery).Should().Throw<SqliteException>().WithMessage("*append-only*");
        }
    }

    [Fact]
    public async Task Money_AmountsOfManyDigits_AddUpExactly()
    {
        await using var ledger = Open(true, null, new BudgetCap(BudgetScope.Total, 1));
        for (var i = 0; i < 10; i++)
        {
            await ledger.ReserveAsync(new($"{i}", 0.1m, "x"));
            await ledger.SettleAsync($"{i}", 0.0123456789012345m);
        }

        (await ledger.GetBalanceAsync()).Spent.Should().Be(0.123456789012345m);
    }

    private string LedgerPath => Path.Combine(_folder, "ledger.db");

    private BudgetLedger Open(bool onDisk, TimeProvider? time, params BudgetCap[] caps) => new("USD", caps, onDisk ? LedgerPath : null, time);
}

using System.Text;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Tests.Costs;

/// <summary>Prices against amounts worked out by hand from the providers' formulas.</summary>
public sealed class PriceTests
{
    private static readonly DateOnly Day = new(2026, 11, 1);

    [Theory]
    [InlineData("azure/ionq-aria-1-unmitigated", 1000, 100, 20, 0, 0, "41.50")] // 1000 · (100 · 0.00022 + 20 · 0.000975)
    [InlineData("azure/ionq-aria-1-mitigated", 1000, 100, 20, 0, 0, "97.50")] // the minimum binds
    [InlineData("azure/ionq-aria-1-unmitigated", 1, 1, 1, 0, 0, "12.4166")]
    [InlineData("azure/quantinuum-h2-hqc", 1000, 200, 100, 10, 0, "255")] // 5 + 1000 · (200 + 1000 + 50) / 5000
    [InlineData("braket/ionq-forte", 1000, 0, 0, 0, 0, "80.30")]
    [InlineData("braket/iqm-garnet", 100, 0, 0, 0, 0, "0.445")]
    [InlineData("ibm/pay-as-you-go", 1, 0, 0, 0, 7.5, "12.00")]
    [InlineData("azure/rigetti-cepheus-1-108q", 1, 0, 0, 0, 0.0101, "0.04")] // two slices of 10 ms
    [InlineData("azure/pasqal-fresnel", 1, 0, 0, 0, 36, "30")] // a hundredth of an hour
    [InlineData("braket/sv1", 1, 0, 0, 0, 0.123, "0.00375")] // 3 s at least
    public void Price_PublicFormulas_GiveTheAmountWorkedOutByHand(string id, int shots, int one, int two, int measurements, double seconds, string amount)
    {
        var price = PriceList.Default.Find(id, Day)!.Price!;
        var usage = new BillableUsage { Shots = shots, OneQubitGates = one, TwoQubitGates = two, Measurements = measurements, Duration = (decimal)seconds };
        price.Price(usage).Should().Be(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Price_DurationWithMinimum_IsThatOfThreeSeconds() =>
        new PriceModel { PerMinute = 6, MinimumDuration = TimeSpan.FromSeconds(3) }.Price(new BillableUsage { Duration = 0.123m }).Should().Be(0.30m);

    [Fact]
    public void Price_CreditsOfACircuit_CountPreparations()
    {
        // A GHZ state of ten qubits, measured: one gate on one qubit, nine on two, ten preparations and ten measurements.
        var builder = new CircuitBuilder(10).H(0);
        for (var q = 1; q < 10; q++)
        {
            builder.CX(0, q);
        }

        var measured = builder.MeasureAll().Build();
        var price = PriceList.Default.Find("azure/quantinuum-h2-hqc", Day)!.Price!;
        price.Price(BillableUsage.Of(measured, 1000)).Should().Be(5 + (1000 * (1 + (10 * 9) + (5 * 20m)) / 5000));
        price.Price(BillableUsage.Of(CircuitProfiler.Profile(measured), 1000)).Should().Be(43.2m);
        BillableUsage.Of(new CircuitBuilder(50, 1).H(7).CX(7, 9).Barrier().Measure(9, 0).Build(), 1).Preparations.Should().Be(2, "devices have more qubits than a circuit uses");
    }

    [Fact]
    public void Price_GpuTime_CountsEveryGpu() =>
        new PriceModel { PerGpuSecond = 0.5m, PerCpuSecond = 0.01m }.Price(new BillableUsage { Duration = 4, Gpus = 2, Cores = 1 }).Should().Be(4.04m);

    [Fact]
    public void Price_SmallAmount_IsWrittenWithoutZerosBehind() =>
        new PriceModel { PerRun = 0.01m, PerGigabyteSecond = 0m }.Price(new BillableUsage { Shots = 1000.00m, Duration = 0.001234567m, PeakBytes = 123456 }).ToString(System.Globalization.CultureInfo.InvariantCulture).Should().Be("0.01");

    [Fact]
    public void Price_LocalRates_AddCoreMemoryAndEnergy()
    {
        var price = new PriceModel { PerCpuSecond = 0.01m, PerGigabyteSecond = 0.001m, PerKilowattHour = 0.36m, WattsPerCore = 10 };
        var usage = new BillableUsage { Duration = 100, Cores = 2, PeakBytes = 4_000_000_000 };

        // 200 core seconds, 400 gigabyte seconds, 2000 joules = 2000 / 3.6e6 kWh.
        price.Price(usage).Should().Be(2m + 0.4m + 0.0002m);
    }

    [Fact]
    public void Usage_OfCircuit_CountsWideGatesAsDevicesBillThem()
    {
        var circuit = new CircuitBuilder(5, 1).H(0).CX(0, 1).CCX(0, 1, 2).Measure(0, 0).Build();
        var usage = BillableUsage.Of(circuit, 10);
        (usage.Shots, usage.OneQubitGates, usage.TwoQubitGates, usage.Measurements).Should().Be((10m, 1m, 7m, 1m));
    }

    [Fact]
    public void Find_SeveralDates_TakesTheOneInForce()
    {
        var list = Parse("""
            {"version":1,"entries":[
              {"id":"a","effectiveFrom":"2026-01-01","source":"s","price":{"perShot":1}},
              {"id":"a","effectiveFrom":"2026-06-01","effectiveUntil":"2026-07-01","source":"s","price":{"perShot":2}}]}
            """);
        list.Find("a", new DateOnly(2025, 12, 31)).Should().BeNull();
        list.Find("a", new DateOnly(2026, 5, 31))!.Price!.PerShot.Should().Be(1);
        list.Find("a", new DateOnly(2026, 6, 30))!.Price!.PerShot.Should().Be(2);
        list.Find("a", new DateOnly(2026, 7, 1))!.Price!.PerShot.Should().Be(1);
    }

    [Fact]
    public void Convert_RatesInEitherDirection_LatestNotAfterTheDay()
    {
        var list = Parse("""{"version":1,"exchangeRates":[{"from":"EUR","to":"USD","rate":1.25,"date":"2026-01-01"},{"from":"EUR","to":"USD","rate":2,"date":"2026-06-01"}]}""");
        list.Convert(10, "EUR", "USD", new DateOnly(2026, 2, 1)).Should().Be(12.5m);
        list.Convert(10, "USD", "EUR", new DateOnly(2026, 7, 1)).Should().Be(5m);
        list.Convert(10, "EUR", "USD", new DateOnly(2025, 1, 1)).Should().BeNull();
        list.Convert(10, "EUR", "JPY", new DateOnly(2026, 7, 1)).Should().BeNull();
        list.Convert(10, "JPY", "JPY", new DateOnly(2026, 7, 1)).Should().Be(10m);
    }

    [Theory]
    [InlineData("not json", "*not valid*")]
    [InlineData("""{"version":2}""", "*version 2*version 1 is read*")]
    [InlineData("""{"version":1,"entries":[{"id":"a","effectiveFrom":"2026-01-01","source":"s","price":{"perShoot":1}}]}""", "*perShoot*")]
    [InlineData("""{"version":1,"entries":[{"id":"a","effectiveFrom":"2026-01-01","source":"s","price":{"perShot":-1}},{"id":"b"}]}""", "4 value(s)*'a': an amount is -1*'b' names no source*")]
    public void Parse_WrongFiles_SayWhatIsWrong(string json, string message) =>
        FluentActions.Invoking(() => Parse(json)).Should().Throw<FormatException>().WithMessage(message);

    [Fact]
    public void Default_EveryEntry_HasSourceAndDate()
    {
        PriceList.Default.Entries.Should().HaveCountGreaterThan(20).And.OnlyContain(e => e.Source != "" && e.Provider != "" && e.Target != "" && e.EffectiveFrom.Year >= 2025);
        PriceList.Default.Entries.Select(e => e.Id).Should().OnlyHaveUniqueItems();
        PriceList.Default.Entries.Where(e => e.Source.Contains("check before use", StringComparison.Ordinal)).Should().OnlyContain(e => e.IsUnverified);
    }

    private static PriceList Parse(string json) => PriceList.Parse(Encoding.UTF8.GetBytes(json));
}

using PredictiveOrchestration.Prediction.Forecasting;
using PredictiveOrchestration.TestKit.Fakes;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Prediction.Forecasting;

public sealed class ForecastingTests(ITestOutputHelper output)
{
    private const int Season = 12, Length = 120, Horizon = 24, Series = 12;

    [Fact]
    public void Forecast_LineWithSeason_IsContinued()
    {
        // Noiseless: what follows is known.
        static double Truth(int t) => 50 + (10 * Math.Sin(2 * Math.PI * t / Season));
        var history = Enumerable.Range(0, Length).Select(Truth).ToArray();
        SmoothingFitter.SeasonOf(history).Should().Be(Season);
        var forecast = SeriesForecaster.Forecast(history, Horizon);
        for (var h = 0; h < Horizon; h++)
        {
            forecast.Steps[h].Median.Should().BeApproximately(Truth(Length + h), 0.5);
        }

        forecast.Method.Should().Contain("season");
    }

    [Fact]
    public void SquaredErrors_Corners_AreTheSimplerMethods()
    {
        var random = new Random(1);
        var history = Enumerable.Range(0, 60).Select(_ => 10 * random.NextDouble()).ToArray();
        double Sum(int lag) => Enumerable.Range(lag, 60 - lag).Sum(t => Math.Pow(history[t] - history[t - lag], 2));
        new Smoothing("", 1, 0, 0, 1, 1).SquaredErrors(history).Should().BeApproximately(Sum(1), 1e-9);
        new Smoothing("", 0, 0, 1, 1, 5).SquaredErrors(history).Should().BeApproximately(Sum(5), 1e-9);

        var level = history[0];
        var simple = 0.0;
        foreach (var value in history.Skip(1))
        {
            simple += Math.Pow(value - level, 2);
            level = (0.3 * value) + (0.7 * level);
        }

        new Smoothing("", 0.3, 0, 0, 1, 1).SquaredErrors(history).Should().BeApproximately(simple, 1e-9);
        new Smoothing("", 1, 0, 0, 1, 1).VarianceGrowth(4).Should().Equal(1, 2, 3, 4);
        SmoothingFitter.Simple(history).SquaredErrors(history).Should().BeLessThanOrEqualTo(simple + 1e-6, "the search does at least as well");
    }

    [Theory]
    [InlineData("season", "damped trend and season")]
    [InlineData("level", "simple smoothing")]
    [InlineData("walk", null)]
    [InlineData("trend", null)]
    public void Choice_RollingOrigin_IsNearTheBestMethod(string kind, string? expected)
    {
        string[] names = ["last value", "simple smoothing", "damped trend", "last season", "damped trend and season"];
        var errors = names.ToDictionary(n => n, _ => 0.0);
        var chosen = 0.0;
        var counts = names.ToDictionary(n => n, _ => 0);
        for (var seed = 0; seed < Series; seed++)
        {
            var all = Make(kind, seed, Length + Horizon);
            var history = all[..Length];
            foreach (var method in SmoothingFitter.Candidates(history, Season))
            {
                errors[method.Name] += Error(method, all);
            }

            var choice = SeriesForecaster.Choose(history);
            counts[choice.Name]++;
            chosen += Error(choice, all);
        }

        output.WriteLine($"{kind}: chosen {chosen / Series:F2}; {string.Join(", ", errors.Select(e => $"{e.Key} {e.Value / Series:F2} ({counts[e.Key]}x)"))}");
        chosen.Should().BeLessThan(1.2 * errors.Values.Min(), "over {0} series", Series);
        if (expected is not null)
        {
            errors.MinBy(e => e.Value).Key.Should().Be(expected);
        }
    }

    [Fact]
    public void Intervals_SeriesOfAllKinds_CoverWhatFollows()
    {
        int covered = 0, all = 0;
        foreach (var kind in (string[])["season", "level", "walk", "trend", "bursts"])
        {
            int own = 0, ownAll = 0;
            for (var seed = 100; seed < 100 + (2 * Series); seed++)
            {
                var series = Make(kind, seed, Length + Horizon);
                var forecast = SeriesForecaster.Forecast(series[..Length], Horizon);
                own += forecast.Steps.Select((s, h) => series[Length + h] >= s.Lower && series[Length + h] <= s.Upper ? 1 : 0).Sum();
                ownAll += Horizon;
            }

            output.WriteLine($"{kind}: {(double)own / ownAll:P1}");
            ((double)own / ownAll).Should().BeInRange(0.78, 0.99, kind);
            (covered, all) = (covered + own, all + ownAll);
        }

        output.WriteLine($"all: {(double)covered / all:P1}");
        ((double)covered / all).Should().BeInRange(0.86, 0.95);
    }

    [Fact]
    public void Forecast_LittleOrConstantHistory_IsItsLastValue()
    {
        SeriesForecaster.Forecast([3], 5).Steps.Should().AllSatisfy(s => s.Median.Should().Be(3));
        SeriesForecaster.Forecast([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 100_000).Steps.Should().HaveCount(100_000).And.AllSatisfy(s => s.Should().Be(default(PredictiveOrchestration.Prediction.Estimate)));
        SeriesForecaster.Forecast([3], 5).Steps.Should().AllSatisfy(s => s.Lower.Should().Be(0)).And.AllSatisfy(s => s.Upper.Should().BeGreaterThanOrEqualTo(6), "one value says nothing of the next");
        SeriesForecaster.Forecast([1, 2], 3).Steps[2].Upper.Should().BeGreaterThan(2, "two values say that it changes");
    }

    [Fact]
    public async Task Metrics_BackendsThatRan_AreForecastEach()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch.AddDays(1));
        var journal = new RunJournal(1000, TimeSpan.FromSeconds(1), new PredictiveOrchestration.Backends.BackendLoadTracker(time), time);
        for (var i = 0; i < 90; i++)
        {
            // One run of 0.4 s in each interval, two dollars each, waits that grow by 10 ms.
            time.Advance(TimeSpan.FromSeconds(1));
            journal.Recorded(Telemetry.TelemetryRingBufferTests.Record(1, "a", 0.4) with { Timestamp = time.GetUtcNow(), Cost = 2, QueueTime = TimeSpan.FromMilliseconds(10 * i) });
        }

        journal.Recorded(Telemetry.TelemetryRingBufferTests.Record(1, "b", 2.5) with { Timestamp = time.GetUtcNow() });
        var forecasts = journal.Metrics(0, 2, 0, 30).BackendForecasts;
        forecasts.Keys.Should().BeEquivalentTo("a", "b");
        var a = forecasts["a"];
        a.Load.Should().HaveCount(30);
        a.Load[29].Median.Should().BeApproximately(0.4, 1e-6);
        a.ExecutionSeconds[0].Median.Should().BeApproximately(0.4, 1e-9);
        a.Cost[10].Median.Should().BeApproximately(2, 1e-9);
        a.WaitSeconds[0].Median.Should().BeApproximately(0.9, 0.03);
        a.WaitSeconds[4].Median.Should().BeGreaterThan(a.WaitSeconds[0].Median);
        a.WaitSeconds[4].Should().Match<PredictiveOrchestration.Prediction.Estimate>(e => e.Lower <= e.Median && e.Median <= e.Upper);
        journal.Forecasts(30).Should().BeSameAs(forecasts, "they are kept for an interval");
        time.Advance(TimeSpan.FromSeconds(1));
        journal.Forecasts(30).Should().NotBeSameAs(forecasts);

        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("f")).Configure(o =>
            (o.StateDirectory, o.Learning, o.PerformanceThreshold, o.PredictionHorizon) = (string.Empty, false, 0, 7)).Build();
        await orchestrator.StartAsync();
        orchestrator.GetForecast("f").Should().BeNull();
        await orchestrator.ExecuteAsync(PredictiveOrchestration.Circuits.Library.States.Ghz(3));
        orchestrator.GetRealTimeMetrics().BackendForecasts["f"].Load.Should().HaveCount(7);
    }

    // Rolling origins over what follows the history.
    private static double Error(Smoothing method, double[] all) => SeriesForecaster.RollingError(method, all, Length, 8);

    private static double[] Make(string kind, int seed, int length)
    {
        var random = new Random(seed);
        double Noise() => random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5;
        double level = 100, slope = 0.8;
        return [.. Enumerable.Range(0, length).Select(t => kind switch
        {
            "season" => 100 + (20 * Math.Sin(2 * Math.PI * t / Season)) + (t % Season == 3 ? 15 : 0) + (6 * Noise()) + (0.1 * t),
            "level" => 100 + (10 * Noise()) + (t > 40 ? 8 : 0),
            "walk" => level += 4 * Noise(),
            "trend" => level += slope + (2 * Noise()),
            _ => random.Next(4) == 0 ? 40 * random.NextDouble() : 0,
        })];
    }
}

using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Integration;

public sealed class AnalyticsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly CircuitProfile Profile = CircuitProfiler.Profile(States.Ghz(3));

    [Fact]
    public void Insights_SlowingBackend_HasTheSlopeThatWasPutIn()
    {
        // ln(actual / predicted) rises by 0.5 in an hour, with noise that alternates.
        var analytics = new RunAnalytics(TimeSpan.FromMinutes(1), new FakeTimeProvider(Start.AddHours(1)));
        for (var i = 0; i < 60; i++)
        {
            analytics.Record(Run("slowing", i, Math.Exp((0.5 * i / 60) + (i % 2 == 0 ? 0.02 : -0.02))));
            analytics.Record(Run("steady", i, Math.Exp(i % 2 == 0 ? 0.02 : -0.02)));
        }

        var insights = analytics.GetInsights();
        var slowing = insights.Backends.Single(b => b.BackendId == "slowing").Trends[0];
        slowing.ChangePerHour.Should().BeApproximately(0.5, 0.02);
        slowing.IsSignificant.Should().BeTrue();
        insights.Backends.Single(b => b.BackendId == "steady").Trends.Should().OnlyContain(t => !t.IsSignificant);
    }

    [Fact]
    public void Trend_SmallSample_HasTheProbabilityOfTheFormula()
    {
        // Ten rising values: S = 45, Var = 10 · 9 · 25 / 18 = 125, z = 44 / √125 = 3.9354, two-sided p = 8.303e-5.
        var runs = Enumerable.Range(0, 10).Select(i => Run("a", i, 1 + i)).ToList();
        RunAnalytics.TrendOf("wait", runs, r => r.ServiceTime.TotalSeconds).PValue.Should().BeApproximately(8.303e-5, 2e-7);
    }

    [Fact]
    public void Insights_OneRunApart_IsTheOnlyAnomaly()
    {
        var analytics = new RunAnalytics(time: new FakeTimeProvider(Start.AddHours(1)));
        for (var i = 0; i < 40; i++)
        {
            analytics.Record(Run("a", i, (i == 25 ? 10 : 1) * Math.Exp(0.03 * Math.Sin(i))));
        }

        var anomaly = analytics.GetInsights().Anomalies.Should().ContainSingle().Subject;
        anomaly.At.Should().Be(Start.AddMinutes(25));
        anomaly.Factor.Should().BeApproximately(10, 0.5);
    }

    [Fact]
    public void Insights_Failures_LowerHealthAndPutTheBackendFirst()
    {
        var analytics = new RunAnalytics(time: new FakeTimeProvider(Start.AddHours(1)));
        for (var i = 0; i < 20; i++)
        {
            analytics.Record(Run("good", i, 1));
            analytics.Record(Run("bad", i, 1) with { Outcome = i % 4 == 0 ? ExecutionOutcome.Failed : ExecutionOutcome.Completed });
        }

        analytics.GetInsights().Backends.Select(b => (b.BackendId, b.Health)).Should().Equal(("bad", 0.75), ("good", 1.0));
    }

    [Fact]
    public void Insights_SteadyLoad_IsForecast()
    {
        var analytics = new RunAnalytics(TimeSpan.FromMinutes(1), new FakeTimeProvider(Start.AddMinutes(59.9)));
        for (var i = 0; i < 240; i++)
        {
            analytics.Record(Run("a", i / 4.0, 2));
        }

        var insight = analytics.GetInsights(horizon: 5).Backends.Single();
        insight.RunsForecast.Should().HaveCount(5).And.OnlyContain(f => Math.Abs(f.Median - 4) < 0.5);
        insight.SecondsForecast.Should().OnlyContain(f => Math.Abs(f.Median - 2) < 1e-6);
    }

    [Fact]
    public async Task Sink_ThatThrows_FailsNoRun_AndOthersGetTheRecord()
    {
        var analytics = new RunAnalytics();
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("fake")).AddAnalyticsSink(new Throwing()).AddAnalyticsSink(analytics)
            .Configure(o => { o.StateDirectory = string.Empty; o.CalibrationBudget = TimeSpan.Zero; }).Build();
        await orchestrator.StartAsync();
        await orchestrator.ExecuteAsync(States.Ghz(3));
        analytics.GetInsights().Backends.Should().ContainSingle().Which.Runs.Should().Be(1);
    }

    private static ExecutionRecord Run(string backend, double minute, double seconds) => new()
    {
        Timestamp = Start.AddMinutes(minute), BackendId = backend, CostModel = "generic", Strategy = "predictive", Outcome = ExecutionOutcome.Completed, Profile = Profile, Shots = 1, Threads = 1,
        ServiceTime = TimeSpan.FromSeconds(seconds), PredictedSeconds = 1, PredictedLowerSeconds = 0.1, PredictedUpperSeconds = 100, ModelVersion = 1,
    };

    private sealed class Throwing : IAnalyticsSink
    {
        public void Record(ExecutionRecord record) => throw new InvalidOperationException("on purpose");
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Telemetry;

public sealed class PerformanceMonitorTests
{
    private static readonly CircuitProfile Profile = CircuitProfiler.Profile(States.Ghz(2));
    private readonly List<PerformanceAlert> _alerts = [];
    private readonly PerformanceMonitor _monitor = new(new PerformanceMonitorOptions { Window = 10 }, new FakeTimeProvider(), NullLogger.Instance);

    public PerformanceMonitorTests() => _monitor.Subscribe(_alerts.Add);

    [Fact]
    public void Failures_CrossingBothThresholds_RaiseOnceAndClearOnce()
    {
        Observe(10, Record());
        _alerts.Should().BeEmpty();
        Observe(6, Record(outcome: ExecutionOutcome.Failed));
        _alerts.Should().ContainSingle().Which.Should().Match<PerformanceAlert>(a => a.Kind == AlertKind.BackendDegraded && a.IsRaised && a.Subject == "x" && a.Value == 0.3);
        Observe(8, Record());
        _alerts.Should().ContainSingle("a fifth of the latest runs still failed: between the thresholds nothing changes");
        Observe(2, Record());
        _alerts.Should().HaveCount(2);
        _alerts[1].Should().Match<PerformanceAlert>(a => !a.IsRaised && a.Value == 0);
        _monitor.ActiveAlerts.Should().BeEmpty();
    }

    [Fact]
    public void Cancellations_AreNoFailures()
    {
        Observe(20, Record(outcome: ExecutionOutcome.Cancelled));
        Observe(20, Record(outcome: ExecutionOutcome.Refused));
        _alerts.Should().BeEmpty();
    }

    [Fact]
    public void Predictions_WrongByMoreThanTheThreshold_AreDrift()
    {
        Observe(10, Record(seconds: 0.04));
        _alerts.Should().ContainSingle().Which.Kind.Should().Be(AlertKind.PredictionDrift);
        Observe(10, Record());
        _alerts.Should().HaveCount(2);
    }

    [Fact]
    public void BudgetMemoryAndQueue_AreWatched()
    {
        _monitor.Observe(Record(bytes: 950), new MonitoredState(0.85, 1000, 0.9));
        _monitor.ActiveAlerts.Select(a => a.Kind).Should().BeEquivalentTo([AlertKind.Budget, AlertKind.Memory, AlertKind.Queue]);
        _monitor.Observe(Record(bytes: 10), new MonitoredState(0.5, 1000, 0));
        _monitor.ActiveAlerts.Should().BeEmpty();
    }

    [Fact]
    public void Subscribers_ThatThrowOrLeave_DoNotDisturb()
    {
        using var faulty = _monitor.Subscribe(_ => throw new InvalidOperationException("on purpose"));
        var gone = new List<PerformanceAlert>();
        _monitor.Subscribe(gone.Add).Dispose();
        Observe(10, Record(outcome: ExecutionOutcome.Failed));
        (_alerts.Count, gone.Count).Should().Be((1, 0));
    }

    [Fact]
    public async Task HealthCheck_FollowsBackendsAndAlerts()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddPredictiveOrchestration(b => b.WithoutLocalEngines().AddBackend(FakeBackend.Failing("broken")).Configure(o => (o.StateDirectory, o.Learning) = (string.Empty, false)));
        services.AddHealthChecks().AddPredictiveOrchestration();
        await using var provider = services.BuildServiceProvider();
        var checks = provider.GetRequiredService<HealthCheckService>();
        (await checks.CheckHealthAsync()).Status.Should().Be(HealthStatus.Unhealthy, "it is not started");
        var orchestrator = provider.GetRequiredService<PredictiveOrchestrator>();
        await orchestrator.StartAsync();
        (await checks.CheckHealthAsync()).Status.Should().Be(HealthStatus.Healthy);
        for (var i = 0; i < 4; i++)
        {
            await FluentActions.Awaiting(() => orchestrator.ExecuteAsync(States.Ghz(2))).Should().ThrowAsync<Exception>();
        }

        var report = await checks.CheckHealthAsync();
        report.Status.Should().Be(HealthStatus.Unhealthy);
        report.Entries.Values.Single().Description.Should().Contain("'broken': it failed in 4 of its last 4 runs");
    }

    private void Observe(int times, ExecutionRecord record)
    {
        for (var i = 0; i < times; i++)
        {
            _monitor.Observe(record, default);
        }
    }

    private static ExecutionRecord Record(ExecutionOutcome outcome = ExecutionOutcome.Completed, double seconds = 0.01, long bytes = 0) => new()
    {
        Timestamp = default,
        BackendId = "x",
        CostModel = "generic",
        Strategy = "predictive",
        Outcome = outcome,
        Profile = Profile,
        Shots = 1,
        Threads = 1,
        ServiceTime = TimeSpan.FromSeconds(seconds),
        PeakMemoryBytes = bytes,
        PredictedSeconds = 0.01,
        PredictedLowerSeconds = 0.005,
        PredictedUpperSeconds = 0.02,
        ModelVersion = 1,
    };
}

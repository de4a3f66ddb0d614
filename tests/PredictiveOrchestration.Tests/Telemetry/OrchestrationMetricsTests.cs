using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Telemetry;

/// <summary>Metrics and traces as OpenTelemetry sees them.</summary>
public sealed partial class OrchestrationMetricsTests
{
    [Fact]
    public async Task Run_WithFallBack_IsMeasuredInEveryInstrument()
    {
        var exported = new List<Metric>();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter("PredictiveOrchestration").AddInMemoryExporter(exported).Build();
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        await orchestrator.ExecuteAsync(States.Ghz(3));
        provider.ForceFlush();

        // Other tests may run at the same time: only the tags of this one count.
        Points(exported, "orchestration.executions", "outcome", "failed").Should().ContainKey("measured-broken");
        Points(exported, "orchestration.executions", "outcome", "completed").Should().ContainKey("measured-good");
        Points(exported, "orchestration.cost", "currency", "USD").Should().Contain("measured-good", 0.05);
        exported.Where(m => m.Name == "orchestration.execution.duration").Should().Contain(m => m.Unit == "s" && Histogram(m, "measured-good") == 0.01);
        exported.Select(m => m.Name).Should().Contain(["orchestration.decisions", "orchestration.decision.duration", "orchestration.swaps", "orchestration.prediction.error",
            "orchestration.running", "orchestration.queue.length", "orchestration.load", "orchestration.records.dropped", "orchestration.execution.fidelity", "orchestration.circuit.entanglement"]);
    }

    [Fact]
    public async Task Run_WithFallBack_IsTracedWithItsAttempts()
    {
        var exported = new List<Activity>();
        using var provider = Sdk.CreateTracerProviderBuilder().AddSource("PredictiveOrchestration").AddInMemoryExporter(exported).Build();
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        using var caller = new Activity("caller") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();
        await orchestrator.ExecuteAsync(States.Ghz(3));
        provider.ForceFlush();
        var own = exported.Where(a => a.TraceId == caller.TraceId).ToList();
        var run = own.Should().ContainSingle(a => a.OperationName == "orchestration.execute").Which;
        run.GetTagItem("qubits").Should().Be(3);
        var attempts = own.Where(a => a.OperationName == "orchestration.attempt").OrderBy(a => a.StartTimeUtc).ToList();
        attempts.Should().HaveCount(2).And.OnlyContain(a => a.ParentSpanId == run.SpanId);
        (attempts[0].Status, attempts[1].Status).Should().Be((ActivityStatusCode.Error, ActivityStatusCode.Unset));
        attempts[1].GetTagItem("backend").Should().Be("measured-good");
    }

    [Fact]
    public void Names_InCodeAndGuide_AreTheSame()
    {
        var guide = File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "docs", "telemetry.md"));
        var inGuide = Name().Matches(guide).Select(m => m.Groups[1].Value).ToHashSet();
        var inCode = typeof(TelemetryNames).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!).ToHashSet();
        inGuide.Should().BeEquivalentTo(inCode);
    }

    private static PredictiveOrchestrator Build() => new PredictiveOrchestratorBuilder()
        .WithoutLocalEngines()
        .AddBackend(FakeBackend.Failing("measured-broken"))
        .AddBackend(new FakeBackend("measured-good"))
        .AddRouter(new InOrder())
        .Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.PerformanceThreshold) = (string.Empty, false, 0);
            o.Prices["measured-good"] = new PriceModel { PerRun = 0.05m };
        })
        .Build()
        .WithStrategy("in-order");

    private static Dictionary<string, double> Points(List<Metric> metrics, string name, string tag, string value)
    {
        var sums = new Dictionary<string, double>();
        foreach (var metric in metrics.Where(m => m.Name == name))
        {
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                var tags = new Dictionary<string, object?>();
                foreach (var pair in point.Tags)
                {
                    tags[pair.Key] = pair.Value;
                }

                if (value.Equals(tags[tag]))
                {
                    sums[(string)tags["backend"]!] = metric.MetricType == MetricType.LongSum ? point.GetSumLong() : point.GetSumDouble();
                }
            }
        }

        return sums;
    }

    private static double Histogram(Metric metric, string backend)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            foreach (var pair in point.Tags)
            {
                if (backend.Equals(pair.Value))
                {
                    return point.GetHistogramSum();
                }
            }
        }

        return double.NaN;
    }

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Name();
}

using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Telemetry.Storage;
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
    public async Task Run_OnALocalEngine_IsMeasuredInWhatItTakes()
    {
        var exported = new List<Metric>();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter("PredictiveOrchestration").AddInMemoryExporter(exported).Build();
        await using var orchestrator = new PredictiveOrchestratorBuilder().AddBackend(new StateVectorSimulator(new StateVectorOptions { Id = "measured-engine" })).WithoutLocalEngines()
            .Configure(o => (o.StateDirectory, o.Learning, o.CalibrationBudget) = (string.Empty, false, TimeSpan.Zero)).Build();
        await orchestrator.StartAsync();
        await orchestrator.ExecuteAsync(States.Ghz(10), new OrchestrationRequest { Shots = 1000 });
        provider.ForceFlush();
        string[] expected =
        [
            "orchestration.execution.duration", "orchestration.execution.queue.duration", "orchestration.execution.run.duration", "orchestration.execution.sample.duration", "orchestration.execution.cpu.time",
            "orchestration.execution.memory.peak", "orchestration.execution.nonzeros", "orchestration.execution.fidelity", "orchestration.circuit.entanglement", "orchestration.prediction.error",
            "orchestration.prediction.memory.error",
        ];
        exported.Where(m => m.MetricType == MetricType.Histogram && !double.IsNaN(Histogram(m, "measured-engine"))).Select(m => m.Name).Should().Contain(expected);
        Histogram(exported.First(m => m.Name == "orchestration.execution.memory.peak"), "measured-engine").Should().BeGreaterThanOrEqualTo(16 << 10, "1,024 amplitudes of 16 bytes");
        Histogram(exported.First(m => m.Name == "orchestration.execution.nonzeros"), "measured-engine").Should().Be(1024, "a dense engine stores them all");
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

    [Fact]
    public void Columns_InCodeAndGuide_AreTheSame()
    {
        var guide = File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "docs", "telemetry.md"));
        var list = guide[guide.IndexOf("## Columns", StringComparison.Ordinal)..];
        var rows = list[..list.IndexOf("\n## ", 3, StringComparison.Ordinal)].Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal));
        rows.SelectMany(r => Column().Matches(r[..r.IndexOf('|', 2)])).Select(m => m.Groups[1].Value).Should().Equal(TelemetryColumns.All.Select(c => c.Name));
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

    [GeneratedRegex(@"`([a-z_]+)`")]
    private static partial Regex Column();

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Name();
}

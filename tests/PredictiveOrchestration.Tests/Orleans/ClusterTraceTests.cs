using System.Collections.Concurrent;
using System.Diagnostics;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>A trace goes from whoever submits a job to the silo that looks after it and the silo that runs it.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterTraceTests
{
    [Fact]
    public async Task Trace_JobOnOneSiloAndRunOnAnother_IsOneTrace()
    {
        // One silo has an engine that the others lack, so that the run is there; the job's grain is told to live elsewhere.
        var started = 0;
        await using var silos = await TestSilos.StartAsync(3, orchestrator: b =>
        {
            if (Interlocked.Increment(ref started) == 1)
            {
                b.AddBackend(new FakeBackend("only-here", isLocal: true));
            }
        });
        var runs = silos.Cluster.Silos.Single(s => TestSilos.Of<PredictiveOrchestrator>(s).Backends.Current.Find("only-here") is not null);
        var drives = silos.Cluster.Silos.First(s => s != runs);
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name is ClusterTelemetry.Source or TelemetryNames.Source || s.Name.StartsWith("Microsoft.Orleans", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded, ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();
        RequestContext.Set(IPlacementDirector.PlacementHintKey, drives.SiloAddress);
        var accepted = await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build(), new OrchestrationRequest { Backend = "only-here" }));
        RequestContext.Clear();
        var result = await silos.Jobs.WaitAsync(accepted.Id);

        result.Status.Silos.Should().Equal(runs.Name);
        var all = ended.Where(a => a.TraceId == caller.TraceId).ToList();
        var job = all.Should().ContainSingle(a => a.OperationName == ClusterTelemetry.JobActivity).Which;
        var run = all.Should().ContainSingle(a => a.OperationName == ClusterTelemetry.RunActivity).Which;
        var execute = all.Should().ContainSingle(a => a.OperationName == TelemetryNames.ExecuteActivity).Which;
        (job.ParentSpanId, run.ParentSpanId, execute.ParentSpanId).Should().Be((caller.SpanId, job.SpanId, run.SpanId));
        (job.GetTagItem(ClusterTelemetry.SiloTag), run.GetTagItem(ClusterTelemetry.SiloTag)).Should().Be((drives.Name, runs.Name));
        job.GetTagItem(ClusterTelemetry.JobTag).Should().Be(accepted.Id);

        // Orleans' own: the call to the run's grain as the silos saw it.
        all.Should().Contain(a => a.Source.Name.StartsWith("Microsoft.Orleans", StringComparison.Ordinal) && a.OperationName.Contains("IRunGrain", StringComparison.Ordinal));
    }
}

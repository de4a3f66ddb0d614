using System.Diagnostics.Metrics;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>What a worker does before it is ready, and what it writes of jobs that begin at once.</summary>
public sealed class WarmUpTests
{
    [Fact]
    public async Task WarmedUpWorker_RanItsJobsElsewhere_AndLeavesNothing()
    {
        long accepted = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "worker.jobs.accepted" && instrument.Meter.Name == "PredictiveOrchestration.WarmUp")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref accepted, value));
        listener.Start();
        var backend = new FakeBackend("b", isLocal: true);
        await using var worker = await WorkerHost.StartAsync(o => o.WarmUpJobs = 5, [backend]);

        accepted.Should().Be(5, "the hidden worker took that many");
        backend.Calls.Should().Be(0, "not on the backends of this one");
        (await worker.GetAsync("/v1/jobs")).Json.GetProperty("jobs").GetArrayLength().Should().Be(0);
        (await worker.GetAsync("/metrics")).Text.Should().Contain("worker_jobs_accepted_total 0");
        Directory.GetDirectories(Path.GetTempPath(), $"worker-warm-up-{Environment.ProcessId}-*").Should().BeEmpty();
    }

    [Fact]
    public async Task JobThatBeginsAtOnce_IsInTheStoreAsBegunOnce_AndOneThatWaitsIsNot()
    {
        var database = Path.Combine(Directory.CreateTempSubdirectory("worker-").FullName, "jobs.db");
        await using var worker = await WorkerHost.StartAsync(o => o.MaxConcurrency = 1, [FakeBackend.Hanging("b", isLocal: true)], database);
        var first = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        await JobProtocolTests.WaitForAsync(worker, first, "running");
        var second = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        File.Copy(database, database + ".copy");
        File.Copy(database + "-wal", database + ".copy-wal");

        using var store = new JobStore(database + ".copy");
        store.LoadUnfinished().Select(j => (j.Id, j.State.ToString(), j.Attempts)).Should().Equal((first, "Running", 1), (second, "Queued", 0));
    }
}

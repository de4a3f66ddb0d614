using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Jobs;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>What was written of a job beside it counts for whoever takes it up, and a job that has ended leaves nothing open.</summary>
[Collection(nameof(ClusterTests))]
public sealed class JobProgressTests
{
    private static readonly Circuit Bell = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();
    private static readonly BitString Eleven = BitString.Parse("11");

    [Fact]
    public async Task Activate_OnePartWasWrittenAsEnded_RunsTheOtherAlone()
    {
        var (shots, gate) = (new ConcurrentQueue<ulong>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var silos = await TestSilos.StartAsync(1, orchestrator: b => b.AddBackend(Engine(shots, gate.Task)));
        var job = await silos.Jobs.SubmitAsync(ClusterJobRequest.Of([Bell, Bell], new OrchestrationRequest { Backend = "engine", Shots = 5 }));
        await UntilAsync(() => Task.FromResult(shots.Count == 2));
        var before = await OpenAsync(silos, job.Id);
        before.Parts.Should().HaveCount(2).And.OnlyContain(p => p.End == null);

        // As the activation before would have written it after a while.
        var end = FakeBackend.Result("another", new ExecutionRequest { Circuit = Bell, Shots = 5 }) with { Counts = new Dictionary<BitString, long> { [Eleven] = 5 } };
        await WriteAsync(silos, job.Id, new JobProgress { AcceptedAt = before.AcceptedAt, Restarts = 3, Ends = { [0] = new RunReport { Phase = RunPhase.Succeeded, Result = ResultCodec.Write(end), Silo = "elsewhere" } } });
        await DeactivateAsync(silos, job.Id);
        await UntilAsync(async () => (await silos.Jobs.GetStatusAsync(job.Id)).PartsEnded == 1);
        gate.SetResult();
        var result = await silos.Jobs.WaitAsync(job.Id);

        (result.Status.State, result.Status.Restarts).Should().Be((ClusterJobState.Succeeded, 4), "the activation that takes it up counts as well");
        result.Status.Silos.Should().Contain("elsewhere").And.HaveCount(2);
        result.Runs.Select(r => r.Result!.BackendId).Should().Equal("another", "engine");
        result.Runs[0].Result!.Counts.Should().Equal(end.Counts);
        shots.Should().HaveCount(3, "two began before, and the other part again");

        // As if the silo had been lost between the end and this: it does not begin again, also where the end is forgotten.
        await UntilAsync(async () => !(await ReadAsync<JobState>(silos, "job", job.Id)).RecordExists && !(await ReadAsync<JobProgress>(silos, "progress", job.Id)).RecordExists);
        await DeactivateAsync(silos, job.Id);
        await Storage(silos).WriteStateAsync("job", IdOf(silos, job.Id), new GrainState<JobState>(before));
        await UntilAsync(async () =>
        {
            await DeactivateAsync(silos, job.Id);
            (await silos.Jobs.GetStatusAsync(job.Id)).State.Should().Be(ClusterJobState.Succeeded);
            return !(await ReadAsync<JobState>(silos, "job", job.Id)).RecordExists;
        });
        shots.Should().HaveCount(3);
    }

    [Fact]
    public async Task Activate_CancellationWasWritten_EndsWithoutRunning()
    {
        var (shots, gate) = (new ConcurrentQueue<ulong>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var silos = await TestSilos.StartAsync(1, orchestrator: b => b.AddBackend(Engine(shots, gate.Task)));
        var job = await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(Bell, new OrchestrationRequest { Backend = "engine", Shots = 5 }));
        await UntilAsync(() => Task.FromResult(shots.Count == 1));
        var accepted = (await OpenAsync(silos, job.Id)).AcceptedAt;

        // What is of an earlier job of the key does not count.
        await WriteAsync(silos, job.Id, new JobProgress { AcceptedAt = accepted.AddTicks(-1), CancelRequested = true });
        await DeactivateAsync(silos, job.Id);
        await UntilAsync(async () => (await silos.Jobs.GetStatusAsync(job.Id)).State == ClusterJobState.Running && shots.Count == 2);
        await WriteAsync(silos, job.Id, new JobProgress { AcceptedAt = accepted, CancelRequested = true });
        await DeactivateAsync(silos, job.Id);
        (await silos.Jobs.WaitAsync(job.Id)).Status.State.Should().Be(ClusterJobState.Cancelled);
        shots.Should().HaveCount(2);
        gate.SetResult();
    }

    [Fact]
    public async Task End_OfAllJobs_LeavesNeitherStateNorOpenJobs()
    {
        await using var silos = await TestSilos.StartAsync(2);
        var ids = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            ids.Add((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(Bell))).Id);
        }

        foreach (var id in ids)
        {
            (await silos.Jobs.WaitAsync(id)).Status.State.Should().Be(ClusterJobState.Succeeded);
        }

        var storage = Storage(silos);
        await UntilAsync(async () =>
        {
            foreach (var shard in Enumerable.Range(0, JobShards.Count))
            {
                var state = new GrainState<OpenJobs>(new OpenJobs());
                await storage.ReadStateAsync("open", silos.Cluster.Client.GetGrain<IJobShardGrain>(shard).GetGrainId(), state);
                if (state.State!.Jobs.Count > 0)
                {
                    return false;
                }
            }

            return true;
        });
        foreach (var id in ids)
        {
            await UntilAsync(async () => !(await ReadAsync<JobState>(silos, "job", id)).RecordExists);
            (await ReadAsync<JobProgress>(silos, "progress", id)).RecordExists.Should().BeFalse("a short job writes none");
            (await ReadAsync<EndedJob>(silos, "ended", id)).RecordExists.Should().BeTrue();
        }
    }

    private static FakeBackend Engine(ConcurrentQueue<ulong> begun, Task gate) => new(
        "engine", async (request, token) =>
        {
            begun.Enqueue(request.Seed);
            await gate.WaitAsync(token);
            return FakeBackend.Result("engine", request);
        }, isLocal: true);

    private static IGrainStorage Storage(TestSilos silos) => silos.Cluster.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>(OrleansWorkerOptions.StorageName);

    private static GrainId IdOf(TestSilos silos, string job) => silos.Cluster.Client.GetGrain<IJobGrain>(job).GetGrainId();

    private static async Task<JobState> OpenAsync(TestSilos silos, string job)
    {
        var state = await ReadAsync<JobState>(silos, "job", job);
        state.RecordExists.Should().BeTrue();
        return state.State!;
    }

    private static async Task<GrainState<T>> ReadAsync<T>(TestSilos silos, string name, string job)
        where T : new()
    {
        var state = new GrainState<T>(new T());
        await Storage(silos).ReadStateAsync(name, IdOf(silos, job), state);
        return state;
    }

    private static async Task WriteAsync(TestSilos silos, string job, JobProgress progress)
    {
        var state = await ReadAsync<JobProgress>(silos, "progress", job);
        state.State = progress;
        await Storage(silos).WriteStateAsync("progress", IdOf(silos, job), state);
    }

    private static async Task DeactivateAsync(TestSilos silos, string job) =>
        await silos.Cluster.Client.GetGrain<IJobGrain>(job).AsReference<global::Orleans.Core.Internal.IGrainManagementExtension>().DeactivateOnIdle();

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (!await condition())
        {
            await Task.Delay(10, guard.Token);
        }
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>A job from its beginning to when it is forgotten, and whose turn it is.</summary>
[Collection(nameof(ClusterTests))]
public sealed class JobLifeTests
{
    private static readonly Circuit Bell = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();

    [Fact]
    public async Task Progress_HalfOfTheRunsEnded_IsHalf()
    {
        var (begun, gate) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var silos = await TestSilos.StartAsync(1, orchestrator: b => b.AddBackend(new FakeBackend("engine", async (request, token) =>
        {
            if (Interlocked.Increment(ref begun) > 2)
            {
                await gate.Task.WaitAsync(token);
            }

            return FakeBackend.Result("engine", request);
        }, isLocal: true)));
        var job = await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(Enumerable.Repeat(Bell, 4), new OrchestrationRequest { Backend = "engine" }));
        var half = await UntilAsync(silos, job.Id, s => s.PartsEnded == 2);
        (half.State, half.Parts, half.IsFinal).Should().Be((ClusterJobState.Running, 4, false));
        half.Progress.Should().BeApproximately(0.5, 1e-9, "all four are predicted to take the same");
        half.EndedAt.Should().BeNull();

        gate.SetResult();
        var ended = (await silos.Jobs.WaitAsync(job.Id)).Status;
        (ended.State, ended.PartsEnded, ended.Progress).Should().Be((ClusterJobState.Succeeded, 4, 1));
        ended.EndedAt.Should().BeOnOrAfter(ended.AcceptedAt);
    }

    [Fact]
    public async Task Retention_IsOver_TheJobIsUnknownAndItsKeyIsFree()
    {
        await using var silos = await TestSilos.StartAsync(2, o => o.ResultRetention = TimeSpan.FromMilliseconds(1));
        var id = (await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(Bell), "key")).Id;
        await UntilAsync(silos, id, s => s.State == ClusterJobState.Unknown);
        (await silos.Jobs.GetResultAsync(id)).Should().BeNull();
        (await silos.Jobs.WaitAsync(id)).Runs.Should().BeEmpty();
        (await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(new CircuitBuilder(1, 1).H(0).Measure(0, 0).Build()), "key")).IsReplay.Should().BeFalse("another job may take the key");
    }

    [Fact]
    public async Task Weights_OfTenants_ShareTheTimeOfASilo()
    {
        var (order, gate) = (new ConcurrentQueue<int>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("engine", async (request, token) =>
        {
            await gate.Task.WaitAsync(token);
            order.Enqueue(request.Shots);
            return FakeBackend.Result("engine", request);
        }, isLocal: true)).Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)).Build();
        await orchestrator.StartAsync();

        // On a clock that stands still each run counts for the same.
        var options = new OrleansWorkerOptions { Concurrency = 1, TenantWeights = { ["heavy"] = 3 } };
        await using var work = new SiloWork(Options.Create(options), orchestrator, new KnownPrograms(), new FakeTimeProvider(), NullLogger<SiloWork>.Instance);
        work.Start();

        // The number of shots says whose it is; the first one holds the only place until all are in line.
        SiloRun Add(string tenant, int shots) => work.TryAdd(new RunOrder { Tenant = tenant, PredictedSeconds = 10, Submission = SubmissionCodec.Write(Bell, new ExecutionRequest { Circuit = Bell, Shots = shots }, "engine") })!;
        var first = Add("first", 7);
        var runs = Enumerable.Range(0, 8).Select(_ => Add("light", 1)).Concat(Enumerable.Range(0, 8).Select(_ => Add("heavy", 3))).Append(first).ToList();
        gate.SetResult();
        (await Task.WhenAll(runs.Select(r => r.Ended))).Should().OnlyContain(r => r.Phase == RunPhase.Succeeded);

        // Three of four turns are the heavy one's as long as it has any.
        order.Skip(1).Take(8).Count(s => s == 3).Should().Be(6, "{0}", string.Join(' ', order));
    }

    private static async Task<ClusterJobStatus> UntilAsync(TestSilos silos, string id, Func<ClusterJobStatus, bool> condition)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (true)
        {
            if (await silos.Jobs.GetStatusAsync(id, guard.Token) is var status && condition(status))
            {
                return status;
            }

            await Task.Delay(10, guard.Token);
        }
    }
}

using System.Net;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>The worker's own protocol, over real sockets.</summary>
public sealed class JobProtocolTests
{
    // Asymmetric in every bit, so that a wrong order shows.
    private const string Asymmetric = "OPENQASM 3.0; include \"stdgates.inc\"; qubit[5] q; bit[5] c; x q[0]; ry(0.7) q[1]; ry(1.3) q[2]; cx q[2], q[3]; ry(0.4) q[4]; c = measure q;";

    [Fact]
    public async Task Submit_WithWait_GivesResultInOneRoundTripAndAgreesWithTheOracle()
    {
        await using var worker = await WorkerHost.StartAsync();
        var job = await worker.RunAsync(WorkerHost.Job(Asymmetric, 20_000, ",\"topProbabilities\":100,\"seed\":18446744073709551615,\"observables\":[[{\"label\":\"ZIZ\",\"coefficient\":0.5}]]"));
        job.GetProperty("status").GetString().Should().Be("succeeded");
        job.GetProperty("numQubits").GetInt32().Should().Be(5);
        job.GetProperty("backend").GetString().Should().StartWith("local-");
        var result = (await worker.GetAsync($"/v1/jobs/{job.GetProperty("id").GetString()}/result")).Json;
        result.GetProperty("seed").GetUInt64().Should().Be(ulong.MaxValue);

        var expected = OracleSimulator.OutcomeDistribution(OpenQasmReader.Read(Asymmetric).GetCircuitOrThrow());
        foreach (var outcome in result.GetProperty("probabilities").EnumerateArray())
        {
            outcome.GetProperty("probability").GetDouble().Should().BeApproximately(expected[outcome.GetProperty("outcome").GetString()!], 1e-12);
        }

        foreach (var count in result.GetProperty("counts").EnumerateObject())
        {
            ((double)count.Value.GetInt64() / 20_000).Should().BeApproximately(expected[count.Name], 0.02, count.Name);
        }

        result.GetProperty("counts").EnumerateObject().Sum(c => c.Value.GetInt64()).Should().Be(20_000);
        result.GetProperty("expectationValues").GetArrayLength().Should().Be(1);
    }

    [Fact]
    public async Task Submit_SameKeySameBody_IsTheSameJobAndRunsOnce()
    {
        var backend = new FakeBackend("one", isLocal: true);
        await using var worker = await WorkerHost.StartAsync(backends: [backend]);
        var first = await worker.PostAsync("/v1/jobs", WorkerHost.Job(), null, ("Idempotency-Key", "a"), ("Prefer", "wait=10"));
        first.Status.Should().Be(HttpStatusCode.Created);
        first.Header("Location").Should().Be($"/v1/jobs/{first.Json.GetProperty("id").GetString()}");
        var second = await worker.PostAsync("/v1/jobs", WorkerHost.Job(), null, ("Idempotency-Key", "a"));
        second.Status.Should().Be(HttpStatusCode.OK);
        second.Header("Idempotency-Replayed").Should().Be("true");
        second.Json.GetProperty("id").GetString().Should().Be(first.Json.GetProperty("id").GetString());
        backend.Calls.Should().Be(1);

        var other = await worker.PostAsync("/v1/jobs", WorkerHost.Job(shots: 7), null, ("Idempotency-Key", "a"));
        other.Status.Should().Be(HttpStatusCode.UnprocessableEntity);
        other.Problem.Should().Be("idempotency-key-reused");
        other.MediaType.Should().Be("application/problem+json");
    }

    [Fact]
    public async Task Submit_SameKeyManyTimesAtOnce_IsAcceptedOnce()
    {
        var backend = new FakeBackend("one", isLocal: true);
        await using var worker = await WorkerHost.StartAsync(backends: [backend]);
        var replies = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => worker.PostAsync("/v1/jobs", WorkerHost.Job(), null, ("Idempotency-Key", "same"), ("Prefer", "wait=10"))));
        replies.Where(r => r.Status != HttpStatusCode.Conflict).Select(r => r.Json.GetProperty("id").GetString()).Distinct().Should().ContainSingle();
        replies.Count(r => r.Status == HttpStatusCode.Created).Should().Be(1);
        replies.Where(r => r.Status == HttpStatusCode.Conflict).All(r => r.Header("Retry-After") is not null).Should().BeTrue("there may be none");
        backend.Calls.Should().Be(1);
    }

    [Fact]
    public async Task Get_WithETag_IsNotModifiedUntilTheStateChanges()
    {
        var release = new TaskCompletionSource();
        var backend = new FakeBackend("slow", async (request, _) =>
        {
            await release.Task;
            return FakeBackend.Result("slow", request);
        }, isLocal: true);
        await using var worker = await WorkerHost.StartAsync(backends: [backend]);
        var id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString();
        var running = await WaitForAsync(worker, id!, "running");
        var tag = running.Header("ETag")!;
        running.Header("Retry-After").Should().NotBeNull();
        var same = await worker.GetAsync($"/v1/jobs/{id}", null, ("If-None-Match", tag));
        same.Status.Should().Be(HttpStatusCode.NotModified);
        same.Text.Should().BeEmpty();
        var waiting = worker.GetAsync($"/v1/jobs/{id}", null, ("If-None-Match", tag), ("Prefer", "wait=30"));
        release.SetResult();
        var ended = await waiting;
        ended.Status.Should().Be(HttpStatusCode.OK);
        ended.Json.GetProperty("status").GetString().Should().Be("succeeded");
        ended.Header("Preference-Applied").Should().Be("wait=30");
        ended.Header("ETag").Should().NotBe(tag);
        ended.Header("Retry-After").Should().BeNull();
    }

    [Fact]
    public async Task Get_WithWait_ComesBackAfterTheTime()
    {
        await using var worker = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("never", isLocal: true)]);
        var id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString();
        var reply = await worker.GetAsync($"/v1/jobs/{id}", null, ("Prefer", "respond-async, wait=1"));
        reply.Status.Should().Be(HttpStatusCode.OK);
        reply.Json.GetProperty("status").GetString().Should().BeOneOf("queued", "running");
    }

    [Fact]
    public async Task Result_BeforeTheEnd_IsConflict_AndAfterAFailureSaysWhy()
    {
        var failing = FakeBackend.Failing("bad", BackendErrorKind.OutOfMemory);
        await using var worker = await WorkerHost.StartAsync(backends: [failing]);
        var job = await worker.RunAsync(WorkerHost.Job());
        job.GetProperty("status").GetString().Should().Be("failed");
        job.GetProperty("failure").GetProperty("code").GetString().Should().Be("out_of_memory");
        var result = await worker.GetAsync($"/v1/jobs/{job.GetProperty("id").GetString()}/result");
        result.Status.Should().Be(HttpStatusCode.Conflict);
        result.Problem.Should().Be("job-failed");

        await using var hanging = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("never", isLocal: true)]);
        var id = (await hanging.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString();
        var early = await hanging.GetAsync($"/v1/jobs/{id}/result");
        early.Status.Should().Be(HttpStatusCode.Conflict);
        early.Problem.Should().Be("not-ready");
        early.Header("Retry-After").Should().NotBeNull();
        early.Json.GetProperty("retryable").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task Cancel_RunningAndWaiting_EndsThem_AndEndedIsConflict()
    {
        await using var worker = await WorkerHost.StartAsync(o => o.MaxConcurrency = 1, [FakeBackend.Hanging("never", isLocal: true)]);
        var running = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        await WaitForAsync(worker, running, "running");
        var waiting = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        var queued = (await worker.GetAsync($"/v1/jobs/{waiting}")).Json;
        queued.GetProperty("queuePosition").GetInt32().Should().Be(0);
        (await worker.GetAsync("/v1/queue")).Json.GetProperty("length").GetInt32().Should().Be(1);

        var cancelled = await worker.PostAsync($"/v1/jobs/{waiting}/cancel", string.Empty);
        cancelled.Status.Should().Be(HttpStatusCode.OK);
        cancelled.Json.GetProperty("status").GetString().Should().Be("cancelled");
        (await worker.PostAsync($"/v1/jobs/{waiting}/cancel", string.Empty)).Status.Should().Be(HttpStatusCode.Conflict);
        ((int)(await worker.PostAsync($"/v1/jobs/{running}/cancel", string.Empty)).Status).Should().BeOneOf(200, 202);
        (await worker.GetAsync($"/v1/jobs/{running}", null, ("Prefer", "wait=20"))).Json.GetProperty("status").GetString().Should().Be("cancelled");
    }

    [Fact]
    public async Task Delete_RemovesTheJob()
    {
        await using var worker = await WorkerHost.StartAsync();
        var id = (await worker.RunAsync(WorkerHost.Job())).GetProperty("id").GetString();
        (await worker.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}")).Status.Should().Be(HttpStatusCode.NoContent);
        (await worker.GetAsync($"/v1/jobs/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await worker.GetAsync($"/v1/jobs/{id}/result")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Delete_RunningJob_IsGoneAtOnce()
    {
        var slow = new TaskCompletionSource();
        await using var worker = await WorkerHost.StartAsync(backends: [new FakeBackend("stubborn", async (request, _) =>
        {
            await slow.Task;
            return FakeBackend.Result("stubborn", request);
        }, isLocal: true)]);
        var id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        await WaitForAsync(worker, id, "running");
        (await worker.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}")).Status.Should().Be(HttpStatusCode.NoContent);
        (await worker.GetAsync($"/v1/jobs/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        slow.SetResult();
    }

    [Fact]
    public async Task Stop_WhileCallersWait_AnswersThem()
    {
        Task<Reply> waiting;
        await using (var worker = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("never", isLocal: true)]))
        {
            var id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
            await WaitForAsync(worker, id, "running");
            waiting = worker.GetAsync($"/v1/jobs/{id}", null, ("Prefer", "wait=60"));
            await Task.Delay(200);
            await worker.StopAsync();
            (await waiting).Json.GetProperty("status").GetString().Should().Be("running");
        }
    }

    [Fact]
    public async Task List_PagesThroughAllJobsOnce()
    {
        await using var worker = await WorkerHost.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add((await worker.RunAsync(WorkerHost.Job())).GetProperty("id").GetString()!);
        }

        var seen = new List<string>();
        var path = "/v1/jobs?limit=3";
        while (true)
        {
            var page = (await worker.GetAsync(path)).Json;
            seen.AddRange(page.GetProperty("jobs").EnumerateArray().Select(j => j.GetProperty("id").GetString()!));
            if (!page.TryGetProperty("next", out var next))
            {
                break;
            }

            path = $"/v1/jobs?limit=3&next={next.GetString()}";
        }

        ids.Reverse();
        seen.Should().Equal(ids);
        (await worker.GetAsync("/v1/jobs?status=failed")).Json.GetProperty("jobs").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public async Task DryRun_IsPricedAndHasNoResult()
    {
        var backend = new FakeBackend("one", isLocal: true);
        await using var worker = await WorkerHost.StartAsync(backends: [backend]);
        var job = await worker.RunAsync(WorkerHost.Job(more: ",\"dryRun\":true"));
        job.GetProperty("status").GetString().Should().Be("succeeded");
        job.GetProperty("cost").GetProperty("currency").GetString().Should().Be("USD");
        (await worker.GetAsync($"/v1/jobs/{job.GetProperty("id").GetString()}/result")).Status.Should().Be(HttpStatusCode.NoContent);
        backend.Calls.Should().Be(0);
    }

    [Fact]
    public async Task DevicesAndEstimate_DescribeWhatRuns()
    {
        await using var worker = await WorkerHost.StartAsync();
        var devices = (await worker.GetAsync("/v1/devices")).Json.GetProperty("devices").EnumerateArray().Select(d => d.GetProperty("id").GetString()).ToList();
        devices.Should().Contain(["local-dense", "local-sparse"]);
        (await worker.GetAsync("/v1/devices/local-dense")).Json.GetProperty("maxQubits").GetInt32().Should().BeGreaterThan(20);
        (await worker.GetAsync("/v1/devices/local-dense/queue")).Json.GetProperty("length").GetInt32().Should().Be(0);
        (await worker.GetAsync("/v1/devices/local-dense/calibration")).Json.GetProperty("twoQubitError").GetDouble().Should().Be(0);
        (await worker.GetAsync("/v1/devices/nothing")).Status.Should().Be(HttpStatusCode.NotFound);
        var estimate = (await worker.PostAsync("/v1/estimate", WorkerHost.Job())).Json;
        devices.Should().Contain(estimate.GetProperty("device").GetString());
        estimate.GetProperty("runMs").GetProperty("lower").GetDouble().Should().BeLessThanOrEqualTo(estimate.GetProperty("runMs").GetProperty("upper").GetDouble());
        (await worker.GetAsync("/health/ready")).Text.Should().Be("ready");
        (await worker.GetAsync("/health/live")).Status.Should().Be(HttpStatusCode.OK);
        (await worker.GetAsync("/metrics")).Text.Should().Contain("worker_jobs_accepted_total 0");
    }

    internal static async Task<Reply> WaitForAsync(WorkerHost worker, string id, string status)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (true)
        {
            var reply = await worker.GetAsync($"/v1/jobs/{id}");
            if (reply.Json.GetProperty("status").GetString() == status)
            {
                return reply;
            }

            await Task.Delay(5, limit.Token);
        }
    }
}

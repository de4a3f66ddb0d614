using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>What was accepted survives, runs, and is paid once.</summary>
public sealed class DurabilityTests
{
    private readonly string _database = Path.Combine(Directory.CreateTempSubdirectory("worker-").FullName, "jobs.db");

    [Fact]
    public async Task KilledServer_LosesNoAcceptedJob_AndAnswersRepeatedSubmissions()
    {
        var port = FreePort();
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(10) };
        var accepted = new Dictionary<string, string>();

        // Fewer than a second of work each, so that some have ended, some run and some wait at the kill.
        var body = WorkerHost.Job("OPENQASM 3.0; include \"stdgates.inc\"; qubit[18] q; bit[18] c; for int i in [0:17] { h q[i]; } for int k in [0:8] { for int i in [0:16] { rx(0.1) q[i]; cx q[i], q[i+1]; } } c = measure q;", 50);

        // One kill more, and a job that ran at each of them would rightly be given up.
        var lives = new WorkerOptions().MaxAttempts - 1;
        for (var life = 0; life < lives; life++)
        {
            using var server = await StartAsync(port, client);
            try
            {
                for (var i = 0; i < 35; i++)
                {
                    var key = $"{life}-{i}";
                    accepted.Add(key, await SubmitAsync(client, key, body, HttpStatusCode.Created));
                }
            }
            finally
            {
                server.Kill();
                await server.WaitForExitAsync();
            }
        }

        using var last = await StartAsync(port, client);
        try
        {
            foreach (var (key, id) in accepted)
            {
                (await SubmitAsync(client, key, body, HttpStatusCode.OK)).Should().Be(id, "the key is known after a kill");
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}");
                request.Headers.Add("Prefer", "wait=60");
                var job = await (await client.SendAsync(request)).Content.ReadFromJsonAsync<JsonElement>();
                job.GetProperty("status").GetString().Should().Be("succeeded", "{0}", job.GetRawText());
                var result = await client.GetFromJsonAsync<JsonElement>($"/v1/jobs/{id}/result");
                result.GetProperty("counts").EnumerateObject().Sum(c => c.Value.GetInt64()).Should().Be(50);
            }
        }
        finally
        {
            last.Kill();
            await last.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task StoppedServer_RunsAgainWhatWasBrokenOff()
    {
        string id;
        await using (var worker = await WorkerHost.StartAsync(database: _database, backends: [FakeBackend.Hanging("b", isLocal: true)]))
        {
            id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
            await JobProtocolTests.WaitForAsync(worker, id, "running");
        }

        var backend = new FakeBackend("b", isLocal: true);
        await using var again = await WorkerHost.StartAsync(database: _database, backends: [backend]);
        (await again.GetAsync($"/v1/jobs/{id}", null, ("Prefer", "wait=20"))).Json.GetProperty("status").GetString().Should().Be("succeeded");
        backend.Calls.Should().Be(1);
    }

    [Fact]
    public async Task CancelledWhileItRan_IsNotBegunAgainAfterARestart()
    {
        string id;
        var stubborn = new TaskCompletionSource();
        var worker = await WorkerHost.StartAsync(database: _database, backends: [new FakeBackend("b", async (request, _) =>
        {
            await stubborn.Task;
            return FakeBackend.Result("b", request);
        }, isLocal: true)]);
        id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        await JobProtocolTests.WaitForAsync(worker, id, "running");
        (await worker.PostAsync($"/v1/jobs/{id}/cancel", string.Empty)).Status.Should().Be(HttpStatusCode.Accepted);
        File.Copy(_database, _database + ".copy");
        File.Copy(_database + "-wal", _database + ".copy-wal");
        stubborn.SetResult();
        await worker.DisposeAsync();

        // As a kill at that moment would have left it.
        var backend = new FakeBackend("b", isLocal: true);
        await using var again = await WorkerHost.StartAsync(database: _database + ".copy", backends: [backend]);
        (await again.GetAsync($"/v1/jobs/{id}", null, ("Prefer", "wait=10"))).Json.GetProperty("status").GetString().Should().Be("cancelled");
        backend.Calls.Should().Be(0);
    }

    [Fact]
    public async Task RunThatMayHaveBeenPaidElsewhere_IsNotBegunAgain()
    {
        static void Priced(PredictiveOrchestratorBuilder b) => b.Configure(c => c.Prices["service"] = new PriceModel { PerRun = 0.01m });
        string id;
        await using (var worker = await WorkerHost.StartAsync(database: _database, backends: [FakeBackend.Hanging("service")], orchestrator: Priced))
        {
            id = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
            await JobProtocolTests.WaitForAsync(worker, id, "running");

            // The mark is in the file before the run begins, which may be a moment after it shows.
            await Task.Delay(300);
        }

        var backend = new FakeBackend("service");
        await using var again = await WorkerHost.StartAsync(database: _database, backends: [backend], orchestrator: Priced);
        var job = (await again.GetAsync($"/v1/jobs/{id}", null, ("Prefer", "wait=20"))).Json;
        job.GetProperty("status").GetString().Should().Be("failed");
        job.GetProperty("failure").GetProperty("code").GetString().Should().Be("interrupted");
        backend.Calls.Should().Be(0);
    }

    [Fact]
    public async Task JobThatEndsTheServer_IsGivenUpAfterSomeAttempts()
    {
        string? id = null;
        for (var life = 0; life < 3; life++)
        {
            await using var worker = await WorkerHost.StartAsync(o => o.MaxAttempts = 3, [FakeBackend.Hanging("b", isLocal: true)], _database);
            id ??= (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
            await JobProtocolTests.WaitForAsync(worker, id, "running");
        }

        await using var last = await WorkerHost.StartAsync(o => o.MaxAttempts = 3, [FakeBackend.Hanging("b", isLocal: true)], _database);
        (await last.GetAsync($"/v1/jobs/{id}", null, ("Prefer", "wait=5"))).Json.GetProperty("failure").GetProperty("code").GetString().Should().Be("interrupted");
    }

    [Fact]
    public async Task End_WrittenTwice_CountsOnce()
    {
        using var store = new JobStore(_database);
        var job = Record("a") with { State = JobState.Running };
        await store.AddAsync([new NewJob(job, [1])]);
        var ended = job with { State = JobState.Succeeded, Cost = 1.25m, EndedAt = DateTimeOffset.UnixEpoch };
        await store.EndAsync(ended, [2]);
        await store.EndAsync(ended with { State = JobState.Failed, Cost = 7 }, [3]);
        await store.UpdateAsync(job);
        store.Find("a")!.State.Should().Be(JobState.Succeeded);
        store.ReadResult("a").Should().Equal(2);
        store.LoadSpent().Should().Equal(("owner", 1.25m));
    }

    [Fact]
    public async Task Add_SameKeyTwice_TheSecondIsRefusedAndOthersOfItsBatchAreNot()
    {
        using var store = new JobStore(_database);
        var writes = Enumerable.Range(0, 50).Select(i => store.AddAsync([new NewJob(Record($"j{i}"), [1], i % 10 == 3 ? "taken" : $"k{i}", [0])])).ToList();
        await Task.WhenAll(writes).ContinueWith(_ => { });
        writes.Count(w => w.IsCompletedSuccessfully).Should().Be(46);
        store.LoadUnfinished().Should().HaveCount(46);
    }

    [Fact]
    public async Task Add_WhileTheDiskIsBusy_IsConfirmedWhenItIsThere_AndOthersDoNotWaitForIt()
    {
        using var disk = new SemaphoreSlim(0);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var store = new JobStore(_database, _ =>
        {
            reached.TrySetResult();
            disk.Wait();
        });
        var first = store.AddAsync([new NewJob(Record("a"), [1])]);
        await reached.Task;
        var second = store.AddAsync([new NewJob(Record("b"), [1])]);
        await store.EndAsync(Record("a") with { State = JobState.Succeeded, EndedAt = DateTimeOffset.UnixEpoch }, [2]);
        (first.IsCompleted, second.IsCompleted).Should().Be((false, false), "an end needs no disk, an acceptance does");

        disk.Release();
        await first;
        second.IsCompleted.Should().BeFalse("what came while the disk was busy waits for the next time");
        disk.Release(2);
        await second;
        store.Find("a")!.State.Should().Be(JobState.Succeeded);
    }

    [Fact]
    public async Task Add_DiskFails_IsNotAcceptedAndNothingMoreIsTaken()
    {
        var broken = false;
        using var store = new JobStore(_database, _ =>
        {
            if (broken)
            {
                throw new IOException("no disk");
            }
        });
        await store.AddAsync([new NewJob(Record("a"), [1])]);
        broken = true;

        await FluentActions.Awaiting(() => store.AddAsync([new NewJob(Record("b"), [1])])).Should().ThrowAsync<JobStoreException>().WithMessage("*no disk*");

        store.Find("b").Should().BeNull("who submitted it was told no");
        store.Trouble.Should().Contain("no disk");
        broken = false;
        await FluentActions.Awaiting(() => store.AddAsync([new NewJob(Record("c"), [1])])).Should().ThrowAsync<JobStoreException>("what the system could not write it forgets");
    }

    [Fact]
    public async Task Log_UnderALoadThatNeverEnds_BeginsAnewInsteadOfGrowing()
    {
        using var store = new JobStore(_database, _ => { });
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        using var done = new CancellationTokenSource();
        var number = 0;
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await store.AddAsync([new NewJob(Record($"{Interlocked.Increment(ref number)}"), new byte[5000])]);
            }
        })).ToList();

        // The file format's number of times that the log was begun.
        using var log = File.OpenHandle(_database + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var header = new byte[16];
        int Begun() => RandomAccess.Read(log, header, 0) == 16 ? System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(12)) : 0;
        while (Begun() < 3)
        {
            await Task.Delay(10, limit.Token);
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        store.List("owner", null, null, 1).Should().ContainSingle().Which.Place.Should().Be(number, "nothing is lost on the way");
    }

    [Fact]
    public async Task Retention_TakesResultsFirstAndJobsLater()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2030-01-01T00:00:00Z"));
        await using var worker = await WorkerHost.StartAsync(
            o =>
            {
                o.ResultRetention = TimeSpan.FromHours(1);
                o.JobRetention = TimeSpan.FromHours(3);
            },
            [new FakeBackend("b", isLocal: true)], time: time);
        var id = (await worker.RunAsync(WorkerHost.Job())).GetProperty("id").GetString();
        (await worker.GetAsync($"/v1/jobs/{id}/result")).Status.Should().Be(HttpStatusCode.OK);
        await PassAsync(TimeSpan.FromHours(2), async () => (await worker.GetAsync($"/v1/jobs/{id}")).Json.GetProperty("status").GetString() == "expired");
        (await worker.GetAsync($"/v1/jobs/{id}/result")).Status.Should().Be(HttpStatusCode.Gone);
        await PassAsync(TimeSpan.FromHours(2), async () => (await worker.GetAsync($"/v1/jobs/{id}")).Status == HttpStatusCode.NotFound);

        async Task PassAsync(TimeSpan span, Func<Task<bool>> until)
        {
            time.Advance(span);
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            while (!await until())
            {
                await Task.Delay(10, limit.Token);
            }
        }
    }

    [Fact]
    public void Store_OpenedTwice_IsRefused()
    {
        using var store = new JobStore(_database);
        ((Action)(() => new JobStore(_database).Dispose())).Should().Throw<IOException>().WithMessage("*another process*");
    }

    [Fact]
    public async Task TwoKeys_OneFlooding_AreServedInTurn()
    {
        const string Flood = "flood-0123456789abcdef", Late = "late-0123456789abcdefg";
        var order = new List<int>();
        var backend = new FakeBackend("b", (request, _) =>
        {
            lock (order)
            {
                order.Add(request.Shots);
            }

            return Task.FromResult(FakeBackend.Result("b", request));
        }, isLocal: true);
        var release = new TaskCompletionSource();
        var slow = new FakeBackend("gate", async (request, _) =>
        {
            await release.Task;
            return FakeBackend.Result("gate", request);
        }, isLocal: true);
        await using var worker = await WorkerHost.StartAsync(
            o =>
            {
                o.MaxConcurrency = 1;
                o.ApiKeys.Add(WorkerApiKey.FromText("flood", Flood));
                o.ApiKeys.Add(WorkerApiKey.FromText("late", Late));
            },
            [backend, slow]);
        var gate = (await worker.PostAsync("/v1/jobs", WorkerHost.Job(more: ",\"device\":\"gate\""), Flood)).Json.GetProperty("id").GetString()!;
        (await worker.GetAsync($"/v1/jobs/{gate}", Flood)).Status.Should().Be(HttpStatusCode.OK);
        for (var i = 0; i < 60; i++)
        {
            (await worker.PostAsync("/v1/jobs", WorkerHost.Job(shots: 1, more: ",\"device\":\"b\""), Flood)).Status.Should().Be(HttpStatusCode.Created);
        }

        var last = string.Empty;
        for (var i = 0; i < 10; i++)
        {
            last = (await worker.PostAsync("/v1/jobs", WorkerHost.Job(shots: 2, more: ",\"device\":\"b\""), Late)).Json.GetProperty("id").GetString()!;
        }

        release.SetResult();
        (await worker.GetAsync($"/v1/jobs/{last}", Late, ("Prefer", "wait=30"))).Json.GetProperty("status").GetString().Should().Be("succeeded");
        lock (order)
        {
            order.LastIndexOf(2).Should().BeLessThan(30, "ten late jobs take turns with sixty that came first");
        }
    }

    private static JobRecord Record(string id) => new() { Id = id, Owner = "owner", State = JobState.Queued, Device = "auto", Shots = 1, SubmittedAt = DateTimeOffset.UnixEpoch, Currency = "USD" };

    private static async Task<string> SubmitAsync(HttpClient client, string key, string body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await client.SendAsync(request);
        response.StatusCode.Should().Be(expected);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    private async Task<Process> StartAsync(int port, HttpClient client)
    {
        // Built with these tests, in the same configuration.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var program = Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", "RemoteWorker", configuration, "RemoteWorker.dll");
        var start = new ProcessStartInfo("dotnet", [program, "serve", "--urls", $"http://127.0.0.1:{port}", "--db", _database, "--no-calibration"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOME"] = Path.GetDirectoryName(_database)!;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (true)
        {
            try
            {
                if ((await client.GetAsync("/health/ready", limit.Token)).IsSuccessStatusCode)
                {
                    return process;
                }
            }
            catch (HttpRequestException)
            {
                process.HasExited.Should().BeFalse("the server must start");
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

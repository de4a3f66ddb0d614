using System.Net;
using System.Net.Sockets;
using System.Text;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>What the worker refuses, and how it says so.</summary>
public sealed class RefusalTests
{
    private const string Alice = "alice-0123456789abcdef";
    private const string Bob = "bob-0123456789abcdefgh";

    [Theory]
    [InlineData("", 400, "invalid-request")]
    [InlineData("null", 400, "invalid-request")]
    [InlineData("[]", 400, "invalid-request")]
    [InlineData("{\"program\":", 400, "invalid-request")]
    [InlineData("{\"shots\":10}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"qir\",\"data\":\"x\"}}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit q; foo q;\"}}", 422, "invalid-program")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[2] q;\"},\"shots\":-1}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[2] q;\"},\"shots\":2000000000}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[2] q;\"},\"shots\":\"ten\"}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[2] q;\"},\"device\":\"nowhere\"}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[2] q;\"},\"observables\":[[{\"label\":\"QQ\"}]]}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[2] q;\"},\"observables\":[null]}", 400, "invalid-request")]
    [InlineData("{\"program\":{\"format\":\"openqasm3\",\"data\":\"qubit[40] q;\"},\"device\":\"local-dense\"}", 422, "infeasible")]
    public async Task Submit_WrongBody_IsAProblem(string body, int status, string problem)
    {
        await using var worker = await WorkerHost.StartAsync();
        var reply = await worker.PostAsync("/v1/jobs", body);
        ((int)reply.Status).Should().Be(status, reply.Text);
        reply.Problem.Should().Be(problem);
        reply.MediaType.Should().Be("application/problem+json");
        reply.Json.GetProperty("requestId").GetString().Should().NotBeNullOrEmpty();
    }

    [Fact]
    public async Task Submit_DeepJson_IsRefusedWithoutHarm()
    {
        await using var worker = await WorkerHost.StartAsync();
        var deep = $"{{\"x\":{new string('[', 100_000)}{new string(']', 100_000)}}}";
        (await worker.PostAsync("/v1/jobs", deep)).Status.Should().Be(HttpStatusCode.BadRequest);
        (await worker.PostAsync("/v0.4/jobs", deep)).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Submit_TooLong_Is413_WithAndWithoutALength(bool chunked)
    {
        await using var worker = await WorkerHost.StartAsync(o => o.MaxRequestBytes = 100_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = new StringContent(WorkerHost.Job(new string(' ', 200_000))) };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await worker.Client.SendAsync(request);
        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        var fits = await worker.PostAsync("/v1/jobs", WorkerHost.Job(WorkerHost.Bell + new string(' ', 90_000)));
        fits.Status.Should().Be(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Submit_HugeLengthAnnounced_TakesNoMemory()
    {
        await using var worker = await WorkerHost.StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, worker.Address.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/jobs HTTP/1.1\r\nHost: localhost:{worker.Address.Port}\r\nContent-Length: 9000000000000\r\n\r\n"));
        var buffer = new byte[1024];
        var read = await socket.GetStream().ReadAsync(buffer);
        Encoding.ASCII.GetString(buffer, 0, read).Should().StartWith("HTTP/1.1 413");
    }

    [Theory]
    [InlineData("GET", "/v1/jobs/nothing")]
    [InlineData("GET", "/v1/jobs/nothing/result")]
    [InlineData("POST", "/v1/jobs/nothing/cancel")]
    [InlineData("DELETE", "/v1/jobs/nothing")]
    [InlineData("GET", "/v0.4/jobs/nothing")]
    [InlineData("GET", "/v0.4/jobs/nothing/results/probabilities")]
    [InlineData("PUT", "/v0.4/jobs/nothing/status/cancel")]
    [InlineData("DELETE", "/v0.4/jobs/nothing")]
    public async Task UnknownJob_Is404(string method, string path)
    {
        await using var worker = await WorkerHost.StartAsync();
        (await worker.SendAsync(new HttpMethod(method), path)).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Keys_AreAskedForAndSeparateOwners()
    {
        await using var worker = await WorkerHost.StartAsync(o =>
        {
            o.ApiKeys.Add(WorkerApiKey.FromText("alice", Alice));
            o.ApiKeys.Add(WorkerApiKey.FromSha256("bob", Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Bob)))));
        });
        var none = await worker.GetAsync("/v1/jobs");
        none.Status.Should().Be(HttpStatusCode.Unauthorized);
        none.Header("WWW-Authenticate").Should().Be("Bearer");
        (await worker.GetAsync("/v1/jobs", "wrong-0123456789abcdef")).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await worker.GetAsync("/v1/jobs", new string('x', 10_000))).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await worker.GetAsync("/health/live")).Status.Should().Be(HttpStatusCode.OK);
        (await worker.GetAsync("/metrics")).Status.Should().Be(HttpStatusCode.Unauthorized);

        var id = (await worker.RunAsync(WorkerHost.Job(), Alice)).GetProperty("id").GetString();
        (await worker.GetAsync($"/v1/jobs/{id}", Bob)).Status.Should().Be(HttpStatusCode.NotFound);
        (await worker.GetAsync($"/v1/jobs/{id}/result", Bob)).Status.Should().Be(HttpStatusCode.NotFound);
        (await worker.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}", null, Bob)).Status.Should().Be(HttpStatusCode.NotFound);
        (await worker.GetAsync("/v1/jobs", Bob)).Json.GetProperty("jobs").GetArrayLength().Should().Be(0);
        (await worker.GetAsync("/v0.4/whoami", null, ("Authorization", $"apiKey {Alice}"))).Json.GetProperty("key_name").GetString().Should().Be("alice");

        // Not even the store knows a key.
        var file = await ReadSharedAsync(worker.Database) + await ReadSharedAsync(worker.Database + "-wal");
        file.Should().Contain("alice").And.NotContain(Alice);
    }

    [Fact]
    public void Key_TooShort_IsRefused()
    {
        ((Action)(() => WorkerApiKey.FromText("a", "short"))).Should().Throw<ArgumentException>().WithMessage("*16 to 512*");
        ((Action)(() => WorkerApiKey.FromSha256("a", "zz"))).Should().Throw<ArgumentException>();
        WorkerApiKey.FromText("a", Alice).ToString().Should().NotContain(Alice);
    }

    [Fact]
    public async Task WithoutKeys_OnlyThisMachineByItsOwnName()
    {
        await using var worker = await WorkerHost.StartAsync();
        (await worker.GetAsync("/v1/jobs", null, ("Host", "evil.example"))).Problem.Should().Be("local-only");
        (await worker.GetAsync("/v1/jobs", null, ("X-Forwarded-For", "10.0.0.1"))).Status.Should().Be(HttpStatusCode.Forbidden);
        (await worker.GetAsync("/v1/jobs")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("http://127.0.0.1:80", true)]
    [InlineData("http://localhost:80", true)]
    [InlineData("http://[::1]:80", true)]
    [InlineData("http://0.0.0.0:80", false)]
    [InlineData("http://[::]:80", false)]
    [InlineData("http://*:80", false)]
    [InlineData("http://+:80", false)]
    [InlineData("http://10.1.2.3:80", false)]
    [InlineData("http://localhost.example.org:80", false)]
    public void Addresses_AreLoopbackOrNot(string address, bool loopback) => LoopbackCheck.IsLoopback(address).Should().Be(loopback);

    [Fact]
    public async Task Queue_Full_Is429WithRetryAfter()
    {
        await using var worker = await WorkerHost.StartAsync(
            o =>
            {
                o.MaxConcurrency = 1;
                o.MaxQueueLength = 2;
            },
            [FakeBackend.Hanging("never", isLocal: true)]);
        var first = (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Json.GetProperty("id").GetString()!;
        await JobProtocolTests.WaitForAsync(worker, first, "running");
        for (var i = 0; i < 2; i++)
        {
            (await worker.PostAsync("/v1/jobs", WorkerHost.Job())).Status.Should().Be(HttpStatusCode.Created);
        }

        var full = await worker.PostAsync("/v1/jobs", WorkerHost.Job());
        full.Status.Should().Be(HttpStatusCode.TooManyRequests);
        full.Problem.Should().Be("queue-full");
        int.Parse(full.Header("Retry-After")!).Should().BeGreaterThan(0);
    }

    [Fact]
    public async Task Rate_Exceeded_Is429_ForThatKeyOnly()
    {
        await using var worker = await WorkerHost.StartAsync(o =>
        {
            o.ApiKeys.Add(WorkerApiKey.FromText("alice", Alice) with { SubmissionsPerSecond = 0.001, SubmissionBurst = 3 });
            o.ApiKeys.Add(WorkerApiKey.FromText("bob", Bob));
        });
        for (var i = 0; i < 3; i++)
        {
            (await worker.PostAsync("/v1/jobs", WorkerHost.Job(), Alice)).Status.Should().Be(HttpStatusCode.Created);
        }

        var limited = await worker.PostAsync("/v1/jobs", WorkerHost.Job(), Alice);
        limited.Status.Should().Be(HttpStatusCode.TooManyRequests);
        limited.Problem.Should().Be("rate-limited");
        int.Parse(limited.Header("Retry-After")!).Should().BeGreaterThan(500);
        (await worker.PostAsync("/v1/jobs", WorkerHost.Job(), Bob)).Status.Should().Be(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Budget_Exceeded_Is402_AndIsKeptOverARestart()
    {
        var database = Path.Combine(Directory.CreateTempSubdirectory("worker-").FullName, "jobs.db");
        void Configure(WorkerOptions o) => o.ApiKeys.Add(WorkerApiKey.FromText("alice", Alice) with { Budget = 0.035m });
        void Priced(PredictiveOrchestratorBuilder b) => b.Configure(c => c.Prices["paid"] = new PriceModel { PerRun = 0.01m });
        for (var life = 0; life < 3; life++)
        {
            await using var worker = await WorkerHost.StartAsync(Configure, [new FakeBackend("paid", isLocal: true)], database, orchestrator: Priced);
            var job = await worker.RunAsync(WorkerHost.Job(), Alice);
            job.GetProperty("cost").GetProperty("actual").GetDecimal().Should().Be(0.01m);
        }

        await using var last = await WorkerHost.StartAsync(Configure, [new FakeBackend("paid", isLocal: true)], database, orchestrator: Priced);
        var refused = await last.PostAsync("/v1/jobs", WorkerHost.Job(), Alice);
        refused.Status.Should().Be(HttpStatusCode.PaymentRequired);
        refused.Problem.Should().Be("budget-exhausted");
    }

    private static async Task<string> ReadSharedAsync(string path)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }
}

using System.Net;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>The client adapter against a real worker, with a network that fails.</summary>
public sealed class WorkerBackendTests
{
    private static readonly Circuit Asymmetric = OpenQasmReader.Read(
        "OPENQASM 3.0; include \"stdgates.inc\"; qubit[6] q; bit[5] c; x q[0]; ry(0.7) q[1]; ry(1.3) q[2]; cx q[2], q[3]; ry(0.4) q[5]; c[0] = measure q[5]; c[1] = measure q[1]; c[2] = measure q[2]; c[3] = measure q[3]; c[4] = measure q[0];").GetCircuitOrThrow();

    [Fact]
    public async Task Execute_OverTheWire_IsTheSameAsInThisProcess()
    {
        await using var worker = await WorkerHost.StartAsync();
        await using var backend = await WorkerBackend.ConnectAsync(new WorkerBackendOptions { Endpoint = worker.Address, Target = "local-dense" });
        var request = new ExecutionRequest { Circuit = Asymmetric, Shots = 5000, Seed = 42, TopProbabilities = int.MaxValue, Observables = [PauliSum.Parse("ZIIIZX", 0.25)] };
        var here = await new PredictiveOrchestration.Simulation.StateVector.StateVectorSimulator().ExecuteAsync(request);
        var there = await backend.ExecuteAsync(request);
        there.Counts.Should().BeEquivalentTo(here.Counts);
        there.Probabilities.Should().Equal(here.Probabilities);
        there.ExpectationValues.Single().Should().BeApproximately(here.ExpectationValues.Single(), 1e-12);
        there.IsExact.Should().BeTrue();
        var expected = OracleSimulator.OutcomeDistribution(Asymmetric);
        foreach (var p in there.Probabilities)
        {
            p.Probability.Should().BeApproximately(expected[p.Outcome.ToString()], 1e-12);
        }
    }

    [Fact]
    public async Task Orchestrator_WithAWorker_RoutesToItAndLearnsFromIt()
    {
        await using var worker = await WorkerHost.StartAsync(o => o.ApiKeys.Add(WorkerApiKey.FromText("me", "me-0123456789abcdefgh")));
        await using var backend = await WorkerBackend.ConnectAsync(new WorkerBackendOptions { Endpoint = worker.Address, Id = "away", Credential = RemoteCredential.FromSecret("me-0123456789abcdefgh") });
        await using var orchestrator = new PredictiveOrchestratorBuilder().AddBackend(backend).Configure(o =>
        {
            o.StateDirectory = string.Empty;
            o.CalibrationBudget = TimeSpan.Zero;
        }).Build();
        await orchestrator.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            var result = await orchestrator.ExecuteAsync(Asymmetric, new OrchestrationRequest { Backend = "away", Shots = 10 });
            result.ActualBackend.Should().Be("away");
        }

        await orchestrator.FlushLearningAsync();
        var prediction = orchestrator.GetRoutingRecommendation(Asymmetric, new OrchestrationRequest { Backend = "away", Shots = 10 }).ExpectedPerformance;
        prediction.Observations.Should().Be(5);
        orchestrator.GetAvailableBackends().Single(b => b.Descriptor.Id == "away").SuccessRate.Should().Be(1);
    }

    [Fact]
    public async Task Connect_WrongKeyOrDevice_SaysSo()
    {
        await using var worker = await WorkerHost.StartAsync(o => o.ApiKeys.Add(WorkerApiKey.FromText("me", "me-0123456789abcdefgh")));
        await FluentActions.Awaiting(() => WorkerBackend.ConnectAsync(new WorkerBackendOptions { Endpoint = worker.Address, Credential = RemoteCredential.FromSecret("wrong") }))
            .Should().ThrowAsync<BackendException>().WithMessage("*401*");
        await FluentActions.Awaiting(() => WorkerBackend.ConnectAsync(new WorkerBackendOptions { Endpoint = worker.Address, Target = "nothing", Credential = RemoteCredential.FromSecret("me-0123456789abcdefgh") }))
            .Should().ThrowAsync<BackendException>().WithMessage("*no device 'nothing'*local-dense*");
        ((Action)(() => WorkerBackend.Create(new WorkerBackendOptions { Endpoint = new Uri("http://example.org") }))).Should().Throw<ArgumentException>().WithMessage("*https*");
    }

    [Fact]
    public async Task Execute_AnswersLost_EveryJobRunsOnce()
    {
        var counting = new FakeBackend("b", isLocal: true);
        await using var worker = await WorkerHost.StartAsync(backends: [counting]);
        using var lossy = new LossyHandler(worker.Address);
        await using var backend = WorkerBackend.Create(new WorkerBackendOptions { Endpoint = worker.Address, Handler = lossy, MaxRetries = 10, MinPollInterval = TimeSpan.FromMilliseconds(5), LongPoll = TimeSpan.FromSeconds(2) });
        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => backend.ExecuteAsync(new ExecutionRequest { Circuit = Asymmetric, Shots = 10 + i })));
        results.Select(r => r.Shots).Should().Equal(Enumerable.Range(10, 40));
        counting.Calls.Should().Be(40);
        lossy.Lost.Should().BeGreaterThan(5);
    }

    [Fact]
    public async Task Execute_OneFaultAtAnyCall_RunsOnceAndGivesTheResult()
    {
        // At the submission, at the question for the state and at the result, all at the same time on one worker.
        (FaultKind Kind, FakeReply? Reply)[] faults =
        [
            (FaultKind.LoseRequest, null), (FaultKind.LoseAnswer, null), (FaultKind.BreakOff, null), (FaultKind.Truncate, null), (FaultKind.Drip, null),
            (FaultKind.Refuse, new FakeReply(500, "{\"title\":\"oops\"}")), (FaultKind.Refuse, new FakeReply(503)), (FaultKind.Refuse, new FakeReply(504, "<html>", "text/html")), (FaultKind.Refuse, new FakeReply(522)),
            (FaultKind.Refuse, new FakeReply(429)), (FaultKind.Refuse, new FakeReply(429).With("Retry-After", "1")), (FaultKind.Refuse, new FakeReply(401)),
            (FaultKind.ReplaceAnswer, new FakeReply(502, "<html>Bad gateway</html>", "text/html")), (FaultKind.ReplaceAnswer, new FakeReply(200, "<html>Welcome</html>", "text/html")),
        ];
        var counting = new FakeBackend("b", isLocal: true);
        await using var worker = await WorkerHost.StartAsync(backends: [counting]);
        var cases = faults.SelectMany(f => Enumerable.Range(0, 3).Select(at => (f.Kind, f.Reply, At: at))).ToList();

        await Task.WhenAll(cases.Select(async (c, i) =>
        {
            using var network = new FaultyHandler(c.Kind, c.Reply, c.At);
            await using var backend = WorkerBackend.Create(new WorkerBackendOptions
            {
                Endpoint = worker.Address, Handler = network, MaxRetries = 10, MinPollInterval = TimeSpan.FromMilliseconds(5), LongPoll = TimeSpan.FromSeconds(2), AttemptTimeout = TimeSpan.FromSeconds(5),
                Credential = RemoteCredential.FromSecret("not asked for"),
            });
            var result = await backend.ExecuteAsync(new ExecutionRequest { Circuit = Asymmetric, Shots = 10 + i });

            result.Shots.Should().Be(10 + i, $"{c.Kind} {c.Reply?.Status} at call {c.At}");
            network.Faults.Should().Be(1, $"{c.Kind} {c.Reply?.Status} at call {c.At}");
        }));

        counting.Calls.Should().Be(cases.Count, "no job runs twice");
    }

    [Theory]
    [InlineData(400, BackendErrorKind.Unsupported)]
    [InlineData(402, BackendErrorKind.BudgetRefused)]
    [InlineData(403, BackendErrorKind.Unavailable)]
    [InlineData(404, BackendErrorKind.Fault)]
    [InlineData(409, BackendErrorKind.Fault)]
    [InlineData(413, BackendErrorKind.Unsupported)]
    public async Task Execute_SubmissionRefusedForGood_FreesTheMoneyAndIsNotSentAgain(int status, BackendErrorKind kind)
    {
        using var network = new FaultyHandler(FaultKind.Refuse, new FakeReply(status, "{\"detail\":\"no, because\"}"), 0);
        var (gate, journal) = (new RecordingGate(), new MemoryJobJournal());
        await using var backend = WorkerBackend.Create(new WorkerBackendOptions { Endpoint = new Uri("http://127.0.0.1:9"), Handler = network, Journal = journal });
        var request = new ExecutionRequest { Circuit = Asymmetric, Spending = new SpendPermit(gate, "job/0", 0, 0.5m) };
        network.Skips = c => c.EndsWith("/estimate", StringComparison.Ordinal);

        (await FluentActions.Awaiting(() => backend.ExecuteAsync(request)).Should().ThrowAsync<BackendException>().WithMessage($"*{status}*no, because*")).Which.Kind.Should().Be(kind);

        network.Sent.Should().Be(1);
        gate.Released.Should().Equal("job/0");
        (await journal.ListPendingAsync(backend.Descriptor.Id)).Should().BeEmpty();
    }

    [Fact]
    public async Task Execute_UnknownState_IsAnErrorThatNamesItAndNotALoop()
    {
        await using var worker = await WorkerHost.StartAsync(backends: [new FakeBackend("b", isLocal: true)]);
        using var network = new FaultyHandler(FaultKind.ReplaceAnswer, new FakeReply(200, """{"id":"x","status":"meditating","device":"auto"}"""), 1);
        await using var backend = WorkerBackend.Create(new WorkerBackendOptions { Endpoint = worker.Address, Handler = network });

        await FluentActions.Awaiting(() => backend.ExecuteAsync(new ExecutionRequest { Circuit = Asymmetric })).Should().ThrowAsync<RemoteJobException>().WithMessage("*'meditating'*no known state*");

        network.Sent.Should().Be(2);
    }

    [Fact]
    public async Task Keys_AreInNoLogOfTheWorker_WhateverIsAsked()
    {
        const string Key = "me-0123456789abcdefgh";
        var log = new TextLog();
        await using var worker = await WorkerHost.StartAsync(o => o.ApiKeys.Add(WorkerApiKey.FromText("me", Key)), logs: log);
        await worker.RunAsync(WorkerHost.Job(), Key);
        foreach (var path in (string[])["/v1/jobs", "/v1/jobs/none", "/v1/devices", "/v0.4/jobs", "/v0.4/whoami", "/metrics", "/nowhere"])
        {
            await worker.GetAsync(path, Key);
            await worker.GetAsync(path, Key + "-but-wrong");
        }

        await worker.PostAsync("/v1/jobs", "{", Key);
        log.Texts.Should().NotBeEmpty();
        string.Join('\n', log.Texts).Should().NotContain(Key);
        (await worker.GetAsync("/metrics", Key)).Text.Should().NotContain(Key);
        await worker.StopAsync();
        File.ReadAllBytes(worker.Database).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Key)).Should().Be(-1, "keys are kept as hashes");
    }

    [Fact]
    public async Task Cancel_ByTheCaller_CancelsAtTheWorker()
    {
        await using var worker = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("b", isLocal: true)]);
        await using var backend = WorkerBackend.Create(new WorkerBackendOptions { Endpoint = worker.Address, LongPoll = TimeSpan.FromSeconds(1) });
        using var cancel = new CancellationTokenSource();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var execution = backend.ExecuteAsync(new ExecutionRequest { Circuit = Asymmetric }, cancel.Token);
        await UntilAsync("running");
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => execution).Should().ThrowAsync<OperationCanceledException>();
        await UntilAsync("cancelled");

        async Task UntilAsync(string status)
        {
            while (!(await worker.GetAsync("/v1/jobs")).Json.GetProperty("jobs").EnumerateArray().Any(j => j.GetProperty("status").GetString() == status))
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }

    // Every seventh answer is lost after the worker has acted.
    private sealed class LossyHandler(Uri address) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _count;

        public int Lost { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri!.Port.Should().Be(address.Port);
            var response = await base.SendAsync(request, cancellationToken);
            if (Interlocked.Increment(ref _count) % 7 == 0)
            {
                Lost++;
                response.Dispose();
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost on purpose");
            }

            return response;
        }
    }

    // One call goes wrong; those before and after it do not.
    private sealed class FaultyHandler(FaultKind kind, FakeReply? reply, int at) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _sent = -1;
        private int _faults;

        public int Sent => _sent + 1;

        public int Faults => _faults;

        /// <summary>Calls that are answered with an error and not counted.</summary>
        public Func<string, bool> Skips { get; set; } = _ => false;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Skips(request.RequestUri!.AbsolutePath))
            {
                return new HttpResponseMessage(HttpStatusCode.NotFound) { RequestMessage = request };
            }

            if (Interlocked.Increment(ref _sent) != at)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            Interlocked.Increment(ref _faults);
            if (kind == FaultKind.LoseRequest)
            {
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost on purpose");
            }

            if (kind == FaultKind.Refuse)
            {
                return Of(request, reply!);
            }

            var response = await base.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            switch (kind)
            {
                case FaultKind.LoseAnswer:
                    response.Dispose();
                    throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost on purpose");
                case FaultKind.ReplaceAnswer:
                    response.Dispose();
                    return Of(request, reply!);
                case FaultKind.Truncate:
                    response.Content = new ByteArrayContent(body[..(body.Length / 2)]);
                    return response;
                default:
                    response.Content = new StreamContent(new HalfStream(body[..(body.Length / 2)], hangs: kind == FaultKind.Drip));
                    return response;
            }
        }

        private static HttpResponseMessage Of(HttpRequestMessage request, FakeReply reply)
        {
            var response = new HttpResponseMessage((HttpStatusCode)reply.Status) { RequestMessage = request, Content = new StringContent(reply.Body) };
            reply.Headers.ForEach(h => response.Headers.TryAddWithoutValidation(h.Name, h.Value));
            return response;
        }
    }

    // Half of an answer: then the connection dies, or nothing more comes.
    private sealed class HalfStream(byte[] half, bool hangs) : MemoryStream(half)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < Length)
            {
                return Read(buffer.Span);
            }

            if (hangs)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }

            throw new IOException("The connection died in the middle of the answer.");
        }
    }

    private sealed class TextLog : ILoggerProvider, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Texts { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Texts.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

using System.Net;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;

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
    public async Task Cancel_ByTheCaller_CancelsAtTheWorker()
    {
        await using var worker = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("b", isLocal: true)]);
        await using var backend = WorkerBackend.Create(new WorkerBackendOptions { Endpoint = worker.Address, LongPoll = TimeSpan.FromSeconds(1) });
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(1500));
        await FluentActions.Awaiting(() => backend.ExecuteAsync(new ExecutionRequest { Circuit = Asymmetric }, soon.Token)).Should().ThrowAsync<OperationCanceledException>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await worker.GetAsync("/v1/jobs")).Json.GetProperty("jobs")[0].GetProperty("status").GetString() != "cancelled")
        {
            await Task.Delay(20, limit.Token);
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
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

/// <summary>
/// The way of all services over real sockets, where connections really end in mid-answer. The outcome does not depend on how fast this machine is: an answer that
/// comes a byte a second never comes within the limit, and any other that is late is asked for again.
/// </summary>
public sealed class SocketFaultTests
{
    private static readonly Circuit Circuit = new CircuitBuilder(5, 5).X(1).X(4).Measure(0, 0).Measure(1, 1).Measure(2, 2).Measure(3, 3).Measure(4, 4).Build();

    [Fact]
    public async Task Execute_FaultsOfTheWire_GiveTheResultAndPayOnce()
    {
        // Each job has a service of its own; together they take as long as the slowest.
        (string Method, string End, FaultKind Kind)[][] scripts =
        [
            [("POST", "/jobs", FaultKind.BreakOff), ("GET", "/probabilities", FaultKind.BreakOff)],
            [("POST", "/jobs", FaultKind.Truncate), ("GET", "/probabilities", FaultKind.Truncate)],
            [("POST", "/jobs", FaultKind.LoseAnswer), ("GET", "/probabilities", FaultKind.LoseAnswer)],
            [("GET", "/jobs/estimate", FaultKind.LoseRequest), ("GET", "/cost", FaultKind.BreakOff)],
            [("POST", "/jobs", FaultKind.Drip)],
            [("GET", "/probabilities", FaultKind.Drip)],
        ];
        var ends = await Task.WhenAll(scripts.Select(RunAsync));
        foreach (var (service, gate, result) in ends)
        {
            service.Faults.Should().OnlyContain(f => f.Left == 0, "every fault was met");
            result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(BitString.Parse("10010"), 500));
            service.Jobs.Should().ContainSingle("a job is paid once");
            gate.Settled.Values.Should().Equal(0.20m);
        }
    }

    [Fact]
    public async Task Execute_AnswerTooLarge_IsNotReadToItsEnd()
    {
        // The result has no end in sight: what is read is bounded by its size.
        var service = new EndlessResult();
        await using var host = await LoopbackHost.StartAsync(service);
        await using var backend = Create(host, o => o with { MaxResponseBytes = 64 << 10, MaxOutage = TimeSpan.FromSeconds(1), MaxRetries = 1 });
        var act = () => backend.ExecuteAsync(new ExecutionRequest { Circuit = Circuit, Shots = 500 });
        (await act.Should().ThrowAsync<RemoteJobException>()).Which.Job.RemoteId.Should().NotBeNull("the job can be resumed");
    }

    private static async Task<(FakeIonQ Service, RecordingGate Gate, ExecutionResult Result)> RunAsync((string Method, string End, FaultKind Kind)[] script)
    {
        var service = new FakeIonQ(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero };
        service.Faults.AddRange(script.Select(s => new Fault(s.Kind, r => r.Method == s.Method && r.Path.EndsWith(s.End, StringComparison.Ordinal))));
        await using var host = await LoopbackHost.StartAsync(service);
        var gate = new RecordingGate();
        await using var backend = Create(host, o => o with { SpendGate = gate, AttemptTimeout = TimeSpan.FromSeconds(script.Any(s => s.Kind == FaultKind.Drip) ? 2 : 60) });
        return (service, gate, await backend.ExecuteAsync(new ExecutionRequest { Circuit = Circuit, Shots = 500 }));
    }

    private static RemoteBackend Create(LoopbackHost host, Func<IonQOptions, IonQOptions> change) => IonQBackend.Create(change(new IonQOptions
    {
        Endpoint = new Uri(host.Address, "v0.4"), Target = "simulator", Credential = RemoteCredential.FromSecret("secret-key"), MinPollInterval = TimeSpan.FromMilliseconds(5), MaxPollInterval = TimeSpan.FromMilliseconds(50),
        RateLimit = new RemoteRateLimit(1000, 1000),
    }));

    private sealed class EndlessResult : ScriptedService
    {
        private readonly FakeIonQ _service = new(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero };

        public EndlessResult()
            : base(TimeProvider.System)
        {
        }

        protected override FakeReply Handle(FakeRequest request)
        {
            var reply = _service.Answer(request).Reply!;
            return request.Path.EndsWith("/probabilities", StringComparison.Ordinal) ? reply with { Body = "{" + new string(' ', 1 << 20) } : reply;
        }
    }
}

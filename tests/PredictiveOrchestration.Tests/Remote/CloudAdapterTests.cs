using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

/// <summary>The adapters of all services but the worker's under one script of faults. What IonQ's interface has of its own in it is in RemoteBackendTests.</summary>
public sealed class CloudAdapterTests
{
    public static TheoryData<string, FaultKind, int, string> Survivable
    {
        get
        {
            var data = new TheoryData<string, FaultKind, int, string>();
            foreach (var cloud in CloudHarness.Names)
            {
                data.Add(cloud, FaultKind.LoseAnswer, 0, "");
                data.Add(cloud, FaultKind.LoseRequest, 0, "");
                data.Add(cloud, FaultKind.BreakOff, 0, "");
                data.Add(cloud, FaultKind.Truncate, 0, "");
                data.Add(cloud, FaultKind.Drip, 0, "");
                data.Add(cloud, FaultKind.ReplaceAnswer, 502, "<html>Bad gateway</html>");
                data.Add(cloud, FaultKind.Refuse, 500, "{\"message\":\"oops\"}");
                data.Add(cloud, FaultKind.Refuse, 503, "");
                data.Add(cloud, FaultKind.Refuse, 504, "<html>Gateway time-out</html>");
                data.Add(cloud, FaultKind.Refuse, 522, "");
                data.Add(cloud, FaultKind.Refuse, 429, "{\"message\":\"slow down\"}");
                data.Add(cloud, FaultKind.ReplaceAnswer, 200, "<html>Welcome</html>");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Survivable))]
    public void Execute_OneFaultAtAnyCall_GivesTheResultAndPaysOnce(string name, FaultKind kind, int status, string body)
    {
        // Each call of a job in turn: device or storage, submission, states, result, cost.
        for (var at = 0; ; at++)
        {
            var cloud = CloudHarness.Of(name);
            var seen = 0;
            cloud.Service.Faults.Add(new Fault(kind, _ => seen++ == at, 1, new FakeReply(status, body, "text/plain")));
            var result = cloud.Run($"tag-{at}");

            result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(CloudHarness.Right, 500), $"fault at call {at}");
            cloud.Tags.Should().Equal([$"tag-{at}"], "a job is paid once");
            cloud.Gate.Settled[$"tag-{at}"].Should().Be(cloud.Billed);
            if (cloud.Service.FaultCount == 0)
            {
                at.Should().BeGreaterThan(5, "a job takes some calls");
                return;
            }
        }
    }

    [Theory]
    [InlineData("braket", 400, BackendErrorKind.Unsupported)]
    [InlineData("braket", 402, BackendErrorKind.BudgetRefused)]
    [InlineData("braket", 403, BackendErrorKind.Unavailable)]
    [InlineData("braket", 404, BackendErrorKind.Fault)]
    [InlineData("braket", 409, BackendErrorKind.Fault)]
    [InlineData("braket", 413, BackendErrorKind.Unsupported)]
    [InlineData("braket", 424, BackendErrorKind.Unavailable)]
    [InlineData("azure", 400, BackendErrorKind.Unsupported)]
    [InlineData("azure", 401, BackendErrorKind.Unavailable)]
    [InlineData("azure", 403, BackendErrorKind.Unavailable)]
    [InlineData("azure", 404, BackendErrorKind.Fault)]
    [InlineData("azure", 413, BackendErrorKind.Unsupported)]
    [InlineData("ionq", 400, BackendErrorKind.Unsupported)]
    [InlineData("ionq", 401, BackendErrorKind.Unavailable)]
    [InlineData("ionq", 402, BackendErrorKind.BudgetRefused)]
    [InlineData("ionq", 403, BackendErrorKind.Unavailable)]
    [InlineData("ionq", 404, BackendErrorKind.Fault)]
    [InlineData("ionq", 409, BackendErrorKind.Fault)]
    [InlineData("ionq", 413, BackendErrorKind.Unsupported)]
    [InlineData("ibm", 400, BackendErrorKind.Unsupported)]
    [InlineData("ibm", 401, BackendErrorKind.Unavailable)]
    [InlineData("ibm", 402, BackendErrorKind.BudgetRefused)]
    [InlineData("ibm", 403, BackendErrorKind.Unavailable)]
    [InlineData("ibm", 404, BackendErrorKind.Fault)]
    [InlineData("ibm", 409, BackendErrorKind.Fault)]
    [InlineData("ibm", 413, BackendErrorKind.Unsupported)]
    public void Execute_SubmissionRefusedForGood_FreesTheMoney(string name, int status, BackendErrorKind kind)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsSubmission, 99, new FakeReply(status, "{\"message\":\"no, because\"}")));

        ((Action)(() => cloud.Run("job"))).Should().Throw<BackendException>().Where(e => e.Kind == kind).WithMessage($"*{status}*no, because*");

        cloud.Service.Calls.Count(cloud.IsSubmission).Should().Be(status == 401 ? 2 : 1);
        cloud.Gate.Released.Should().ContainSingle();
        cloud.Time.Run(cloud.Journal.ListPendingAsync(cloud.Create("x").Descriptor.Id).AsTask()).Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_RetryAfter_IsHonoured(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsSubmission, 1, new FakeReply(429).With("Retry-After", "40")));
        var start = cloud.Time.GetUtcNow();

        cloud.Run("job");

        (cloud.Time.GetUtcNow() - start).Should().BeGreaterThan(TimeSpan.FromSeconds(50)).And.BeLessThan(TimeSpan.FromSeconds(90));
    }

    [Theory]
    [MemberData(nameof(CloudHarness.WithKeys), MemberType = typeof(CloudHarness))]
    public void Execute_EveryAnswerToTheSubmissionIsLost_HoldsTheJobAndReconcileFindsIt(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(FaultKind.LoseAnswer, cloud.IsSubmission, 6));
        var backend = cloud.Create("job");

        var held = ((Action)(() => cloud.Time.Run(backend.ExecuteAsync(CloudHarness.Request())))).Should().Throw<RemoteJobException>().Where(e => e.Kind == BackendErrorKind.OutcomeUnknown).Which.Job;
        cloud.Gate.Held.Should().Contain(held.SpendKey);

        // A refusal of the second time says nothing of the first.
        cloud.Time.Advance(TimeSpan.FromMinutes(5));
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsSubmission, 1, new FakeReply(403)));
        cloud.Time.Run(backend.ReconcileAsync()).Should().ContainSingle().Which.State.Should().Be(RemoteJobState.Held);
        cloud.Gate.Released.Should().BeEmpty();

        // Long after, when the key may have been forgotten.
        cloud.Time.Advance(TimeSpan.FromHours(5));
        cloud.Time.Run(backend.ReconcileAsync()).Should().ContainSingle().Which.State.Should().Be(RemoteJobState.Submitted);
        cloud.Time.Run(backend.ResumeAsync("job")).Counts.Should().ContainKey(CloudHarness.Right);
        cloud.Tags.Should().Equal("job");
        cloud.Gate.Settled.Should().ContainKey(held.SpendKey!);
    }

    [Theory]
    [InlineData("braket", FaultKind.LoseAnswer)]
    [InlineData("azure", FaultKind.LoseAnswer)]
    [InlineData("azure-rigetti", FaultKind.LoseAnswer)]
    [InlineData("braket", FaultKind.BreakOff)]
    [InlineData("azure", FaultKind.BreakOff)]
    public void Execute_FirstAnswerLostAndTheRepetitionRefused_HoldsTheJobWithItsMoney(string name, FaultKind first)
    {
        // Both within one call: the service has accepted the job, and then refuses its repetition.
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(first, cloud.IsSubmission, 1));
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsSubmission, 1, new FakeReply(403, "{\"message\":\"no more today\"}")));
        var backend = cloud.Create("job");

        var held = ((Action)(() => cloud.Time.Run(backend.ExecuteAsync(CloudHarness.Request())))).Should().Throw<RemoteJobException>().Where(e => e.Kind == BackendErrorKind.OutcomeUnknown).Which.Job;
        held.State.Should().Be(RemoteJobState.Held);
        (cloud.Gate.Released.Count, cloud.Gate.Held.Count).Should().Be((0, 1), "the money of a job that may run stays reserved");

        cloud.Time.Advance(TimeSpan.FromMinutes(5));
        cloud.Time.Run(backend.ReconcileAsync()).Should().ContainSingle().Which.State.Should().Be(RemoteJobState.Submitted);
        cloud.Time.Run(backend.ResumeAsync("job")).Counts.Should().ContainKey(CloudHarness.Right);
        cloud.Tags.Should().Equal("job");
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_UnknownState_IsAnErrorAndNotALoop(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Word = "LOST_IN_THOUGHT";

        ((Action)(() => cloud.Run("job"))).Should().Throw<RemoteJobException>().WithMessage("*'LOST_IN_THOUGHT'*no known state*");
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_CancelledAtTheServiceWhileQueued_IsAnErrorThatCostsNothing(string name)
    {
        var cloud = CloudHarness.Of(name);
        var job = cloud.Create("job").ExecuteAsync(CloudHarness.Request());
        cloud.Time.Advance(TimeSpan.FromSeconds(3));
        cloud.CancelAtService();

        ((Action)(() => cloud.Time.Run(job))).Should().Throw<RemoteJobException>().WithMessage("*cancelled at the service*").Which.Job.State.Should().Be(RemoteJobState.Failed);
        (cloud.Gate.Released.Count + cloud.Gate.Settled.Values.Count(v => v == 0)).Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_FailedByTheService_GivesItsReason(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Failure = "the trap was empty";

        ((Action)(() => cloud.Run("job"))).Should().Throw<RemoteJobException>().WithMessage("*failed by the service*the trap was empty*");
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_QueueDeadline_CancelsTheJobIfAsked(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.QueueTime = TimeSpan.FromHours(2);

        ((Action)(() => cloud.Run("job", s => (s.CancelRemoteJobs, s.QueueDeadline) = (true, TimeSpan.FromMinutes(1))))).Should().Throw<RemoteJobException>().WithMessage("*QueueDeadline*").Which.Job.State.Should().Be(RemoteJobState.Failed);

        cloud.Service.Calls.Should().ContainSingle(c => c.Path.EndsWith("cancel", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_ResultIsNotThereYet_IsAskedForAgain(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsResult, 3, FakeBraket.Xml(404, "NoSuchKey")));

        cloud.Run("job").Counts.Should().ContainKey(CloudHarness.Right);
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_StorageSendsOnToAnotherHost_IsRefused(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsResult, 99, new FakeReply(307, "<Error/>", "application/xml").With("Location", "https://elsewhere.example/results.json")));

        ((Action)(() => cloud.Run("job"))).Should().Throw<RemoteJobException>().Which.Job.RemoteId.Should().NotBeNull("it can be resumed");

        cloud.Service.Calls.Should().NotContain(c => c.Headers["Host"].Contains("elsewhere", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_ResultTooLong_IsRefused(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, cloud.IsResult, 99, new FakeReply(200, $"{{\"a\":\"{new string('x', 9000)}\"}}")));

        ((Action)(() => cloud.Run("job", s => s.MaxResponseBytes = 8000))).Should().Throw<RemoteJobException>().WithMessage("*8000 bytes*");
    }

    [Theory]
    [InlineData("braket")]
    [InlineData("azure")]
    public void Execute_PriceAboveTheLimit_IsRefusedBeforeAnythingIsPaid(string name)
    {
        var cloud = CloudHarness.Of(name);

        ((Action)(() => cloud.Run("job", s => s.MaxCostPerJob = 1m))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.BudgetRefused);

        cloud.Tags.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Execute_EverythingGoesWrong_SecretsAreInNoLogAndNoMessage(string name)
    {
        // Every way in which a job ends badly, each with all that is logged and thrown.
        (FaultKind Kind, int Times, FakeReply? Reply)[] script =
        [
            (FaultKind.LoseAnswer, 99, null), (FaultKind.LoseRequest, 99, null), (FaultKind.Truncate, 99, null), (FaultKind.Refuse, 99, new FakeReply(400, "{\"message\":\"no\"}")),
            (FaultKind.Refuse, 99, new FakeReply(401)), (FaultKind.Refuse, 99, new FakeReply(403, "<html>no</html>", "text/html")), (FaultKind.Refuse, 99, new FakeReply(500)),
            (FaultKind.Refuse, 99, new FakeReply(302).With("Location", "https://elsewhere.example/?sig=x")), (FaultKind.ReplaceAnswer, 99, new FakeReply(200, "{}")),
        ];
        var log = new TextLogger();
        foreach (var (kind, times, reply) in script)
        {
            for (var at = 0; at < 8; at += 2)
            {
                var cloud = CloudHarness.Of(name);
                var seen = 0;
                cloud.Service.Faults.Add(new Fault(kind, _ => seen++ >= at, times, reply));
                try
                {
                    cloud.Run("job", s => s.Logger = log);
                }
                catch (Exception exception) when (exception is BackendException or InvalidOperationException or FormatException)
                {
                    log.Texts.Add(exception.ToString());
                    log.Texts.Add(exception is RemoteJobException { Job: var job } ? $"{job} {System.Text.Json.JsonSerializer.Serialize(job)}" : string.Empty);
                }
            }
        }

        // The signing key, the access key of the workspace, signatures of storage, keys and tokens of IBM's: whatever was sent.
        log.Texts.Should().HaveCountGreaterThan(25);
        var all = string.Join('\n', log.Texts);
        foreach (var secret in (string[])["secret-key", "api-key", "sig=", "hush", "token-1", "apikey=", "Signature="])
        {
            all.Should().NotContain(secret);
        }
    }

    [Theory]
    [MemberData(nameof(CloudHarness.All), MemberType = typeof(CloudHarness))]
    public void Journal_AfterAJob_HoldsNoSecret(string name)
    {
        var cloud = CloudHarness.Of(name);
        cloud.Run("job");
        var job = cloud.Time.Run(cloud.Journal.FindAsync("job").AsTask())!;

        var text = System.Text.Json.JsonSerializer.Serialize(job);
        text.Should().NotContain("secret-key").And.NotContain("sig=").And.NotContain("hush").And.NotContain("api-key").And.NotContain("token-");
        job.State.Should().Be(RemoteJobState.Fetched);
        job.Cost.Should().Be(cloud.Billed);
    }

    [Theory]
    [InlineData("braket")]
    [InlineData("azure")]
    public void Execute_MidCircuitMeasurement_IsRefusedWhereItIsNotKnown(string name)
    {
        var cloud = CloudHarness.Of(name);
        var circuit = new CircuitBuilder(2, 2).H(0).Measure(0, 0).H(0).Measure(0, 1).Build();

        ((Action)(() => cloud.Time.Run(cloud.Create("job").ExecuteAsync(CloudHarness.Request(circuit))))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.Unsupported);

        cloud.Tags.Should().BeEmpty();
    }

    // Whatever is logged, formatted and with its exception.
    private sealed class TextLogger : Microsoft.Extensions.Logging.ILogger
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Texts)
            {
                Texts.Add($"{formatter(state, exception)} {exception}");
            }
        }
    }
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

/// <summary>The one way of all services, under a script of faults. Time is virtual.</summary>
public sealed class RemoteBackendTests
{
    private static readonly Circuit Circuit = new CircuitBuilder(5, 5).X(1).X(4).Measure(0, 0).Measure(1, 1).Measure(2, 2).Measure(3, 3).Measure(4, 4).Build();
    private static readonly BitString Right = BitString.Parse("10010");
    private readonly VirtualTime _time = new();
    private readonly FakeIonQ _service;
    private readonly RecordingGate _gate = new();
    private readonly MemoryJobJournal _journal = new();

    public RemoteBackendTests() => _service = new FakeIonQ(_time);

    public static TheoryData<string, FaultKind, int, string> Survivable => new()
    {
        { "POST", FaultKind.LoseAnswer, 0, "" },
        { "POST", FaultKind.LoseRequest, 0, "" },
        { "POST", FaultKind.BreakOff, 0, "" },
        { "POST", FaultKind.Truncate, 0, "" },
        { "POST", FaultKind.Drip, 0, "" },
        { "POST", FaultKind.ReplaceAnswer, 502, "<html>Bad gateway</html>" },
        { "POST", FaultKind.ReplaceAnswer, 200, "<html>Welcome</html>" },
        { "POST", FaultKind.ReplaceAnswer, 201, "{\"status\":\"ready\"}" },
        { "POST", FaultKind.Refuse, 500, "{\"message\":\"oops\"}" },
        { "POST", FaultKind.Refuse, 503, "" },
        { "POST", FaultKind.Refuse, 429, "{\"message\":\"slow down\"}" },
        { "POST", FaultKind.Refuse, 401, "{\"message\":\"token expired\"}" },
        { "GET", FaultKind.LoseAnswer, 0, "" },
        { "GET", FaultKind.LoseRequest, 0, "" },
        { "GET", FaultKind.BreakOff, 0, "" },
        { "GET", FaultKind.Truncate, 0, "" },
        { "GET", FaultKind.Drip, 0, "" },
        { "GET", FaultKind.Refuse, 500, "" },
        { "GET", FaultKind.Refuse, 502, "<html></html>" },
        { "GET", FaultKind.Refuse, 504, "" },
        { "GET", FaultKind.Refuse, 522, "" },
        { "GET", FaultKind.Refuse, 429, "" },
        { "GET", FaultKind.Refuse, 401, "" },
        { "GET", FaultKind.Refuse, 404, "" },
        { "GET", FaultKind.ReplaceAnswer, 200, "<html>Login</html>" },
    };

    [Theory]
    [MemberData(nameof(Survivable))]
    public void Execute_OneFault_GivesTheResultAndPaysOnce(string method, FaultKind kind, int status, string body)
    {
        for (var after = 0; after < (method == "POST" ? 1 : 6); after++)
        {
            var seen = 0;
            _service.Faults.Add(new Fault(kind, r => r.Method == method && !r.Path.Contains("estimate", StringComparison.Ordinal) && seen++ == after, 1, new FakeReply(status, body, "text/plain")));
            var before = _service.Jobs.Count;
            var result = Run(o => o with { AttemptTimeout = TimeSpan.FromSeconds(20), Id = $"ionq-{after}", NewTag = () => $"{method}-{after}" });

            result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(Right, 500), $"fault at call {after}");
            _service.Jobs.Count.Should().Be(before + 1, "a job is paid once");
            _gate.Settled[$"{method}-{after}"].Should().Be(0.20m);
        }
    }

    [Theory]
    [InlineData(400, BackendErrorKind.Unsupported)]
    [InlineData(403, BackendErrorKind.Unavailable)]
    [InlineData(409, BackendErrorKind.Fault)]
    [InlineData(413, BackendErrorKind.Unsupported)]
    [InlineData(402, BackendErrorKind.BudgetRefused)]
    public void Execute_SubmissionRefusedForGood_FreesTheMoneyAndDoesNotAskAgain(int status, BackendErrorKind kind)
    {
        _service.Faults.Add(new Fault(FaultKind.Refuse, r => r.Method == "POST", 99, new FakeReply(status, "{\"message\":\"no, because\"}")));

        var act = () => Run();

        act.Should().Throw<BackendException>().Where(e => e.Kind == kind).WithMessage($"*{status}*no, because*");
        _service.Count("POST", "/jobs").Should().Be(1);
        _gate.Released.Should().ContainSingle();
        _time.Run(_journal.ListPendingAsync("ionq-simulator").AsTask()).Should().BeEmpty();
    }

    [Fact]
    public void Execute_BadKey_FailsAfterOneFreshCredential()
    {
        _service.Key = "another";
        var asked = new List<bool>();

        var act = () => Run(o => o with
        {
            Credential = RemoteCredential.FromCallback((refused, _) =>
            {
                asked.Add(refused);
                return ValueTask.FromResult("wrong");
            }),
        });

        act.Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.Unavailable).WithMessage("*401*credential*");
        asked.TakeLast(2).Should().Equal(false, true);
    }

    [Fact]
    public void Execute_TokenExpiresInMidWait_IsRenewedAndTheWaitGoesOn()
    {
        var token = "secret-key";
        _service.QueueTime = TimeSpan.FromHours(2);
        var job = Start(o => o with { Credential = RemoteCredential.FromCallback((refused, _) => ValueTask.FromResult(refused ? token = _service.Key : token)) });
        _time.Advance(TimeSpan.FromMinutes(30));
        _service.Key = "renewed";

        _time.Run(job).Counts.Should().ContainKey(Right);
        token.Should().Be("renewed");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-90)]
    [InlineData(600)]
    public void Execute_RetryAfterAsDateWithWrongClocks_WaitsAsLongAsTheServiceMeans(int skewSeconds)
    {
        _service.ClockSkew = TimeSpan.FromSeconds(skewSeconds);
        var until = (_service.Now + TimeSpan.FromSeconds(40)).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        _service.Faults.Add(new Fault(FaultKind.Refuse, r => r.Method == "POST", 1, new FakeReply(429).With("Retry-After", until)));
        var start = _time.GetUtcNow();

        Run();

        (_service.Jobs.Single().At - _service.ClockSkew - start).Should().BeCloseTo(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("paused_for_lunch")]
    public void Execute_UnknownStatus_IsAnErrorAndNotALoop(string word)
    {
        _service.Word = word;

        var act = () => Run();

        act.Should().Throw<RemoteJobException>().WithMessage($"*'{word}'*no known state*").Which.Job.RemoteId.Should().Be("ionq-000001");
        _service.Count("GET", "/ionq-000001").Should().Be(1);
    }

    [Fact]
    public void Execute_CancelledAtTheServiceWhileQueued_IsAnErrorThatCostsWhatTheServiceSays()
    {
        _service.HasCost = false;
        var job = Start();
        _time.Advance(TimeSpan.FromSeconds(3));
        _service.Jobs.Single().Cancelled = true;

        var act = () => _time.Run(job);

        act.Should().Throw<RemoteJobException>().WithMessage("*cancelled at the service*").Which.Job.State.Should().Be(RemoteJobState.Failed);
        _gate.Released.Should().ContainSingle("it costs nothing");
    }

    [Fact]
    public void Execute_FailedByTheService_GivesItsReason()
    {
        _service.Failure = "the trap was empty";

        ((Action)(() => Run())).Should().Throw<RemoteJobException>().WithMessage("*SimulationError the trap was empty*");
    }

    [Fact]
    public void Execute_ServiceUnreachableForLookUp_HoldsTheJobAndReconcileFindsIt()
    {
        _service.Faults.Add(new Fault(FaultKind.LoseAnswer, r => r.Method == "POST"));
        _service.Faults.Add(new Fault(FaultKind.LoseRequest, r => r.Method == "GET" && r.Path.EndsWith("/jobs", StringComparison.Ordinal), 18));
        var backend = Create();

        var act = () => _time.Run(backend.ExecuteAsync(Request()));
        var held = act.Should().Throw<RemoteJobException>().Where(e => e.Kind == BackendErrorKind.OutcomeUnknown).Which.Job;
        _gate.Held.Should().Contain(held.SpendKey);
        _service.Jobs.Should().ContainSingle("nothing is sent again on a guess");

        _time.Advance(TimeSpan.FromMinutes(5));
        var cleared = _time.Run(backend.ReconcileAsync());
        cleared.Should().ContainSingle().Which.State.Should().Be(RemoteJobState.Submitted);
        _time.Run(backend.ResumeAsync(held.Tag)).Counts.Should().ContainKey(Right);
        _gate.Settled.Should().ContainKey(held.SpendKey!);
    }

    [Fact]
    public void Execute_HeldJobThatNeverArrived_IsFreedByReconcile()
    {
        _service.Faults.Add(new Fault(FaultKind.LoseRequest, r => r.Method == "POST"));
        _service.Faults.Add(new Fault(FaultKind.LoseRequest, r => r.Method == "GET" && r.Path.EndsWith("/jobs", StringComparison.Ordinal), 18));
        var backend = Create();
        ((Action)(() => _time.Run(backend.ExecuteAsync(Request())))).Should().Throw<RemoteJobException>();
        _time.Advance(TimeSpan.FromMinutes(5));

        _time.Run(backend.ReconcileAsync()).Should().ContainSingle().Which.State.Should().Be(RemoteJobState.NotAccepted);

        _gate.Released.Should().ContainSingle();
        _time.Run(backend.ListPendingAsync()).Should().BeEmpty();
    }

    [Fact]
    public void Reconcile_WithoutAGateOfItsOwn_SettlesInTheOrchestratorsAccount()
    {
        _service.Faults.Add(new Fault(FaultKind.LoseRequest, r => r.Method == "POST"));
        _service.Faults.Add(new Fault(FaultKind.LoseRequest, r => r.Method == "GET" && r.Path.EndsWith("/jobs", StringComparison.Ordinal), 18));
        var backend = Create(o => o with { SpendGate = null });
        var request = Request() with { Spending = new SpendPermit(new RecordingGate(), "run/0", 0.1m, 0.3m) };
        ((Action)(() => _time.Run(backend.ExecuteAsync(request)))).Should().Throw<RemoteJobException>();
        ((IPayingBackend)backend).UseAccount(_gate);
        _time.Advance(TimeSpan.FromMinutes(5));

        _time.Run(backend.ReconcileAsync()).Should().ContainSingle().Which.State.Should().Be(RemoteJobState.NotAccepted);
        _gate.Released.Should().Equal("run/0");
    }

    [Fact]
    public void Resume_AfterTheProcessEnded_GivesTheResultWithoutASecondJob()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        var path = Path.Combine(folder, "jobs.db");
        using (var journal = new SqliteJobJournal(path))
        {
            var first = Create(o => o with { Journal = journal });
            _ = first.ExecuteAsync(Request());
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        using (var journal = new SqliteJobJournal(path))
        {
            var second = Create(o => o with { Journal = journal });
            var pending = _time.Run(second.ListPendingAsync());

            _time.Run(second.ResumeAsync(pending.Single().Tag)).Counts.Should().ContainKey(Right);

            _service.Jobs.Should().ContainSingle();
            _gate.Settled.Values.Should().Equal(0.20m);
            _time.Run(second.ListPendingAsync()).Should().BeEmpty();
            _time.Run(second.ResumeAsync(pending.Single().Tag)).Counts.Should().ContainKey(Right, "a result that was read is kept");
        }

        File.ReadAllBytes(path).AsSpan().IndexOf("secret-key"u8).Should().Be(-1);
        Directory.Delete(folder, true);
    }

    [Fact]
    public void Resume_CrashBetweenSubmissionAndItsAnswer_FindsTheJobByItsTag()
    {
        var first = Create();
        _service.Faults.Add(new Fault(FaultKind.Drip, r => r.Method == "POST"));
        _ = first.ExecuteAsync(Request());
        _time.Advance(TimeSpan.FromSeconds(1));
        var pending = _time.Run(_journal.ListPendingAsync("ionq-simulator").AsTask()).Single();
        pending.State.Should().Be(RemoteJobState.Submitting);

        _time.Run(Create().ResumeAsync(pending.Tag)).Counts.Should().ContainKey(Right);

        _service.Jobs.Should().ContainSingle();
    }

    [Fact]
    public void Execute_JournalFailsAfterTheResult_StillGivesTheResult()
    {
        var journal = new FailingJournal(_journal, after: 2);

        Run(o => o with { Journal = journal }).Counts.Should().ContainKey(Right);
        journal.Failures.Should().BePositive();
    }

    [Fact]
    public void Execute_CostCannotBeRead_StillGivesTheResultAndBooksWhatWasExpected()
    {
        _service.Faults.Add(new Fault(FaultKind.Refuse, r => r.Path.EndsWith("/cost", StringComparison.Ordinal), 99, new FakeReply(500, "<html>")));

        var result = Run();

        result.Counts.Should().ContainKey(Right);
        result.Cost.Should().Be(0.25m);
        _gate.Settled.Values.Should().Equal(0.25m);
    }

    [Fact]
    public void Execute_JournalFullOrBroken_SubmitsNothing()
    {
        ((Action)(() => Run(o => o with { Journal = new FailingJournal(_journal, after: 0) }))).Should().Throw<BackendException>();

        _service.Jobs.Should().BeEmpty();
        _gate.Released.Should().ContainSingle();
    }

    [Fact]
    public void Execute_QueueAndRunDeadlines_AreSeparateAndLeaveTheJobToBeResumed()
    {
        _service.QueueTime = TimeSpan.FromHours(3);
        _service.RunTime = TimeSpan.FromHours(2);
        var backend = Create(o => o with { RunDeadline = TimeSpan.FromMinutes(30) });

        var act = () => _time.Run(backend.ExecuteAsync(Request()));

        var job = act.Should().Throw<RemoteJobException>().Where(e => e.Kind == BackendErrorKind.TimeLimit).WithMessage("*runs for longer than RunDeadline*").Which.Job;
        (_time.GetUtcNow() - _service.Jobs[0].At).Should().BeGreaterThan(TimeSpan.FromHours(3.4)).And.BeLessThan(TimeSpan.FromHours(3.7));
        _service.Count("PUT", "/cancel").Should().Be(0);

        var impatient = Create(o => o with { QueueDeadline = TimeSpan.FromMinutes(1), CancelRemoteJobs = true, NewTag = () => "second" });
        ((Action)(() => _time.Run(impatient.ExecuteAsync(Request())))).Should().Throw<RemoteJobException>().WithMessage("*queue*QueueDeadline*").Which.Job.State.Should().Be(RemoteJobState.Failed);
        Await(() => _service.Jobs[1].Cancelled);
        _service.Jobs[1].Cancelled.Should().BeTrue();
        _time.Advance(TimeSpan.FromHours(2));
        _time.Run(backend.ResumeAsync(job.Tag)).Counts.Should().ContainKey(Right);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Execute_CallerCancels_CancelsTheJobOnlyIfAsked(bool ask)
    {
        // The continuation of a wait that is cancelled is on the thread pool, and the virtual time runs away from it.
        _service.QueueTime = TimeSpan.FromDays(3650);
        using var cancel = new CancellationTokenSource();
        var backend = Create(o => o with { CancelRemoteJobs = ask });
        var job = backend.ExecuteAsync(Request(), cancel.Token);
        _time.Advance(TimeSpan.FromMinutes(2));
        Await(() => _time.Run(backend.ListPendingAsync()).Any(j => j.RemoteId is not null));

        // What follows is on the thread pool and needs no time of the clock; were the clock to run meanwhile, calls would time out.
        cancel.Cancel();
        SpinWait.SpinUntil(() => job.IsCompleted, TimeSpan.FromMinutes(10)).Should().BeTrue();
        ((Action)(() => _time.Run(job))).Should().Throw<OperationCanceledException>();
        SpinWait.SpinUntil(() => !ask || _service.Jobs.Single().Cancelled, TimeSpan.FromMinutes(10)).Should().BeTrue();
        Await(() => _time.Run(backend.ListPendingAsync()).Count == (ask ? 0 : 1));

        _service.Jobs.Single().Cancelled.Should().Be(ask);
        _time.Run(backend.ListPendingAsync()).Should().HaveCount(ask ? 0 : 1);
    }

    [Fact]
    public void Execute_TimeLimitOfTheRequest_CancelsTheJob()
    {
        _service.QueueTime = TimeSpan.FromHours(1);
        var backend = Create();

        var act = () => _time.Run(backend.ExecuteAsync(Request() with { Limits = new ExecutionLimits { Time = TimeSpan.FromMinutes(1) } }));

        act.Should().Throw<RemoteJobException>().Where(e => e.Kind == BackendErrorKind.TimeLimit);
        _time.Advance(TimeSpan.FromSeconds(30));
        Await(() => _service.Jobs.Single().Cancelled);
        _service.Jobs.Single().Cancelled.Should().BeTrue("whoever set the limit has other plans");
    }

    // What goes on behind a wait that was cancelled is on the thread pool, which the virtual time does not rule.
    private void Await(Func<bool> condition)
    {
        for (var i = 0; i < 5000 && !condition(); i++)
        {
            Thread.Sleep(1);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Execute_ServiceGoneForHours_GivesUpWithTheJobAndTheBreakerIsOpen()
    {
        _service.Faults.Add(new Fault(FaultKind.LoseRequest, r => r.Method == "GET" && !r.Path.Contains("estimate", StringComparison.Ordinal), int.MaxValue));
        var backend = Create();

        var act = () => _time.Run(backend.ExecuteAsync(Request()));

        act.Should().Throw<RemoteJobException>().Where(e => e.Kind == BackendErrorKind.Unavailable).WithMessage("*60 minutes*Resume it later*");
        (_time.GetUtcNow() - _service.Jobs[0].At).Should().BeLessThan(TimeSpan.FromHours(1.3));
        _service.Calls.Count.Should().BeLessThan(1000, "the breaker lets few calls through");
    }

    [Fact]
    public void UnavailableReason_AfterManyFailures_SaysThatTheServiceIsLeftAlone()
    {
        _service.Faults.Add(new Fault(FaultKind.Refuse, _ => true, int.MaxValue, new FakeReply(500)));
        var backend = Create(o => o with { SpendGate = null });
        for (var i = 0; i < 3; i++)
        {
            ((Action)(() => _time.Run(backend.GetQueueAsync()))).Should().Throw<BackendException>();
        }

        backend.UnavailableReason.Should().Contain("left alone");
        ((Action)(() => _time.Run(backend.ExecuteAsync(Request())))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.Unavailable);
        _time.Advance(TimeSpan.FromMinutes(1));
        backend.UnavailableReason.Should().BeNull();
    }

    [Fact]
    public void UnavailableReason_OutsideTheHours_IsGiven()
    {
        var backend = Create(o => o with { Availability = [new AvailabilityWindow([DayOfWeek.Monday], new TimeOnly(8, 0), new TimeOnly(10, 0)), new AvailabilityWindow([], new TimeOnly(23, 0), new TimeOnly(1, 0))] });

        backend.UnavailableReason.Should().BeNull("it is Monday, nine o'clock");
        _time.Advance(TimeSpan.FromHours(2));
        backend.UnavailableReason.Should().NotBeNull();
        _time.Advance(TimeSpan.FromHours(13.5));
        backend.UnavailableReason.Should().BeNull("it is half past midnight");
    }

    [Fact]
    public void Execute_RateLimit_SpacesTheCallsOfTheAccount()
    {
        var limit = new RemoteRateLimit(0.5, 1);
        var start = _time.GetUtcNow();

        var tasks = Enumerable.Range(0, 4).Select(i => Create(o => o with { RateLimit = limit, SpendGate = null, Id = $"b{i}", NewTag = () => $"t{i}" }).ExecuteAsync(Request())).ToList();
        _time.Run(Task.WhenAll(tasks));

        (_time.GetUtcNow() - start).TotalSeconds.Should().BeGreaterThan((_service.Calls.Count - 1) * 2 - 0.01);
    }

    [Theory]
    [InlineData("http://example.com/v0.4")]
    [InlineData("ftp://localhost/")]
    [InlineData("https://user:password@example.com/")]
    public void Create_UnsafeAddress_IsRefused(string address) =>
        ((Action)(() => IonQBackend.Create(new IonQOptions { Endpoint = new Uri(address), Target = "simulator" }))).Should().Throw<ArgumentException>().WithMessage("*address*");

    [Fact]
    public void Execute_RedirectToAnotherHost_IsRefusedAndTheSecretStays()
    {
        _service.Faults.Add(new Fault(FaultKind.Refuse, r => r.Method == "GET" && r.Path.Contains("backends", StringComparison.Ordinal), 1, new FakeReply(302).With("Location", "https://elsewhere.example/v0.4/backends/simulator")));
        var backend = Create();

        ((Action)(() => _time.Run(backend.GetQueueAsync()))).Should().Throw<BackendException>().WithMessage("*elsewhere.example*redirects*");

        _service.Calls.Should().OnlyContain(c => c.Headers["Host"] == "api.ionq.co");
    }

    [Fact]
    public void Execute_AnswerTooLongOrTooDeep_IsRefused()
    {
        var backend = Create(o => o with { MaxResponseBytes = 2048, MaxRetries = 0 });
        _service.Faults.Add(new Fault(FaultKind.Refuse, _ => true, 1, new FakeReply(200, $"{{\"a\":\"{new string('x', 5000)}\"}}")));
        _service.Faults.Add(new Fault(FaultKind.Refuse, _ => true, 1, new FakeReply(200, new string('[', 500) + new string(']', 500))));

        ((Action)(() => _time.Run(backend.GetQueueAsync()))).Should().Throw<BackendException>().WithMessage("*longer than the 2048 bytes*");
        ((Action)(() => _time.Run(backend.GetQueueAsync()))).Should().Throw<BackendException>().WithMessage("*no whole JSON*");
    }

    [Fact]
    public void Secrets_AreInNoText()
    {
        var options = new IonQOptions { Target = "simulator", Credential = RemoteCredential.FromSecret("hush") };

        $"{options} {options.Credential}".Should().NotContain("hush");
    }

    [Fact]
    public void Execute_EstimateAboveTheLimit_IsRefusedBeforeAnythingIsSent()
    {
        ((Action)(() => Run(o => o with { MaxCostPerJob = 0.1m }))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.BudgetRefused);

        _service.Jobs.Should().BeEmpty();
    }

    [Fact]
    public void Execute_Permit_ReservesByItsKeyAndBooksWhatTheServiceBilled()
    {
        var result = _time.Run(Create(o => o with { SpendGate = null }).ExecuteAsync(Request() with { Spending = new SpendPermit(_gate, "job/0", 0.3m, 0.9m, "tag") }));

        _gate.Reserved["job/0"].Should().Be(0.9m);
        _gate.Settled["job/0"].Should().Be(0.20m);
        result.Cost.Should().Be(0.20m);
    }

    private static ExecutionRequest Request() => new() { Circuit = Circuit, Shots = 500 };

    private RemoteBackend Create(Func<IonQOptions, IonQOptions>? change = null) =>
        IonQTests.Create(_service, _time, o => (change ?? (same => same))(o with { SpendGate = _gate, Journal = _journal }));

    private Task<ExecutionResult> Start(Func<IonQOptions, IonQOptions>? change = null) => Create(change).ExecuteAsync(Request());

    private ExecutionResult Run(Func<IonQOptions, IonQOptions>? change = null) => _time.Run(Start(change));

    private sealed class FailingJournal(IRemoteJobJournal inner, int after) : IRemoteJobJournal
    {
        private int _writes;

        public int Failures { get; private set; }

        public ValueTask WriteAsync(RemoteJob job, CancellationToken cancellationToken = default)
        {
            if (_writes++ < after)
            {
                return inner.WriteAsync(job, cancellationToken);
            }

            Failures++;
            throw new BackendException(BackendErrorKind.Unavailable, job.BackendId, "The disk is full.");
        }

        public ValueTask<RemoteJob?> FindAsync(string tag, CancellationToken cancellationToken = default) => inner.FindAsync(tag, cancellationToken);

        public ValueTask<IReadOnlyList<RemoteJob>> ListPendingAsync(string backendId, CancellationToken cancellationToken = default) => inner.ListPendingAsync(backendId, cancellationToken);
    }
}

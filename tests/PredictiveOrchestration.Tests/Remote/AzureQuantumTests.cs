using Azure.Core;
using PredictiveOrchestration.Azure;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

public sealed class AzureQuantumTests
{
    private const string Emulator = "quantinuum.sim.h1-1e";
    private const string Ankaa = "rigetti.qpu.ankaa-3";
    private readonly AzureHarness _cloud = new();

    [Theory]
    [InlineData("ionq.simulator", "Succeeded")]
    [InlineData("ionq.simulator", "Completed")]
    [InlineData(Emulator, "Succeeded")]
    [InlineData(Ankaa, "Succeeded")]
    public async Task Execute_AsymmetricCircuitOverLoopback_KeepsTheBitOrder(string target, string success)
    {
        var service = new FakeAzure(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero, Storage = null, Success = success };
        await using var host = await LoopbackHost.StartAsync(service);
        await using var backend = AzureQuantumBackend.Create(AzureQuantumOptions.FromConnectionString($"SubscriptionId=sub;ResourceGroupName=group;WorkspaceName=space;ApiKey=secret-key;QuantumEndpoint={host.Address};")
            with { Target = target, MinPollInterval = TimeSpan.FromMilliseconds(5) });

        var result = await backend.ExecuteAsync(CloudHarness.Request(shots: 100));

        result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(CloudHarness.Right, 100));
    }

    [Theory]
    [InlineData("ionq.simulator")]
    [InlineData(Emulator)]
    [InlineData(Ankaa)]
    public void Execute_RandomCircuits_MatchTheOracle(string target)
    {
        var run = 0;
        for (var seed = 0; seed < 10; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Clbits = seed % 3 == 0 ? 0 : 5, Operations = 12, MaxControls = 2, MeasureAtEnd = seed % 3 == 1 });
            ExecutionResult result;
            try
            {
                result = _cloud.Time.Run(_cloud.Create($"job-{seed}", s => s.Target = target).ExecuteAsync(CloudHarness.Request(circuit, 997)));
            }
            catch (BackendException exception) when (exception.Kind == BackendErrorKind.Unsupported)
            {
                continue;
            }

            run++;
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            result.Counts.Values.Sum().Should().Be(997);
            foreach (var key in expected.Keys.Union(result.Counts.Keys.Select(k => k.ToString())))
            {
                Math.Abs(result.Counts.GetValueOrDefault(BitString.Parse(key)) - 997 * expected.GetValueOrDefault(key)).Should().BeLessThan(1 + 1e-6, $"seed {seed}, outcome {key}");
            }
        }

        run.Should().BeGreaterThan(5);
    }

    [Fact]
    public void Execute_OnQuantinuum_KeepsRegistersMeasurementInMidCircuitAndReset()
    {
        // Bits of two registers; qubit 0 is measured, reset, and set again.
        var builder = new CircuitBuilder();
        builder.AddQubits("q", 3);
        builder.AddClbits("first", 2);
        builder.AddClbits("Second", 3);
        var circuit = builder.X(0).Measure(0, 0).Reset(0).Measure(0, 1).X(2).Measure(2, 4).X(0).Measure(0, 2).Build();

        var result = _cloud.Time.Run(_cloud.Create("job", s => s.Target = Emulator).ExecuteAsync(CloudHarness.Request(circuit, 10)));

        result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(BitString.Parse("10101"), 10));
        _cloud.Fake.Jobs.Single().Input.Should().StartWith("OPENQASM 2.0;").And.Contain("reset q[0];");
        _cloud.Fake.Jobs.Single().Body.GetProperty("inputDataFormat").GetString().Should().Be("honeywell.openqasm.v1");
    }

    [Fact]
    public void Execute_OnRigetti_SendsQuilThatReadsWhatIsAskedForAlone()
    {
        var circuit = new CircuitBuilder(4, 3).H(0).Sdg(1).P(-0.25, 2).RZ(1e-7, 3).CX(0, 2).Gate(GateCatalog.P, 1, [0.5], [1, 3]).Swap(2, 3).Measure(3, 0).Measure(1, 2).Build();

        _cloud.Time.Run(_cloud.Create("job", s => s.Target = Ankaa).ExecuteAsync(CloudHarness.Request(circuit, 10)));

        var job = _cloud.Fake.Jobs.Single();
        job.Input.Should().Be(
            """
            DECLARE ro BIT[2]
            H 0
            DAGGER S 1
            PHASE(-0.25) 2
            RZ(1E-07) 3
            CNOT 0 2
            CPHASE(0.5) 1 3
            SWAP 2 3
            MEASURE 1 ro[0]
            MEASURE 3 ro[1]

            """.ReplaceLineEndings("\n"));
        job.Body.GetProperty("providerId").GetString().Should().Be("rigetti");
        job.Body.GetProperty("inputDataFormat").GetString().Should().Be("rigetti.quil.v1");
        job.Body.GetProperty("outputDataFormat").GetString().Should().Be("rigetti.quil-results.v1");
        job.Body.GetProperty("inputParams").GetRawText().Should().Be("""{"count":10}""");
    }

    [Fact]
    public void Read_ResultOfRigetti_AsItsClientDocumentsIt()
    {
        // Bit 0 of the outcome is ro[1], bit 1 nobody writes, bit 2 is ro[0]; other registers may come along.
        _cloud.Service.Faults.Add(new Fault(FaultKind.ReplaceAnswer, _cloud.IsResult, 1, new FakeReply(200, """{"beta":[[0.5],[0.5],[0.5]],"ro":[[1,0],[1,0],[0,1]]}""")));

        var result = _cloud.Time.Run(_cloud.Create("job", s => s.Target = Ankaa).ExecuteAsync(CloudHarness.Request(new CircuitBuilder(4, 3).Measure(3, 0).Measure(1, 2).Build(), 3)));

        result.Counts.Should().BeEquivalentTo(new Dictionary<BitString, long> { [BitString.Parse("100")] = 2, [BitString.Parse("001")] = 1 });
    }

    [Theory]
    [InlineData("""{"ro":[[1],[1]]}""")]
    [InlineData("""{"ro":[[1,2]]}""")]
    [InlineData("""{"ro":[]}""")]
    [InlineData("""{"other":[[1,0]]}""")]
    public void Read_ResultOfRigettiThatIsNone_IsAFaultNotACount(string result)
    {
        _cloud.Service.Faults.Add(new Fault(FaultKind.ReplaceAnswer, _cloud.IsResult, 99, new FakeReply(200, result)));

        ((Action)(() => _cloud.Time.Run(_cloud.Create("job", s => s.Target = Ankaa).ExecuteAsync(CloudHarness.Request(new CircuitBuilder(4, 3).Measure(3, 0).Measure(1, 2).Build(), 3)))))
            .Should().Throw<BackendException>();
    }

    [Fact]
    public void Execute_AddressesOfStorageEndInMidWait_AreAskedForAnew()
    {
        _cloud.Service.QueueTime = TimeSpan.FromDays(3);

        _cloud.Run("job").Counts.Should().ContainKey(CloudHarness.Right);
    }

    [Fact]
    public void Execute_TokensExpireInMidWait_AreRenewedBeforehandAndWhenRefused()
    {
        _cloud.Service.QueueTime = TimeSpan.FromHours(9);
        _cloud.Fake.Token = "token-1";
        var identity = new Rotating(_cloud.Fake, _cloud.Time);
        var job = _cloud.Create("job", s => s.Identity = identity).ExecuteAsync(CloudHarness.Request());
        _cloud.Time.Advance(TimeSpan.FromHours(2.5));
        _cloud.Fake.Token = "revoked";
        identity.Next = "renewed";

        _cloud.Time.Run(job).Counts.Should().ContainKey(CloudHarness.Right);

        identity.Asked.Should().BeInRange(8, 12, "a token lives an hour");
        identity.Scope.Should().Be("https://quantum.microsoft.com/.default");
    }

    [Fact]
    public void Execute_InputCannotBeStored_SubmitsNothingAndFreesTheMoney()
    {
        _cloud.Service.Faults.Add(new Fault(FaultKind.LoseAnswer, r => r.Path.EndsWith("/inputData", StringComparison.Ordinal), 99));

        ((Action)(() => _cloud.Run("job"))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.Unavailable).WithMessage("*input could not be stored*");

        _cloud.Tags.Should().BeEmpty();
        _cloud.Gate.Released.Should().ContainSingle();
    }

    [Fact]
    public void Execute_IdIsTakenAlready_IsTheSameJob()
    {
        _cloud.Service.Faults.Add(new Fault(FaultKind.ReplaceAnswer, _cloud.IsSubmission, 1, new FakeReply(409, """{"error":{"code":"Conflict","message":"exists"}}""")));

        _cloud.Run("job").Counts.Should().ContainKey(CloudHarness.Right);

        _cloud.Tags.Should().Equal("job");
    }

    [Fact]
    public void Queue_OfTheTarget_IsFoundOnALaterPageAndAQuotaThatIsUsedUpCloses()
    {
        var queue = _cloud.Time.Run(_cloud.Create("job").GetQueueAsync())!;
        (queue.IsAvailable, queue.Status, queue.Wait).Should().Be((true, "Degraded", TimeSpan.FromSeconds(90)));

        _cloud.Fake.Quotas = _cloud.Fake.Quotas.Replace("10.5", "49.5", StringComparison.Ordinal);
        queue = _cloud.Time.Run(_cloud.Create("job").GetQueueAsync())!;
        queue.IsAvailable.Should().BeFalse();
        queue.Status.Should().Be("the quota of 50 qgs is used up");

        _cloud.Time.Run(_cloud.Create("job", s => s.Target = Emulator).GetQueueAsync())!.IsAvailable.Should().BeFalse();
    }

    [Fact]
    public void Estimate_ByThePriceList_IsTheDocumentedFormula()
    {
        // 100 one-qubit gates, 20 two-qubit gates, 1000 shots on Aria without mitigation: 22.00 + 19.50.
        var builder = new CircuitBuilder(2, 2);
        for (var i = 0; i < 100; i++)
        {
            builder.H(i % 2);
        }

        for (var i = 0; i < 20; i++)
        {
            builder.CX(0, 1);
        }

        var estimate = _cloud.Time.Run(_cloud.Create("job").EstimateAsync(CloudHarness.Request(builder.Measure(0, 0).Build(), 1000)))!;

        estimate.Cost.Should().Be(new RemoteCost(41.50m, "USD"));
    }

    [Fact]
    public void Create_WrongOptions_NamesEachAndNoSecret()
    {
        ((Action)(() => AzureQuantumBackend.Create(new AzureQuantumOptions { Target = "pasqal.sim.emu-tn" }))).Should().Throw<ArgumentException>().WithMessage("*SubscriptionId*ResourceGroup*Workspace*Location*pasqal*QIR*");
        ((Action)(() => AzureQuantumOptions.FromConnectionString("SubscriptionId=s;ApiKey=hush"))).Should().Throw<ArgumentException>().WithMessage("*ResourceGroupName, WorkspaceName, QuantumEndpoint*").Which.Message.Should().NotContain("hush");
        ((Action)(() => AzureQuantumBackend.Create(_cloud.Options() with { Endpoint = new Uri("http://example.com") }))).Should().Throw<ArgumentException>().WithMessage("*address*");
    }

    // As an identity that keeps no token; the service honours the last that it gave.
    private sealed class Rotating(FakeAzure service, VirtualTime time) : TokenCredential
    {
        public int Asked { get; private set; }

        public string? Next { get; set; }

        public string? Scope { get; private set; }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Asked++;
            Scope = requestContext.Scopes.Single();
            service.Token = Next ?? $"token-{Asked}";
            Next = null;
            return new AccessToken(service.Token, time.GetUtcNow() + TimeSpan.FromHours(1));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}

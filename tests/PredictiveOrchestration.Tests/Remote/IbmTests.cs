using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Ibm;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

public sealed class IbmTests
{
    private readonly VirtualTime _time = new();
    private readonly FakeIbm _service;

    public IbmTests() => _service = new FakeIbm(_time);

    [Fact]
    public void Execute_AsymmetricCircuit_IsBroughtOntoTheDeviceAndKeepsTheBitOrder()
    {
        // Far qubits meet, and bits are read in another order.
        var circuit = new CircuitBuilder(6, 6).X(0).CX(0, 5).CX(5, 3).CX(0, 2)
            .Measure(5, 0).Measure(1, 1).Measure(0, 2).Measure(4, 3).Measure(2, 4).Measure(3, 5).Build();

        var result = Run(circuit, 200);

        result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(BitString.Parse("110101"), 200));
        result.Cost.Should().Be(4.0m, "2.5 s at 1.60");
    }

    [Fact]
    public void Execute_NothingMeasured_ReadsAllQubitsAndRandomCircuitsMatchTheOracle()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Clbits = seed % 2, Operations = 8, MaxControls = 1, Unitaries = false });
            var result = Run(circuit, 4000, $"job-{seed}");
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            foreach (var key in expected.Keys)
            {
                Math.Abs(result.Counts.GetValueOrDefault(BitString.Parse(key)) - 4000 * expected[key]).Should().BeLessThan(20, $"seed {seed}, {key}");
            }
        }
    }

    [Fact]
    public void Execute_TokensExpireInMidWait_AreRenewedBeforehand()
    {
        (_service.QueueTime, _service.TokenLife) = (TimeSpan.FromHours(9), TimeSpan.FromHours(1));

        Run(new CircuitBuilder(2, 2).X(1).Measure(1, 1).Build(), 10).Counts.Should().ContainKey(BitString.Parse("10"));

        _service.Tokens.Should().BeInRange(9, 12);
    }

    [Fact]
    public void Execute_ClockOfTheServiceIsAhead_TokensAreStillUsedForTheirLife()
    {
        _service.ClockSkew = TimeSpan.FromHours(-5);

        Run(new CircuitBuilder(2, 2).X(1).Measure(1, 1).Build(), 10).Counts.Should().ContainKey(BitString.Parse("10"));

        _service.Tokens.Should().Be(1);
    }

    [Fact]
    public void Execute_LostAnswer_FindsTheJobByItsTag()
    {
        _service.Faults.Add(new Fault(FaultKind.LoseAnswer, r => r.Method == "POST" && r.Path.EndsWith("/jobs", StringComparison.Ordinal)));

        Run(new CircuitBuilder(2, 2).X(1).Measure(1, 1).Build(), 10).Counts.Should().ContainKey(BitString.Parse("10"));

        _service.Jobs.Should().ContainSingle();
    }

    [Fact]
    public void Execute_RanTooLong_IsAFailure()
    {
        _service.ReasonCode = "1305";

        ((Action)(() => Run(new CircuitBuilder(1, 1).Measure(0, 0).Build(), 10))).Should().Throw<RemoteJobException>().WithMessage("*failed by the service*1305 Ran too long*");
    }

    [Theory]
    [InlineData(5.0, 3)]
    [InlineData(1.6, 1)]
    [InlineData(1e6, 10800)]
    public void Execute_WithAMostToPay_TellsTheServiceAfterHowManySecondsToEnd(double most, int seconds)
    {
        _time.Run(Create("job", (decimal)most).ExecuteAsync(new ExecutionRequest { Circuit = new CircuitBuilder(1, 1).Measure(0, 0).Build(), Shots = 10, RequireExact = false }));

        _service.Jobs.Single().Body.GetProperty("cost").GetInt32().Should().Be(seconds, "a second costs 1.60");
    }

    [Fact]
    public void Execute_LessThanASecondCanBePaid_IsRefused()
    {
        ((Action)(() => _time.Run(Create("job", 1.59m).ExecuteAsync(new ExecutionRequest { Circuit = new CircuitBuilder(1, 1).Measure(0, 0).Build(), Shots = 10, RequireExact = false }))))
            .Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.BudgetRefused);

        _service.Jobs.Should().BeEmpty();
    }

    [Fact]
    public void Execute_LimitOfTheInstanceIsReached_IsRefusedInsteadOfWaitingForEver()
    {
        _service.IsUsedUp = true;

        ((Action)(() => Run(new CircuitBuilder(1, 1).Measure(0, 0).Build(), 10))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.BudgetRefused).WithMessage("*usage limit*");

        _service.Jobs.Should().BeEmpty();
        var queue = _time.Run(Create("y").GetQueueAsync())!;
        (queue.IsAvailable, queue.Status).Should().Be((false, "the usage limit of the instance is reached"));
    }

    [Fact]
    public void Execute_LimitOfTheInstanceCannotBeAsked_RunsAllTheSame()
    {
        _service.Faults.Add(new Fault(FaultKind.Refuse, r => r.Path.EndsWith("/instances/usage", StringComparison.Ordinal), 9, new FakeReply(403, "{}")));

        Run(new CircuitBuilder(2, 2).X(1).Measure(1, 1).Build(), 10).Counts.Should().ContainKey(BitString.Parse("10"));
    }

    [Fact]
    public void Execute_CircuitThatDoesNotFit_IsRefused() =>
        ((Action)(() => Run(new CircuitBuilder(9, 1).X(8).Measure(8, 0).Build(), 10))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.Unsupported);

    [Fact]
    public void CalibrationAndQueue_AreReadWithTheirUnits()
    {
        var backend = Create("x");
        var calibration = _time.Run(backend.GetCalibrationAsync())!;

        calibration.T1.Should().BeApproximately(250e-6, 1e-12);
        calibration.T2.Should().BeApproximately(100e-6, 1e-12);
        calibration.ReadoutErrors[1].Should().BeApproximately(0.03, 1e-12);
        calibration.TwoQubitErrors[(0, 1)].Should().Be(0.003);
        calibration.TwoQubitTime.Should().BeApproximately(68e-9, 1e-15);
        calibration.ReadoutTime.Should().BeApproximately(1.2e-6, 1e-12);
        var queue = _time.Run(backend.GetQueueAsync())!;
        (queue.IsAvailable, queue.Length).Should().Be((true, 12));
    }

    [Fact]
    public void Create_EuropeanInstance_HasTheAddressOfItsRegion() =>
        new IbmQuantumOptions { Instance = "crn:v1:bluemix:public:quantum-computing:eu-de:a/1:2::" }.Address.Host.Should().Be("eu-de.quantum.cloud.ibm.com");

    private ExecutionResult Run(Circuit circuit, int shots, string tag = "job") => _time.Run(Create(tag).ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = shots, RequireExact = false }));

    private RemoteBackend Create(string tag, decimal? most = null) => IbmQuantumBackend.Create(new IbmQuantumOptions
    {
        Target = "ibm_test", Instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::", MaxQubits = 8, Credential = RemoteCredential.FromSecret("api-key"),
        Handler = _service.Handler(), Time = _time, NewTag = () => tag, PricePerSecond = 1.6m, MaxCostPerJob = most, RateLimit = new RemoteRateLimit(1000, 1000),
    });
}

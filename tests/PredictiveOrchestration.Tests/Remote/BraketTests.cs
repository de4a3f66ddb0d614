using Amazon.Runtime;
using PredictiveOrchestration.Aws;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

public sealed class BraketTests
{
    private const string Garnet = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet";
    private readonly BraketHarness _cloud = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Execute_AsymmetricCircuitOverLoopback_KeepsTheBitOrderInBothLayouts(bool probabilities, bool reversed)
    {
        var service = new FakeBraket(TimeProvider.System)
        {
            Probabilities = probabilities, QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero, Token = "session", Measured = reversed ? n => [.. Enumerable.Range(0, n).Reverse()] : null,
        };
        await using var host = await LoopbackHost.StartAsync(service);
        await using var backend = BraketBackend.Create(new BraketOptions
        {
            Target = BraketHarness.Sv1, Endpoint = host.Address, StorageEndpoint = host.Address, ResultBucket = "amazon-braket-results", MinPollInterval = TimeSpan.FromMilliseconds(5),
            Credentials = new SessionAWSCredentials("AKIDEXAMPLE", "secret-key", "session"),
        });

        var result = await backend.ExecuteAsync(new ExecutionRequest { Circuit = CloudHarness.Circuit, Shots = 100 });

        result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(CloudHarness.Right, 100));
        service.Refused.Should().Be(0, "every signature is right");
    }

    [Fact]
    public void Execute_RandomCircuits_MatchTheOracleInAnyOrderOfMeasuredQubits()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Clbits = 5, Operations = 12, MaxControls = 2, MeasureAtEnd = seed % 2 == 0 });
            var random = new Random(seed);
            _cloud.Fake.Probabilities = seed % 3 == 0;
            _cloud.Fake.Measured = n => [.. Enumerable.Range(0, n).OrderBy(_ => random.Next())];
            if (seed % 4 == 1)
            {
                // A device with few gates.
                _cloud.Fake.Capabilities = """{"action":{"braket.ir.openqasm.program":{"supportedOperations":["cnot","rx","ry","rz"]}}}""";
            }

            ExecutionResult result;
            try
            {
                result = _cloud.Time.Run(_cloud.Create($"job-{seed}").ExecuteAsync(CloudHarness.Request(circuit, 997)));
            }
            catch (BackendException exception) when (exception.Kind == BackendErrorKind.Unsupported && exception.Message.Contains("mid-circuit", StringComparison.Ordinal))
            {
                continue;
            }

            var expected = OracleSimulator.OutcomeDistribution(circuit);
            result.Counts.Values.Sum().Should().Be(997);
            foreach (var key in expected.Keys.Union(result.Counts.Keys.Select(k => k.ToString())))
            {
                Math.Abs(result.Counts.GetValueOrDefault(BitString.Parse(key)) - 997 * expected.GetValueOrDefault(key)).Should().BeLessThan(1 + 1e-6, $"seed {seed}, outcome {key}");
            }
        }

        _cloud.Fake.Jobs.Count.Should().BeGreaterThan(5);
    }

    [Fact]
    public void Dialect_GatesWithNamesOfTheirOwn_AreWrittenByThem()
    {
        var circuit = new CircuitBuilder(3, 3).Gate(GateCatalog.Sdg, 0, [], [0]).Gate(GateCatalog.SX, 0, [], [1]).Gate(GateCatalog.P, 1, [0.25], [0, 2]).Gate(GateCatalog.X, 2, [], [0, 1, 2])
            .Gate(GateCatalog.RZZ, 0, [0.5], [2, 1]).Gate(GateCatalog.Id, 0, [], [0]).Measure(2, 0).Build();

        _cloud.Time.Run(_cloud.Create("job").ExecuteAsync(CloudHarness.Request(circuit)));

        _cloud.Fake.Jobs.Single().Program.Should().Be(
            "OPENQASM 3.0;\nbit[3] b;\nqubit[3] q;\nsi q[0];\nv q[1];\ncphaseshift(0.25) q[0], q[2];\nccnot q[0], q[1], q[2];\nzz(0.5) q[2], q[1];\nb[0] = measure q[0];\nb[1] = measure q[1];\nb[2] = measure q[2];\n");
    }

    [Theory]
    [InlineData(-7200)]
    [InlineData(-240)]
    [InlineData(7200)]
    public void Execute_WrongClock_IsCorrectedByTheServicesDate(int seconds)
    {
        _cloud.Fake.ClockSkew = TimeSpan.FromSeconds(seconds);

        _cloud.Run("job").Counts.Should().ContainKey(CloudHarness.Right);

        _cloud.Fake.Refused.Should().Be(Math.Abs(seconds) > 300 ? 1 : 0, "once is enough to know the skew");
    }

    [Fact]
    public void Execute_CredentialsExpireInMidWait_AreFetchedAnew()
    {
        _cloud.Service.QueueTime = TimeSpan.FromHours(9);
        (_cloud.Fake.AccessKey, _cloud.Fake.Token) = ("AKID1", "token1");
        var credentials = new Rotating();
        var job = _cloud.Create("job", s => s.Aws = credentials).ExecuteAsync(CloudHarness.Request());
        for (var i = 2; i <= 6; i++)
        {
            _cloud.Time.Advance(TimeSpan.FromHours(1));
            (_cloud.Fake.AccessKey, _cloud.Fake.Token, credentials.Current) = ($"AKID{i}", $"token{i}", i);
        }

        _cloud.Time.Run(job).Counts.Should().ContainKey(CloudHarness.Right);

        credentials.Fetched.Should().Be(6);
        _cloud.Fake.Refused.Should().Be(5);
    }

    [Fact]
    public void Execute_WrongKey_FailsWithoutALoop()
    {
        ((Action)(() => _cloud.Run("job", s => s.Aws = new BasicAWSCredentials("AKIDEXAMPLE", "another")))).Should().Throw<BackendException>().Where(e => e.Kind == BackendErrorKind.Unavailable).WithMessage("*403*")
            .Which.ToString().Should().NotContain("another");

        _cloud.Fake.Refused.Should().Be(2);
    }

    [Fact]
    public void Execute_OnASimulatorPricedByTime_BooksTheTimeThatTheResultSays()
    {
        _cloud.Fake.RunTime = TimeSpan.FromSeconds(20);
        var options = _cloud.Options() with { Price = PriceList.Default.Find("braket/sv1", new DateOnly(2026, 11, 2))!.Price };

        var result = _cloud.Time.Run(BraketBackend.Create(options).ExecuteAsync(CloudHarness.Request()));

        result.Cost.Should().Be(0.005625m, "4.5 s at 0.075 a minute");
        result.Timings.Run.Should().Be(TimeSpan.FromSeconds(4.5));
    }

    [Fact]
    public void Queue_OfTheDevice_CountsTasksOnly()
    {
        var queue = _cloud.Time.Run(_cloud.Create("job").GetQueueAsync())!;

        (queue.IsAvailable, queue.Status, queue.Length).Should().Be((true, "ONLINE", 15));
    }

    [Fact]
    public void Connect_Device_TakesQubitsShotsAndHoursFromIt()
    {
        _cloud.Fake.Capabilities = """
            {"service":{"executionWindows":[{"executionDay":"Weekdays","windowStartHour":"08:00:00","windowEndHour":"23:59:59"},{"executionDay":"Someday","windowStartHour":"08:00","windowEndHour":"09:00"}],"shotsRange":[1,20000]},
             "action":{"braket.ir.openqasm.program":{"supportedOperations":["cnot","rx","ry","rz"]}},"paradigm":{"qubitCount":20}}
            """;

        var backend = _cloud.Time.Run(BraketBackend.ConnectAsync(_cloud.Options() with { Target = BraketHarness.Sv1.Replace("quantum-simulator/amazon/sv1", "qpu/iqm/Garnet", StringComparison.Ordinal), MaxQubits = null }));

        (backend.Descriptor.Id, backend.Descriptor.Type, backend.Descriptor.Capabilities.MaxQubits, backend.Descriptor.Capabilities.MaxShots, backend.Descriptor.Capabilities.IsExact)
            .Should().Be(("braket-iqm-garnet", BackendType.HardwareBackend, 20, 20_000, false));
        backend.UnavailableReason.Should().BeNull("it is Monday, nine o'clock");
        _cloud.Time.Advance(TimeSpan.FromHours(14.9));
        backend.UnavailableReason.Should().BeNull("it is one minute before midnight");
        _cloud.Time.Advance(TimeSpan.FromHours(2));
        backend.UnavailableReason.Should().NotBeNull("it is Tuesday, two o'clock");
    }

    [Fact]
    public void Calibration_OfQubitsAndPairs_IsReadWithItsUnits()
    {
        _cloud.Fake.Capabilities = """
            {"paradigm":{"qubitCount":3,"connectivity":{"fullyConnected":false,"connectivityGraph":{"0":["1"],"1":["0","2"]}}},"service":{"updatedAt":"2026-11-01T10:00:00Z"},
             "standardized":{"oneQubitProperties":{
               "0":{"T1":{"value":28,"unit":"us"},"T2":{"value":2e-5,"unit":"s"},"oneQubitFidelity":[{"fidelityType":{"name":"RANDOMIZED_BENCHMARKING"},"fidelity":0.999},{"fidelityType":{"name":"READOUT"},"fidelity":0.97}]},
               "1":{"T1":{"value":32,"unit":"us"},"T2":{"value":4e-5,"unit":"s"},"oneQubitFidelity":[{"fidelityType":{"name":"RANDOMIZED_BENCHMARKING"},"fidelity":0.997},{"fidelityType":{"name":"READOUT_ERROR"},"fidelity":0.95}]}},
              "twoQubitProperties":{"1-0":{"twoQubitGateFidelity":[{"gateName":"CZ","fidelity":0.99,"fidelityType":{"name":"INTERLEAVED_RANDOMIZED_BENCHMARKING"}},{"gateName":"XY","fidelity":0.98}]},"1-2":{"twoQubitGateFidelity":[{"gateName":"CZ","fidelity":0.97}]}}}}
            """;

        var calibration = Calibration();

        calibration.NumQubits.Should().Be(3);
        calibration.MeasuredAt.Should().Be(new DateTimeOffset(2026, 11, 1, 10, 0, 0, TimeSpan.Zero));
        calibration.Couplings.Should().Equal((0, 1), (1, 2));
        calibration.T1.Should().BeApproximately(30e-6, 1e-12);
        calibration.T2.Should().BeApproximately(30e-6, 1e-12);
        calibration.OneQubitErrors[1].Should().BeApproximately(0.003, 1e-12);
        calibration.ReadoutErrors[0].Should().BeApproximately(0.03, 1e-12);
        calibration.ReadoutError.Should().BeApproximately(0.04, 1e-12);
        calibration.TwoQubitErrors[(0, 1)].Should().BeApproximately(0.01, 1e-12, "a compiler chooses the best gate");
        var circuit = new CircuitBuilder(3, 2).H(0).CX(1, 2).Measure(0, 0).Measure(1, 1).Build();
        calibration.SuccessProbability(circuit).Should().BeApproximately(0.999 * 0.97 * 0.97 * 0.95, 1e-12);
    }

    [Fact]
    public void Calibration_OfTheWholeDevice_IsRead()
    {
        _cloud.Fake.Capabilities = """
            {"paradigm":{"qubitCount":36,"connectivity":{"fullyConnected":true,"connectivityGraph":{}}},
             "standardized":{"T1":{"value":100.0,"unit":"s"},"T2":{"value":1.0,"unit":"s"},"readoutFidelity":[{"fidelity":0.995,"unit":"fraction"}],"readoutDuration":{"value":150,"unit":"us"},
              "singleQubitGateDuration":{"value":130,"unit":"us"},"singleQubitFidelity":[{"fidelityType":{"name":"RANDOMIZED_BENCHMARKING"},"fidelity":0.9998}],
              "twoQubitGateFidelity":[{"fidelity":0.994}],"twoQubitGateDuration":{"value":0.00097,"unit":"s"},"updatedAt":"2026-02-22T12:29:03Z"}}
            """;

        var calibration = Calibration();

        (calibration.OneQubitError, calibration.TwoQubitError, calibration.ReadoutError).Should().Be((1 - 0.9998, 1 - 0.994, 1 - 0.995));
        (calibration.T1, calibration.TwoQubitTime).Should().Be((100, 0.00097));
        calibration.ReadoutTime.Should().BeApproximately(150e-6, 1e-12);
        calibration.Couplings.Should().BeEmpty();

        _cloud.Fake.Capabilities = """{"paradigm":{"qubitCount":25},"provider":{"fidelity":{"1Q":{"mean":0.9998},"2Q":{"mean":0.98},"spam":{"mean":0.99}},"timing":{"T1":10,"T2":1,"1Q":1.1e-05,"2Q":0.00021,"readout":0.000175}}}""";
        Calibration().TwoQubitError.Should().BeApproximately(0.02, 1e-12, "older descriptions of IonQ's have their own properties only");

        _cloud.Fake.Capabilities = """{"paradigm":{"qubitCount":34}}""";
        _cloud.Time.Run(_cloud.Create("job").GetCalibrationAsync()).Should().BeNull("a simulator has none");
    }

    [Fact]
    public void Read_ResultThatIsNotAsDocumented_IsKeptAsReceived()
    {
        string[] wrong =
        [
            """{"measurements":[[0,1]],"measuredQubits":[0,1]}""", """{"measurements":[[0,1,0,0,0,2]],"measuredQubits":[0,1,2,3,4,5]}""", """{"measurements":[[0,0,0,0,0,0]],"measuredQubits":[7,1,2,3,4,5]}""",
            """{"measuredQubits":[0,1,2,3,4,5]}""", """{"measurementProbabilities":{"0101":1.0},"measuredQubits":[0,1,2,3,4,5]}""", """{"measurementProbabilities":{"010100":"much"}}""", "[]",
        ];
        for (var i = 0; i < wrong.Length; i++)
        {
            _cloud.Service.Faults.Add(new Fault(FaultKind.Refuse, _cloud.IsResult, 1, new FakeReply(200, wrong[i])));
            var tag = $"job-{i}";

            ((Action)(() => _cloud.Run(tag))).Should().Throw<RemoteJobException>(wrong[i]).WithMessage("*not as documented*").Which.Job.Result.Should().Be(wrong[i]);
        }
    }

    [Fact]
    public void Create_WrongOptions_NamesEach() => ((Action)(() => BraketBackend.Create(new BraketOptions { Target = Garnet, Region = "us-east-1", Credential = RemoteCredential.FromSecret("x"), StorageEndpoint = new Uri("http://example.com") })))
        .Should().Throw<ArgumentException>().WithMessage("*Region*eu-north-1*ResultBucket*StorageEndpoint*Credential*MaxQubits*");

    [Fact]
    public void Address_OfADevice_IsThatOfItsRegion() => new BraketOptions { Target = Garnet }.Address.Should().Be(new Uri("https://braket.eu-north-1.amazonaws.com/"));

    private PredictiveOrchestration.Noise.DeviceCalibration Calibration() => _cloud.Time.Run(_cloud.Create("job").GetCalibrationAsync())!;

    // As those that assume a role: kept until dropped.
    private sealed class Rotating : RefreshingAWSCredentials
    {
        public int Current { get; set; } = 1;

        public int Fetched { get; private set; }

        protected override CredentialsRefreshState GenerateNewCredentials()
        {
            Fetched++;
            return new CredentialsRefreshState(new ImmutableCredentials($"AKID{Current}", "secret-key", $"token{Current}"), DateTime.MaxValue.AddYears(-1));
        }

        protected override Task<CredentialsRefreshState> GenerateNewCredentialsAsync() => Task.FromResult(GenerateNewCredentials());
    }
}

using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

public sealed class IonQTests
{
    // Qubits 0, 2 and 5 are set, read into bits in another order: no symmetry hides a wrong order.
    private static Circuit Asymmetric() => new CircuitBuilder(6, 5).X(0).X(2).X(5).Measure(5, 0).Measure(1, 1).Measure(0, 2).Measure(3, 3).Measure(2, 4).Build();

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task Execute_AsymmetricCircuitOverLoopback_KeepsTheBitOrderInBothLayouts(bool artifacts, bool versionOne)
    {
        var service = new FakeIonQ(TimeProvider.System) { Artifacts = artifacts, HasProbabilities = versionOne, QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero };
        await using var host = await LoopbackHost.StartAsync(service);
        await using var backend = IonQBackend.Create(new IonQOptions
        {
            Endpoint = new Uri(host.Address, "/v0.4"), Target = "simulator", Credential = RemoteCredential.FromSecret("secret-key"), MinPollInterval = TimeSpan.FromMilliseconds(5),
        });

        var result = await backend.ExecuteAsync(new ExecutionRequest { Circuit = Asymmetric(), Shots = 100 });

        result.Counts.Should().ContainSingle().Which.Should().Be(new KeyValuePair<BitString, long>(BitString.Parse("10101"), 100));
    }

    [Fact]
    public void Execute_RandomCircuits_MatchTheOracleByLargestRemainder()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Clbits = 5, Operations = 12, MaxControls = 2, MeasureAtEnd = seed % 2 == 0 });
            var time = new VirtualTime();
            var service = new FakeIonQ(time) { Artifacts = seed % 3 == 0 };
            var backend = Create(service, time);
            ExecutionResult result;
            try
            {
                result = time.Run(backend.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 997 }));
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
    }

    [Fact]
    public void Descriptor_OfSimulatorAndDevice_SaysWhatTheyAre()
    {
        var simulator = IonQBackend.Create(new IonQOptions { Target = "simulator" }).Descriptor;
        var device = IonQBackend.Create(new IonQOptions { Target = "qpu.forte-1" }).Descriptor;

        (simulator.Id, simulator.Type, simulator.Capabilities.IsExact).Should().Be(("ionq-simulator", BackendType.RemoteCloud, true));
        (device.Id, device.Type, device.Capabilities.IsExact, device.Capabilities.MaxQubits).Should().Be(("ionq-forte-1", BackendType.HardwareBackend, false, 36));
    }

    [Fact]
    public void Calibration_WithMedianAndMean_IsRead()
    {
        var time = new VirtualTime();
        var backend = Create(new FakeIonQ(time), time);

        var calibration = time.Run(backend.GetCalibrationAsync())!;

        calibration.OneQubitError.Should().BeApproximately(0.0002, 1e-12);
        calibration.TwoQubitError.Should().BeApproximately(0.005, 1e-12);
        calibration.ReadoutError.Should().BeApproximately(0.0049, 1e-12);
        calibration.T1.Should().Be(100);
        calibration.Couplings.Should().Equal((0, 1), (1, 2));
        var circuit = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();
        calibration.SuccessProbability(circuit).Should().BeApproximately(0.9998 * 0.995 * 0.9951 * 0.9951, 1e-12);
    }

    [Fact]
    public void QueueAndEstimate_AreRead()
    {
        var time = new VirtualTime();
        var backend = Create(new FakeIonQ(time), time);

        var queue = time.Run(backend.GetQueueAsync())!;
        var estimate = time.Run(backend.EstimateAsync(new ExecutionRequest { Circuit = Asymmetric() }))!;

        (queue.IsAvailable, queue.Wait, queue.AsOf).Should().Be((true, TimeSpan.FromMilliseconds(136598), DateTimeOffset.FromUnixTimeSeconds(1490932820)));
        estimate.Should().Be(new RemoteEstimate(new RemoteCost(0.25m, "USD"), TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public void ToCounts_ManyProbabilities_SumToTheShotsAndStayWithinOne()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var probabilities = Enumerable.Range(0, 16).ToDictionary(i => new BitString((ulong)i, 4), _ => random.NextDouble());
            var total = probabilities.Values.Sum();
            var shots = random.Next(1, 2000);

            var counts = Readout.ToCounts(probabilities, shots);

            counts.Values.Sum().Should().Be(shots, string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
            probabilities.All(p => Math.Abs(counts.GetValueOrDefault(p.Key) - p.Value / total * shots) < 1 + 1e-9).Should().BeTrue($"seed {seed}");
        }
    }

    internal static RemoteBackend Create(ScriptedService service, VirtualTime time, Func<IonQOptions, IonQOptions>? change = null)
    {
        var number = 0;
        var options = new IonQOptions
        {
            Target = "simulator", Credential = RemoteCredential.FromSecret("secret-key"), Handler = service.Handler(), Time = time, Seed = 1,
            NewTag = () => $"job-{Interlocked.Increment(ref number)}", RateLimit = new RemoteRateLimit(10_000, 10_000),
        };
        return IonQBackend.Create(change is null ? options : change(options));
    }
}

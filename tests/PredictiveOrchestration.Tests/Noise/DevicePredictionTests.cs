using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Remote.Ibm;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit.Remote;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Tests.Noise;

/// <summary>Fidelity and cost of devices are predicted from what they run, and the fidelity agrees with trajectories of the same calibration.</summary>
public sealed class DevicePredictionTests
{
    private static readonly DeviceCalibration Line = DeviceCalibration.Parse(CalibrationTests.Ibm);
    private static readonly DeviceCalibration Complete = Line with { Device = "complete", Couplings = [], TwoQubitErrors = new Dictionary<(int, int), double>() };

    [Fact]
    public async Task CircuitThatNeedsSwaps_OnALine_IsLessFaithfulAndCostsMore()
    {
        // Every pair of five qubits meets: a line cannot have that without exchanges.
        var builder = new CircuitBuilder(5, 5);
        for (var a = 0; a < 5; a++)
        {
            builder.RX(0.3 + a, a);
            for (var b = 0; b < a; b++)
            {
                builder.RZZ(0.2 + a + b, a, b);
            }
        }

        var circuit = Measured(builder);
        var (line, complete) = await PredictAsync(circuit);

        line.Prediction.OnDevice!.Swaps.Should().BePositive();
        complete.Prediction.OnDevice!.Swaps.Should().Be(0);
        complete.Prediction.OnDevice.TwoQubitGates.Should().Be(20, "an rzz takes two");
        line.Prediction.OnDevice.TwoQubitGates.Should().BeGreaterThan(20);
        line.Prediction.Fidelity.Median.Should().BeLessThan(complete.Prediction.Fidelity.Median);
        line.Cost.Median.Should().BeGreaterThan(complete.Cost.Median);

        // What is charged is what runs: the device's own counts at the listed prices.
        var transpiled = Transpiler.Transpile(circuit, DeviceModel.FromCalibration(Line));
        line.Cost.Median.Should().Be(100 * ((0.001m * transpiled.TwoQubitGates) + (0.0001m * transpiled.OneQubitGates)));
        line.Prediction.Fidelity.Median.Should().BeApproximately(Line.SuccessProbability(transpiled.Circuit), 1e-12, "nothing was measured yet");
    }

    [Fact]
    public async Task DecisionFile_KeepsWhatTheCircuitBecomes()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var circuit = Measured(new CircuitBuilder(5, 5).H(0).CX(0, 4).CX(1, 3).CX(0, 3).CX(1, 4));
        var decision = orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { RequireExact = false }).Decision;
        var profile = DecisionFile.Read(DecisionFile.Write(decision)).Profile!;
        profile.On("line").Should().NotBeNull().And.Be(decision.Inputs!.Job.Profile.On("line"));
        (profile with { OnDevices = null }).On("line").Should().BeNull();

        // Circuits that differ in nothing but their pairs are different jobs.
        var near = Measured(new CircuitBuilder(5, 5).H(0).CX(0, 1).CX(1, 2).CX(2, 3).CX(3, 4));
        var far = orchestrator.GetRoutingRecommendation(near, new OrchestrationRequest { RequireExact = false }).Decision;
        far.Inputs!.Job.Profile.On("line").Should().NotBe(profile.On("line"));
    }

    [Fact]
    public async Task CircuitOfNeighbours_OnALine_IsPredictedAsOnEveryPair()
    {
        var builder = new CircuitBuilder(4, 4).H(0).CX(0, 1).CX(1, 2).CX(2, 3);
        var (line, complete) = await PredictAsync(Measured(builder));
        line.Prediction.OnDevice!.TwoQubitGates.Should().Be(complete.Prediction.OnDevice!.TwoQubitGates).And.Be(3);
    }

    // What a device needs is that of its engines: the tableau for large Clifford circuits, and never more than is predicted.
    [Fact]
    public async Task Memory_IsThatOfTheEnginesAndWithinTheBound()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().AddNoisyDevice(new NoisySimulatorOptions { Noise = new NoiseModel { TwoQubitError = 0.01, OneQubitError = 0.002, T1Seconds = 100, T2Seconds = 150, OneQubitSeconds = 1e-3, TwoQubitSeconds = 1e-2 } })
            .AddNoisyDevice(new NoisySimulatorOptions { Id = "frames", Noise = new NoiseModel { TwoQubitError = 0.01, ReadoutError = 0.02 } })
            .Configure(o =>
            {
                o.StateDirectory = string.Empty;
                o.CalibrationBudget = TimeSpan.Zero;
            }).Build();
        await orchestrator.StartAsync();
        foreach (var (circuit, backend) in new[]
        {
            (RandomFamilies.RandomClifford(200, 500, 1), "frames"), (RandomFamilies.Brickwork(4, 6, 1), "noisy"), (RandomFamilies.Brickwork(15, 4, 1), "noisy"), (ErrorCorrection.Repetition(3, 2), "noisy"),
        })
        {
            var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Backend = backend, RequireExact = false, Shots = 200 });
            result.ActualBackend.Should().Be(backend);
            result.Execution.PeakMemoryBytes.Should().BePositive();
            ((double)result.Execution.PeakMemoryBytes).Should().BeLessThanOrEqualTo(result.Decision.Chosen.Candidate.Prediction.PeakBytes.Upper, circuit.Name);
        }
    }

    [Fact]
    public async Task ExactRequest_DoesNotCompile_AndIsNotForDevices()
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var decision = orchestrator.GetRoutingRecommendation(Measured(new CircuitBuilder(5, 5).H(0).CX(0, 4))).Decision;
        decision.Chosen.Candidate.Backend.IsLocal.Should().BeTrue();
        decision.Refused.Single(r => r.Candidate.Backend.Id == "line").Candidate.Prediction.OnDevice.Should().BeNull();
    }

    // Mirrored random circuits have one right outcome. The predicted success probability and the share of right outcomes in 4,000 trajectories differ by 0.06 at
    // most (docs/noise.md): errors that cancel or that the readout hides are in the one and not in the other.
    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 6)]
    [InlineData(3, 10)]
    [InlineData(4, 16)]
    public async Task PredictedSuccess_AgreesWithTrajectories(int seed, int layers)
    {
        foreach (var calibration in new[] { Line, Complete, DeviceCalibration.Parse(CalibrationTests.IonQ) })
        {
            var (circuit, right) = Mirrored(seed, layers);
            var device = new NoisySimulator(NoisySimulatorOptions.For(calibration), new StateVectorSimulator());
            var predicted = device.Compile(circuit)!.SuccessProbability!.Value;
            var result = await device.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 4_000, Seed = (ulong)seed, RequireExact = false });
            var measured = result.Counts.GetValueOrDefault(right) / 4_000.0;
            predicted.Should().BeInRange(0.2, 0.97, "the circuit must not be trivial");
            measured.Should().BeApproximately(predicted, 0.06, $"{calibration.Device}, {layers} layers");

            // And it is inside the interval that the orchestrator gives.
            var interval = new FidelityModel().Predict(device.Descriptor, CircuitProfiler.Profile(circuit) with { OnDevices = new DeviceTable([new DeviceEntry(device.Descriptor.Id, device.Compile(circuit)!)]) });
            measured.Should().BeInRange(interval.Lower, interval.Upper);
        }
    }

    [Fact]
    public void Ibm_Connected_PredictsFromTheDeviceAndItsCalibration()
    {
        var time = new VirtualTime();
        var service = new FakeIbm(time);
        using var handler = service.Handler();
        var backend = time.Run(IbmQuantumBackend.ConnectAsync(new IbmQuantumOptions
        {
            Target = "ibm_test", Instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::", Credential = PredictiveOrchestration.Remote.RemoteCredential.FromSecret("api-key"), Handler = handler, Time = time,
        }));
        backend.Descriptor.Capabilities.MaxQubits.Should().Be(8, "the service said so");
        backend.Descriptor.Errors!.TwoQubit.Should().Be(0.003);
        var circuit = Measured(new CircuitBuilder(6, 6).H(0).CX(0, 1).CX(1, 2).CX(2, 3).CX(3, 4).CX(4, 5).CX(5, 0));
        var counts = backend.Compile(circuit)!;
        counts.Swaps.Should().BePositive("the device's graph has no ring");
        counts.SuccessProbability.Should().BeInRange(0.5, Math.Pow(1 - 0.003, 6));
        time.Run(backend.DisposeAsync().AsTask());
    }

    private static (Circuit Circuit, BitString Right) Mirrored(int seed, int layers)
    {
        var random = new Random(seed);
        var half = new CircuitBuilder(5, 5);
        for (var layer = 0; layer < layers; layer++)
        {
            for (var q = 0; q < 5; q++)
            {
                half.U(random.NextDouble() * Math.PI, random.NextDouble() * 6, random.NextDouble() * 6, q);
            }

            var a = random.Next(4);
            half.CX(a, a + 1).CX((a + 2) % 5, (a + 4) % 5);
        }

        var forth = half.Build();
        var builder = new CircuitBuilder(5, 5);
        var whole = builder.Build().Compose(forth);

        // Barriers keep the halves from cancelling in the transpiler.
        var back = new CircuitBuilder(5, 5).Barrier(0, 1, 2, 3, 4).Build().Compose(forth.Inverse()).Compose(Measured(new CircuitBuilder(5, 5).X(1).X(2)));
        return (whole.Compose(back), BitString.Parse("00110"));
    }

    private static Circuit Measured(CircuitBuilder builder)
    {
        for (var q = 0; q < builder.NumQubits; q++)
        {
            builder.Measure(q, q);
        }

        return builder.Build();
    }

    private static async Task<(RoutingCandidate Line, RoutingCandidate Complete)> PredictAsync(Circuit circuit)
    {
        await using var orchestrator = Build();
        await orchestrator.StartAsync();
        var decision = orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { Shots = 100, RequireExact = false, CostThreshold = 1000 }).Decision;
        RoutingCandidate Of(string id) => decision.Ranked.Single(r => r.Candidate.Backend.Id == id).Candidate;
        return (Of("line"), Of("complete"));
    }

    private static PredictiveOrchestrator Build() => new PredictiveOrchestratorBuilder()
        .AddNoisyDevice(NoisySimulatorOptions.For(Line) with { Id = "line" })
        .AddNoisyDevice(NoisySimulatorOptions.For(Complete) with { Id = "complete" })
        .Configure(o =>
        {
            o.StateDirectory = string.Empty;
            o.CalibrationBudget = TimeSpan.Zero;
            o.Prices["line"] = o.Prices["complete"] = new PriceModel { PerTwoQubitGateShot = 0.001m, PerOneQubitGateShot = 0.0001m };
        }).Build();
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Tests.Noise;

/// <summary>Trajectories against the density matrix and against closed formulas, with fixed seeds.</summary>
public sealed class TrajectoryTests
{
    private static readonly Dictionary<string, NoiseModel> Models = new()
    {
        ["depolarising"] = new NoiseModel { OneQubitError = 0.02, TwoQubitError = 0.06 },
        ["strong"] = new NoiseModel { OneQubitError = 0.1, TwoQubitError = 0.3 },
        ["readout"] = new NoiseModel { ReadoutError = 0.07, ReadoutErrors = new Dictionary<int, double> { [1] = 0.2 } },
        ["readout of one"] = new NoiseModel { ReadoutError = 0.03, ReadoutErrorOfOne = 0.2, ReadoutErrors = new Dictionary<int, double> { [1] = 0.25 }, ReadoutErrorsOfOne = new Dictionary<int, double> { [1] = 0.05, [2] = 0 } },
        ["relaxation"] = new NoiseModel { T1Seconds = 10, T2Seconds = 7, OneQubitSeconds = 0.3, TwoQubitSeconds = 1.1, ReadoutSeconds = 2 },
        ["equal times"] = new NoiseModel { T1Seconds = 10, T2Seconds = 10, OneQubitSeconds = 0.3, TwoQubitSeconds = 1.1, ReadoutSeconds = 2 },
        ["long coherence"] = new NoiseModel { T1Seconds = 10, T2Seconds = 16, OneQubitSeconds = 0.3, TwoQubitSeconds = 1.1, ReadoutSeconds = 2 },
        ["damping"] = new NoiseModel { T1Seconds = 10, OneQubitSeconds = 0.3, TwoQubitSeconds = 1.1, ReadoutSeconds = 2 },
        ["Paulis"] = new NoiseModel { OneQubitError = 0.05, TwoQubitError = 0.1, ReadoutError = 0.15 },
        ["dephasing"] = new NoiseModel { T2Seconds = 8, OneQubitSeconds = 0.3, TwoQubitSeconds = 1.1 },
        ["everything"] = new NoiseModel
        {
            OneQubitError = 0.01, TwoQubitError = 0.03, ReadoutError = 0.04, T1Seconds = 20, T2Seconds = 30, OneQubitSeconds = 0.2, TwoQubitSeconds = 0.7, ReadoutSeconds = 1, VirtualZ = false,
            OneQubitErrors = new Dictionary<int, double> { [2] = 0.1 }, TwoQubitErrors = new Dictionary<(int, int), double> { [(0, 1)] = 0.12 },
        },
    };

    // Asymmetric, entangling, idling, with a gate on three qubits.
    private const string General = "qubit[4] q; bit[4] c; h q[0]; ry(0.7) q[3]; cx q[0], q[1]; t q[1]; rz(0.3) q[0]; ccx q[0], q[1], q[2]; barrier q; cry(1.1) q[2], q[3]; sx q[0]; swap q[1], q[3]; c = measure q;";
    private const string Clifford = "qubit[4] q; bit[5] c; h q[0]; cx q[0], q[1]; s q[1]; h q[1]; cz q[1], q[2]; h q[2]; c[4] = measure q[2]; cx q[2], q[3]; reset q[2]; h q[2]; cx q[2], q[0]; y q[3]; swap q[0], q[3]; c[0] = measure q[0]; c[1] = measure q[1]; c[2] = measure q[2]; c[3] = measure q[3];";
    private const string Feedback = "qubit[3] q; bit[3] c; ry(1.0) q[0]; cx q[0], q[1]; c[0] = measure q[0]; if (c[0]) { x q[1]; ry(0.4) q[2]; } h q[0]; cx q[0], q[2]; c[1] = measure q[1]; c[2] = measure q[2];";

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var model in Models.Keys)
        {
            foreach (var circuit in new[] { nameof(General), nameof(Clifford), nameof(Feedback) })
            {
                data.Add(model, circuit);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Counts_FollowTheDensityMatrix(string model, string name)
    {
        var circuit = Read(name);
        if (name == nameof(Clifford))
        {
            // Frames wherever nothing but Paulis and wrong reports strike.
            var engine = new StabilizerSimulator();
            var request = new ExecutionRequest { Circuit = circuit, Shots = 10, RequireExact = false };
            (engine.TryRunNoisy(request, NoisePlan.Of(circuit, Models[model]), engine.ContextOf(request, default)) is not null)
                .Should().Be(model is "depolarising" or "strong" or "readout" or "dephasing" or "Paulis");
        }

        LocalSimulator[] engines = name == nameof(Clifford) ? [new StabilizerSimulator(), new StateVectorSimulator()] : [new StateVectorSimulator()];
        await ShouldFollowAsync(circuit, Models[model], name == nameof(General) ? 40_000 : 20_000, engines);
    }

    [Theory]
    [InlineData("everything")]
    [InlineData("relaxation")]
    public async Task Counts_OnEveryEngine_FollowTheDensityMatrix(string model)
    {
        await ShouldFollowAsync(Read(nameof(General)), Models[model], 4_000, [new SparseStateSimulator()]);
        await ShouldFollowAsync(Read(nameof(General)), Models[model], 2_000, [new MatrixProductStateSimulator()]);
    }

    [Fact]
    public async Task Counts_RandomCircuits_FollowTheDensityMatrix()
    {
        var options = Models["everything"];
        for (var seed = 0; seed < 6; seed++)
        {
            var circuit = RandomCircuit(seed);
            await ShouldFollowAsync(circuit, options, 8_000, [new StateVectorSimulator()]);
        }
    }

    [Fact]
    public void Strikes_OfAPlace_AreEquallyOften()
    {
        int[] Choices(NoiseChannel channel, int n) => [.. Enumerable.Range(0, n).Select(k => new NoiseSite(0, channel, 0, 1, 1, 0.25).Choose((k + 0.5) / n))];
        Choices(NoiseChannel.Pauli, 3).Should().Equal(1, 2, 3);
        Choices(NoiseChannel.PauliPair, 15).Should().Equal(Enumerable.Range(1, 15));
        Choices(NoiseChannel.ResetOrZ, 4).Should().Equal(0, 3, 3, 3);
    }

    // The mixture into which relaxation is split, put together again: populations keep a, coherence keeps c.
    [Theory]
    [InlineData(10, 3)]
    [InlineData(10, 10)]
    [InlineData(10, 12)]
    [InlineData(10, 19.99)]
    [InlineData(10, 20)]
    [InlineData(double.PositiveInfinity, 5)]
    public void Split_PutTogether_IsTheChannel(double t1, double t2)
    {
        foreach (var seconds in new[] { 1e-7, 1e-3, 0.5, 4, 60 })
        {
            var relaxation = new Relaxation(t1, t2);
            var (p, share) = relaxation.Split(seconds);
            p.Should().BeInRange(0, 1);
            var (population, coherence) = relaxation.IsDamping
                ? (1 - (p * share), (1 - p) + (p * Math.Sqrt(1 - share)))
                : (1 - (p * share), (1 - p) - (p * (1 - share)));
            (1 - population).Should().BeApproximately(1 - Math.Exp(-seconds / t1), 1e-13);
            (1 - coherence).Should().BeApproximately(1 - Math.Exp(-seconds / t2), 1e-13);
        }

        // The ideal part must be worth keeping: close to 1 for a short time, unless coherence lives as long as it can.
        new Relaxation(t1, t2).Split(1e-3).Probability.Should().BeLessThan(t2 == 20 ? 1.1 : t2 > 19 ? 0.2 : 1e-3);
    }

    // The parity of a GHZ state in the X basis is 1 without noise; every two-qubit channel multiplies it by 1 - 16 p / 15 (a product of Paulis that is not the
    // identity anticommutes with a given one in 8 cases of 15), every one-qubit channel by 1 - 4 p / 3, every readout by 1 - 2 e.
    [Theory]
    [InlineData(3, false)]
    [InlineData(12, false)]
    [InlineData(60, true)]
    public async Task Parity_OfAGhzState_IsTheClosedFormula(int n, bool frames)
    {
        var noise = new NoiseModel { OneQubitError = 0.004, TwoQubitError = 0.006, ReadoutError = 0.003 };
        var builder = new CircuitBuilder(n, n).H(0);
        for (var q = 1; q < n; q++)
        {
            builder.CX(q - 1, q);
        }

        for (var q = 0; q < n; q++)
        {
            builder.H(q).Measure(q, q);
        }

        const int shots = 40_000;
        var device = new NoisySimulator(new NoisySimulatorOptions { Noise = noise }, frames ? [new StabilizerSimulator()] : [new StateVectorSimulator()]);
        var result = await device.ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = frames ? shots : 8_000, Seed = 5, RequireExact = false });
        var parity = result.Counts.Sum(c => (double)c.Value * (Enumerable.Range(0, n).Count(b => c.Key[b]) % 2 == 0 ? 1 : -1)) / result.Shots;
        var expected = Math.Pow(1 - (16 * noise.TwoQubitError / 15), n - 1) * Math.Pow(1 - (4 * noise.OneQubitError / 3), n + 1) * Math.Pow(1 - (2 * noise.ReadoutError), n);
        parity.Should().BeApproximately(expected, 4.5 / Math.Sqrt(result.Shots));
    }

    [Theory]
    [InlineData(100, 60)]
    [InlineData(100, 100)]
    [InlineData(100, 150)]
    [InlineData(100, 200)]
    public async Task Idle_ExcitedAndSuperposed_DecayExponentially(double t1, double t2)
    {
        // Qubit 1 works for 40 gates of one second each; qubits 0 and 2 wait for it.
        var builder = new CircuitBuilder(3, 3).X(0).H(2);
        for (var i = 0; i < 40; i++)
        {
            builder.X(1);
        }

        builder.Barrier(0, 1, 2).H(2).Measure(0, 0).Measure(2, 2).Measure(1, 1);
        var noise = new NoiseModel { T1Seconds = t1, T2Seconds = t2, OneQubitSeconds = 1, VirtualZ = false };
        var counts = (await Run(builder.Build(), noise, 20_000, 3)).Counts;
        double Ones(int bit) => counts.Where(c => c.Key[bit]).Sum(c => c.Value) / 20_000.0;

        // Qubits 0 and 2 relax for the second of their gate and the 39 that they wait; the last H relaxes for one more.
        Ones(0).Should().BeApproximately(Math.Exp(-40 / t1), 0.016);
        Ones(2).Should().BeApproximately((1 - Math.Exp(-40 / t2)) / 2 * Math.Exp(-1 / t1), 0.016);
    }

    [Fact]
    public async Task Counts_SameSeed_AreTheSameWhateverTheThreads()
    {
        var circuit = Read(nameof(General));
        var one = await Run(circuit, Models["everything"], 5_000, 9, threads: 1);
        var many = await Run(circuit, Models["everything"], 5_000, 9, threads: 4);
        one.Counts.Should().BeEquivalentTo(many.Counts);
        (await Run(circuit, Models["everything"], 5_000, 10)).Counts.Should().NotBeEquivalentTo(one.Counts);
        var clifford = Read(nameof(Clifford));
        var frames = new NoisySimulator(new NoisySimulatorOptions { Noise = Models["depolarising"] }, new StabilizerSimulator());
        var request = new ExecutionRequest { Circuit = clifford, Shots = 3_000, Seed = 2, RequireExact = false };
        (await frames.ExecuteAsync(request)).Counts.Should().BeEquivalentTo((await frames.ExecuteAsync(request)).Counts);
    }

    [Fact]
    public async Task NoNoise_IsTheIdealRun()
    {
        var circuit = Read(nameof(General));
        var request = new ExecutionRequest { Circuit = circuit, Shots = 5_000, Seed = 4, RequireExact = false };
        var ideal = await new StateVectorSimulator().ExecuteAsync(request);
        var noisy = await Run(circuit, new NoiseModel(), 5_000, 4);
        noisy.Counts.Should().BeEquivalentTo(ideal.Counts, "shots draw from the same streams");
        noisy.IsExact.Should().BeFalse();
    }

    [Fact]
    public async Task Unmeasured_Circuit_IsReadOverAllQubits()
    {
        var circuit = new CircuitBuilder(3, 1).X(0).Build();
        var result = await Run(circuit, new NoiseModel { ReadoutErrors = new Dictionary<int, double> { [2] = 1 } }, 10, 0);
        result.Counts.Should().ContainSingle().Which.Key.ToString().Should().Be("101", "qubit 2 is always reported wrong");
    }

    // The device's own qubits err, wherever the transpiler puts the circuit's, and unused ones are left out.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Device_WithCouplings_ErrsWhereTheCircuitWasPut(int used)
    {
        var calibration = DeviceCalibration.Parse(CalibrationTests.Ibm) with
        {
            TwoQubitErrors = new Dictionary<(int, int), double> { [(0, 1)] = 0.02, [(1, 2)] = 0.2, [(2, 3)] = 0.05, [(3, 4)] = 0.1 },
            ReadoutErrors = new Dictionary<int, double> { [0] = 0.01, [1] = 0.2, [2] = 0.05, [3] = 0.1, [4] = 0.15 },
            T1 = 3e-6,
            T2 = 2e-6,
        };
        var builder = new CircuitBuilder(5, 5).RY(0.8, 0).CX(0, 2).RX(0.4, 1).CX(1, 2).CX(0, 1);
        for (var q = 3; q < used; q++)
        {
            builder.CX(0, q);
        }

        for (var q = 0; q < used; q++)
        {
            builder.Measure(q, used - 1 - q);
        }

        var circuit = builder.Build();
        var options = NoisySimulatorOptions.For(calibration);
        var onDevice = Transpiler.Transpile(circuit, options.Device!).Circuit;
        var device = new NoisySimulator(options, new StateVectorSimulator());
        var result = await device.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 20_000, Seed = 8, RequireExact = false });
        ShouldFollow(result.Counts, DensityMatrixOracle.OutcomeDistribution(onDevice, NoiseModel.FromCalibration(calibration)), 20_000);
    }

    [Fact]
    public async Task Limits_OfTimeAndCancellation_EndTheRun()
    {
        var circuit = RandomFamilies.Brickwork(16, 40, 1);
        var device = new NoisySimulator(new NoisySimulatorOptions { Id = "mine", Noise = Models["strong"] }, new StateVectorSimulator());
        var request = new ExecutionRequest { Circuit = circuit, Shots = 1_000_000, RequireExact = false };
        var late = await FluentActions.Awaiting(() => device.ExecuteAsync(request with { Limits = new ExecutionLimits { Time = TimeSpan.FromMilliseconds(50) } })).Should().ThrowAsync<BackendException>();
        (late.Which.Kind, late.Which.BackendId).Should().Be((BackendErrorKind.TimeLimit, "mine"));
        var small = await FluentActions.Awaiting(() => device.ExecuteAsync(request with { Shots = 10, Limits = new ExecutionLimits { MemoryBytes = 100_000 } })).Should().ThrowAsync<BackendException>();
        (small.Which.Kind, small.Which.BackendId).Should().Be((BackendErrorKind.OutOfMemory, "mine"));
        using var stop = new CancellationTokenSource();
        var run = device.ExecuteAsync(request with { Progress = new InOrderProgress(_ => stop.Cancel()) }, stop.Token);
        await FluentActions.Awaiting(() => run).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Requests_BeyondADevice_AreRefused()
    {
        var device = new NoisySimulator(new NoisySimulatorOptions { Noise = new NoiseModel() }, new StateVectorSimulator());
        var circuit = Read(nameof(General));
        foreach (var (request, says) in new[]
        {
            (new ExecutionRequest { Circuit = circuit }, "exact answer"), (new ExecutionRequest { Circuit = circuit, RequireExact = false, Shots = 0 }, "one shot"),
            (new ExecutionRequest { Circuit = circuit, RequireExact = false, TopProbabilities = 1 }, "probabilities"), (new ExecutionRequest { Circuit = circuit, RequireExact = false, Observables = [PauliSum.Parse("ZIII")] }, "expectation"),
            (new ExecutionRequest { Circuit = OpenQasmReader.Read("OPENQASM 3.0; qubit q; bit c; while (!c) { c = measure q; }").GetCircuitOrThrow(), RequireExact = false }, "loops"),
        })
        {
            await FluentActions.Awaiting(() => device.ExecuteAsync(request)).Should().ThrowAsync<BackendException>().WithMessage($"*{says}*");
        }

        ((Action)(() => _ = new NoisySimulator(new NoisySimulatorOptions { Noise = new NoiseModel { TwoQubitError = 1.5 } }, new StateVectorSimulator()))).Should().Throw<ArgumentException>().WithMessage("*TwoQubitError is 1.5*");
    }

    private static async Task ShouldFollowAsync(Circuit circuit, NoiseModel noise, int shots, LocalSimulator[] engines)
    {
        var device = new NoisySimulator(new NoisySimulatorOptions { Noise = noise }, engines);
        var result = await device.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = shots, Seed = 1, RequireExact = false });
        ShouldFollow(result.Counts, DensityMatrixOracle.OutcomeDistribution(circuit, noise), shots);
    }

    private static void ShouldFollow(IReadOnlyDictionary<BitString, long> counts, Dictionary<string, double> expected, int shots)
    {
        counts.Values.Sum().Should().Be(shots);
        expected.Values.Sum().Should().BeApproximately(1, 1e-9);

        // Pearson's statistic over outcomes that are expected at least five times; the rest together. The seeds are fixed: a bound that one correct sample in ten thousand would miss.
        var (statistic, classes, rareSeen, rareExpected) = (0.0, 0, 0.0, 0.0);
        foreach (var (outcome, p) in expected)
        {
            var seen = counts.GetValueOrDefault(BitString.Parse(outcome));
            if (p * shots >= 5)
            {
                statistic += Math.Pow(seen - (p * shots), 2) / (p * shots);
                classes++;
            }
            else
            {
                rareSeen += seen;
                rareExpected += p * shots;
            }
        }

        statistic += rareExpected > 1e-9 ? Math.Pow(rareSeen - rareExpected, 2) / Math.Max(rareExpected, 1) : 0;
        (rareExpected <= 1e-9 && rareSeen > 0).Should().BeFalse("impossible outcomes do not occur");
        statistic.Should().BeLessThan(classes + (4 * Math.Sqrt(2 * classes)) + 4);
    }

    private static Task<ExecutionResult> Run(Circuit circuit, NoiseModel noise, int shots, ulong seed, int? threads = null) =>
        new NoisySimulator(new NoisySimulatorOptions { Noise = noise }, new StateVectorSimulator()).ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = shots, Seed = seed, RequireExact = false, Limits = new ExecutionLimits { Threads = threads } });

    private static Circuit RandomCircuit(int seed)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(5, 5);
        for (var i = 0; i < 25; i++)
        {
            var a = random.Next(5);
            var b = (a + 1 + random.Next(4)) % 5;
            _ = random.Next(4) switch
            {
                0 => builder.CX(a, b),
                1 => builder.U(random.NextDouble() * 3, random.NextDouble() * 6, random.NextDouble() * 6, a),
                2 => builder.RZZ(random.NextDouble() * 3, a, b),
                _ => builder.T(a).H(a),
            };
        }

        for (var q = 0; q < 5; q++)
        {
            builder.Measure(q, (q + 2) % 5);
        }

        return builder.Build();
    }

    private static Circuit Read(string name) => OpenQasmReader.Read("OPENQASM 3.0; include \"stdgates.inc\"; " + name switch { nameof(General) => General, nameof(Clifford) => Clifford, _ => Feedback }).GetCircuitOrThrow();

    private sealed class InOrderProgress(Action<ExecutionProgress> action) : IProgress<ExecutionProgress>
    {
        public void Report(ExecutionProgress value) => action(value);
    }
}

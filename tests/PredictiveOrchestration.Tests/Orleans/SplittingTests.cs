using Microsoft.Extensions.DependencyInjection;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Jobs;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Work that is shared among silos gives what one machine gives, whatever the number of parts.</summary>
[Collection(nameof(ClusterTests))]
public sealed class SplittingTests
{
    private static readonly NoiseModel Noise = new() { Name = "test", OneQubitError = 0.02, TwoQubitError = 0.05, ReadoutError = 0.04 };

    public static TheoryData<string> Engines => new("dense", "sparse", "mps", "stabilizer", "noisy", "noisy-clifford");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task FirstShot_PartsOfTheShots_AddUpToAllOfThem(string engine)
    {
        var clifford = engine is "stabilizer" or "noisy-clifford";
        var circuit = RandomCircuits.Create(5, new RandomCircuitOptions
        {
            Qubits = 5, Clbits = 5, Operations = 40, MaxControls = clifford ? 1 : 2, MidCircuit = true, MeasureAtEnd = true, Unitaries = false, CliffordAngles = clifford,
            Gates = clifford ? ["h", "s", "x", "z", "y", "sdg"] : TestSilos.Gates,
        });
        IQuantumBackend backend = engine switch
        {
            "dense" => new StateVectorSimulator(),
            "sparse" => new SparseStateSimulator(),
            "mps" => new MatrixProductStateSimulator(),
            "stabilizer" => new StabilizerSimulator(),
            _ => new NoisySimulator(new NoisySimulatorOptions { Noise = Noise }, new StabilizerSimulator(), new StateVectorSimulator()),
        };
        var request = new ExecutionRequest { Circuit = circuit, Shots = 1000, Seed = 11, RequireExact = !engine.StartsWith("noisy", StringComparison.Ordinal) };
        var whole = await backend.ExecuteAsync(request);

        backend.Descriptor.Capabilities.ShotRanges.Should().BeTrue();
        foreach (var cuts in new[] { new[] { 0, 1000 }, [0, 1, 1000], [0, 333, 334, 777, 1000] })
        {
            var sum = new Dictionary<BitString, long>();
            ReadoutFlips[]? misreads = null;
            for (var i = 0; i + 1 < cuts.Length; i++)
            {
                var part = await backend.ExecuteAsync(request with { FirstShot = cuts[i], Shots = cuts[i + 1] - cuts[i], DefersReadout = true });
                misreads = part.DeferredMisreads;
                foreach (var (outcome, count) in part.Counts)
                {
                    sum[outcome] = sum.GetValueOrDefault(outcome) + count;
                }
            }

            (misreads is null ? sum : NoisySimulator.Misread(sum, misreads, 11, default)).Should().BeEquivalentTo(whole.Counts, string.Join(", ", cuts));
        }
    }

    [Theory]
    [InlineData("local-dense")]
    [InlineData("noisy")]
    public async Task Submit_LongRun_SharesShotsAndGivesTheCountsOfOneMachine(string engine)
    {
        static void WithNoise(PredictiveOrchestratorBuilder b) => b.AddNoisyDevice(new NoisySimulatorOptions { Noise = Noise });
        var circuit = RandomCircuits.Create(8, new RandomCircuitOptions { Qubits = 6, Clbits = 6, Operations = 80, MaxControls = 1, MidCircuit = true, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates });
        var request = new OrchestrationRequest { Shots = 2000, Seed = 3, Backend = engine, RequireExact = engine != "noisy" };
        var direct = await TestSilos.DirectAsync(circuit, request, WithNoise);
        await using var silos = await TestSilos.StartAsync(3, o => (o.SplitFrom, o.PartOverhead) = (TimeSpan.Zero, TimeSpan.Zero), WithNoise);

        var whole = await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuit, request) with { AllowSplit = false })).Id);
        var split = await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuit, request))).Id);

        (whole.Status.State, split.Status.State).Should().Be((ClusterJobState.Succeeded, ClusterJobState.Succeeded), split.Runs[0].FailureMessage);
        whole.Status.Parts.Should().Be(1);
        split.Status.Parts.Should().Be(6, "there are three silos with two places each");
        split.Status.Silos.Should().HaveCountGreaterThan(1);
        whole.Runs[0].Result!.Counts.Should().BeEquivalentTo(direct.Counts);
        split.Runs[0].Result!.Counts.Should().BeEquivalentTo(direct.Counts);
        split.Runs[0].Result!.Shots.Should().Be(2000);
    }

    [Fact]
    public async Task Submit_PartsThatNeverMeet_AreRunByThemselvesAndJoinedAsOneMachineJoinsThem()
    {
        // Two random halves of 7 qubits and one qubit alone.
        var (a, b) = (RandomCircuits.Pairs(1, 7, 6), RandomCircuits.Pairs(2, 7, 6));
        var builder = new CircuitBuilder(15, 15);
        foreach (var (part, offset) in new[] { (a, 0), (b, 7) })
        {
            foreach (var op in part.Operations.ToArray().Where(o => o.Kind == OperationKind.Gate))
            {
                builder.Gate(part.GateOf(op), op.ControlCount, part.ParametersOf(op), [.. part.QubitsOf(op).ToArray().Select(q => q + offset)]);
            }
        }

        builder.H(14);
        for (var q = 0; q < 15; q++)
        {
            builder.Measure(q, q);
        }

        var circuit = builder.Build();
        var request = new OrchestrationRequest { Shots = 400, Seed = 5, Backend = "local-dense", TopProbabilities = 5, Observables = [PauliSum.Parse("IIIIIIIIIIIIIIZ"), PauliSum.Parse("IZIIIIIIIIIIIIZ")] };
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)).Build();
        await orchestrator.StartAsync();
        var advice = orchestrator.GetStrategyAdvice(circuit, request) with { Blocks = PredictiveOrchestration.Integration.Advice.CircuitCutter.Cut(circuit) };
        var advised = await orchestrator.ExecuteAdvisedAsync(circuit, advice, request);
        var exact = await orchestrator.ExecuteAsync(circuit, request with { Shots = 0 });
        await using var silos = await TestSilos.StartAsync(2);

        var result = await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuit, request))).Id);

        result.Status.Parts.Should().Be(3);
        var run = result.Runs[0].Result!;
        run.Counts.Should().BeEquivalentTo(advised.Counts);
        run.Counts.Values.Sum().Should().Be(400);
        run.Probabilities.Should().Equal(advised.Probabilities);
        for (var i = 0; i < 2; i++)
        {
            run.ExpectationValues[i].Should().BeApproximately(exact.ExpectationValues[i], 1e-10);
        }

        run.Probabilities.Select(p => p.Probability).Zip(exact.Probabilities.Select(p => p.Probability)).Should().OnlyContain(p => Math.Abs(p.First - p.Second) < 1e-10);
    }
}

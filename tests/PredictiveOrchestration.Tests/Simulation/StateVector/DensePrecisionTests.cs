using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.StateVector;

public sealed class DensePrecisionTests
{
    [Fact]
    public async Task Execute_SinglePrecision_IsNotCalledExact()
    {
        var request = new ExecutionRequest { Circuit = States.Ghz(3), Shots = 10, Seed = 1 };
        (await new StateVectorSimulator(Single()).ExecuteAsync(request)).IsExact.Should().BeFalse();
        (await new StateVectorSimulator().ExecuteAsync(request)).IsExact.Should().BeTrue();
    }

    [Fact]
    public async Task Orchestrator_OnlySinglePrecision_IsRefusedUnlessApproximateWillDo()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new StateVectorSimulator(Single()))
            .Configure(options => (options.StateDirectory, options.CalibrationBudget) = (string.Empty, TimeSpan.FromMilliseconds(50))).Build();
        await orchestrator.StartAsync();
        var exact = () => orchestrator.ExecuteAsync(States.Ghz(3));
        (await exact.Should().ThrowAsync<NoFeasibleBackendException>()).WithMessage("*local-dense-single*exact*");
        (await orchestrator.ExecuteAsync(States.Ghz(3), new OrchestrationRequest { RequireExact = false })).IsExact.Should().BeFalse();
    }

    [Fact]
    public async Task Execute_SinglePrecision_FollowsTheDistribution()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 2 + seed % 5, Operations = 40, MidCircuit = true, ControlFlow = true, MeasureAtEnd = true });
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            var result = await new StateVectorSimulator(Single()).ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 20_000, Seed = (ulong)seed, TopProbabilities = 1 << 10 });
            StateComparison.Distance(result.Probabilities, expected).Should().BeLessThan(1e-5, "seed {0}", seed);
            StateComparison.ChiSquarePValue(result.Counts, expected).Should().BeGreaterThan(1e-6, "seed {0}", seed);
        }
    }

    [Fact]
    public async Task Expectation_SinglePrecisionOfManyAmplitudes_KeepsFiveDigits()
    {
        // Sums over 2^18 amplitudes would lose digits if they were kept in single precision.
        const int n = 18;
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q++)
        {
            builder.RY(0.1 * (q + 1), q);
        }

        var sum = new PauliSum([new PauliTerm(1, [(2, Pauli.Z), (15, Pauli.X)])]);
        var result = await new StateVectorSimulator(Single()).ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 0, Observables = [sum] });
        result.ExpectationValues[0].Should().BeApproximately(Math.Cos(0.3) * Math.Sin(1.6), 2e-6);
    }

    [Theory]
    [InlineData(StateVectorPrecision.Double, 16)]
    [InlineData(StateVectorPrecision.Single, 8)]
    public async Task Execute_LargeStates_TakeFivePercentMoreThanTheAmplitudes(StateVectorPrecision precision, int bytes)
    {
        var backend = new StateVectorSimulator(new StateVectorOptions { MaxThreads = 2, Precision = precision });
        for (var n = 18; n <= 22; n += 2)
        {
            var result = await backend.ExecuteAsync(new ExecutionRequest { Circuit = Fourier.Qft(n), Shots = 0 });
            result.PeakMemoryBytes.Should().BeInRange((long)bytes << n, (long)(1.05 * bytes * (1 << n)) + Fixed, "{0} qubits", n);
        }
    }

    [Fact]
    public async Task Memory_AnyCircuitAndShots_StaysBelowTheBound()
    {
        var basis = CostBasisCatalog.Get("dense");
        for (var seed = 0; seed < 60; seed++)
        {
            var mid = seed % 2 == 0;
            var circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 1 + seed % 16, Operations = 30, MidCircuit = mid, ControlFlow = seed % 4 == 0, MeasureAtEnd = true,
            });
            var request = new ExecutionRequest { Circuit = circuit, Shots = seed % 3 == 0 ? 0 : 1 + 20_000 * (seed % 5), Seed = 1, TopProbabilities = seed % 3 == 1 ? 16 : 0 };
            var bound = basis.Evaluate(WorkEstimate.Of(CircuitProfiler.Profile(circuit)), new JobShape(request.Shots, 2, 0, request.TopProbabilities));
            var used = (await new StateVectorSimulator(new StateVectorOptions { MaxThreads = 2 }).ExecuteAsync(request)).PeakMemoryBytes;
            used.Should().BeLessThanOrEqualTo((long)bound.BoundBytes, "seed {0}", seed);
        }
    }

    // Two threads' copies of a block and rows of phases.
    private const long Fixed = 2 * ((256 << 10) + (64 << 10));

    private static StateVectorOptions Single() => new() { Id = "local-dense-single", Precision = StateVectorPrecision.Single, MaxThreads = 2 };
}

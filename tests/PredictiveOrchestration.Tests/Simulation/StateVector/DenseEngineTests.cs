using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.StateVector;

public sealed class DenseEngineTests
{
    public static TheoryData<string> Kernels => [.. DenseKernelSelector.Available.Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_RandomCircuits_MatchesTheOracle(string kernels)
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 1 + seed % 9, Operations = 60, MaxControls = seed % 4 });
            var distance = StateComparison.Distance(await FinalStateAsync(circuit, kernels), OracleSimulator.FinalState(circuit));
            distance.Should().BeLessThan(1e-12, "seed {0} with {1}", seed, kernels);
        }
    }

    // Above 14 qubits the state is worked on in blocks, gathered from all over the memory.
    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_BlockedStates_MatchesTheOracle(string kernels)
    {
        foreach (var (n, seed) in new[] { (15, 1), (16, 2), (17, 3) })
        {
            var circuit = TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = n, Operations = 150 });
            StateComparison.Distance(await FinalStateAsync(circuit, kernels), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, "seed {0} with {1}", seed, kernels);
        }
    }

    [Fact]
    public async Task FinalState_Families_MatchesTheOracle()
    {
        Circuit[] circuits =
        [
            Fourier.Qft(15), RandomFamilies.Random(15, 6, 3), RandomFamilies.QuantumVolume(15, 4, 5), RandomFamilies.RandomClifford(15, 200, 7),
            Variational.Qaoa(16, Variational.Ring(16), [0.3, 0.7], [0.2, 0.9]), States.W(16), Adders.Draper(7),
        ];
        foreach (var circuit in circuits)
        {
            StateComparison.Distance(await FinalStateAsync(circuit, string.Empty), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, circuit.Name);
        }
    }

    [Fact]
    public async Task Execute_ThreadsAndRepeats_NeverChangeTheCounts()
    {
        var circuit = RandomFamilies.Random(16, 3, 9);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 5000, Seed = 42 };
        var one = await new StateVectorSimulator(new StateVectorOptions { MaxThreads = 1 }).ExecuteAsync(request);
        var backend = new StateVectorSimulator(new StateVectorOptions { MaxThreads = 4 });
        for (var i = 0; i < 3; i++)
        {
            (await backend.ExecuteAsync(request)).Counts.Should().BeEquivalentTo(one.Counts);
        }
    }

    [Fact]
    public async Task Expectation_ManyQubits_IsThatOfTheClosedFormula()
    {
        // After RY(θ) on each qubit ⟨Z⟩ = cos θ, ⟨X⟩ = sin θ, and products factor.
        const int n = 17;
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q++)
        {
            builder.RY(0.1 * (q + 1), q);
        }

        var sum = new PauliSum([new PauliTerm(2, [(0, Pauli.Z), (16, Pauli.X)]), new PauliTerm(-1, [(3, Pauli.X), (9, Pauli.Z), (12, Pauli.Z)]), new PauliTerm(5, [(4, Pauli.Y)])]);
        var result = await new StateVectorSimulator().ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 0, Observables = [sum] });
        var expected = 2 * Math.Cos(0.1) * Math.Sin(1.7) - Math.Sin(0.4) * Math.Cos(1.0) * Math.Cos(1.3);
        result.ExpectationValues[0].Should().BeApproximately(expected, 1e-12);
    }

    private static async Task<Complex[]> FinalStateAsync(Circuit circuit, string kernels)
    {
        var backend = new StateVectorSimulator(new StateVectorOptions { MaxThreads = 2 }, null, new DenseSettings(DenseKernelSelector.Choose(kernels)));
        var snapshot = await backend.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.Operations.Length);
        return StateComparison.Dense(snapshot);
    }
}

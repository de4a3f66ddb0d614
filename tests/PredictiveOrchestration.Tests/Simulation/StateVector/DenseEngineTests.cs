using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.StateVector;

public sealed class DenseEngineTests
{
    // The oracle's states are worked out once for all kernels.
    private static readonly Lazy<(Circuit Circuit, Complex[] Truth)[]> Small = new(() => WithTruth(Enumerable.Range(0, 150).Select(seed =>
        TestKit.RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 1 + seed % 9, Operations = 60, MaxControls = seed % 4 }))));

    private static readonly Lazy<(Circuit Circuit, Complex[] Truth)[]> Blocked = new(() => WithTruth(new (int Qubits, int Seed)[] { (15, 1), (16, 2), (17, 3) }.Select(s =>
        TestKit.RandomCircuits.Create(s.Seed, new RandomCircuitOptions { Qubits = s.Qubits, Operations = 150 }))));

    public static TheoryData<string> Kernels => [.. DenseKernelSelector.Available.Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_RandomCircuits_MatchesTheOracle(string kernels)
    {
        foreach (var (seed, (circuit, truth)) in Small.Value.Index())
        {
            StateComparison.Distance(await FinalStateAsync(circuit, kernels), truth).Should().BeLessThan(1e-12, "seed {0} with {1}", seed, kernels);
        }
    }

    // Above 14 qubits the state is worked on in blocks, gathered from all over the memory.
    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_BlockedStates_MatchesTheOracle(string kernels)
    {
        foreach (var (circuit, truth) in Blocked.Value)
        {
            StateComparison.Distance(await FinalStateAsync(circuit, kernels), truth).Should().BeLessThan(1e-12, "{0} qubits with {1}", circuit.NumQubits, kernels);
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
    public async Task Probabilities_FewQubitsOfMany_AreThoseOfTheSparseEngine()
    {
        // What is surely zero is left out of passes, measurements and resets; here that is most of the state.
        for (var seed = 0; seed < 24; seed++)
        {
            var random = new Random(seed);
            int n = 12 + (seed % 9), bit = 0;
            var some = Enumerable.Range(0, n).OrderBy(_ => random.Next()).Take(5).ToArray();
            var builder = new CircuitBuilder(n, 40);
            for (var i = 0; i < 40; i++)
            {
                int a = random.Next(some.Length), b = (a + 1 + random.Next(some.Length - 1)) % some.Length;
                _ = random.Next(8) switch
                {
                    0 => builder.H(some[a]),
                    1 => builder.RY(0.1 + random.NextDouble(), some[a]),
                    2 => builder.X(some[a]),
                    3 => builder.Reset(some[a]),
                    4 => builder.Measure(some[a], bit++),
                    5 => builder.CX(some[a], some[b]).CP(0.7, some[b], some[a]),
                    6 => builder.Swap(some[a], some[b]),
                    _ => builder.CX(some[a], some[b]),
                };
            }

            foreach (var qubit in some)
            {
                builder.Measure(qubit, 39 - Array.IndexOf(some, qubit));
            }

            var request = new ExecutionRequest { Circuit = builder.Build(), Shots = 0, TopProbabilities = 4096 };
            var truth = (await new SparseStateSimulator().ExecuteAsync(request)).Probabilities;
            var dense = (await new StateVectorSimulator().ExecuteAsync(request)).Probabilities.ToDictionary(p => p.Outcome, p => p.Probability);
            dense.Values.Sum().Should().BeApproximately(1, 1e-10, "seed {0}", seed);
            foreach (var outcome in truth)
            {
                dense.GetValueOrDefault(outcome.Outcome).Should().BeApproximately(outcome.Probability, 1e-10, "seed {0}, outcome {1}", seed, outcome.Outcome);
            }
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

    private static (Circuit Circuit, Complex[] Truth)[] WithTruth(IEnumerable<Circuit> circuits) => [.. circuits.Select(c => (c, OracleSimulator.FinalState(c)))];

    private static async Task<Complex[]> FinalStateAsync(Circuit circuit, string kernels)
    {
        var backend = new StateVectorSimulator(new StateVectorOptions { MaxThreads = 2 }, null, new DenseSettings(DenseKernelSelector.Choose(kernels)));
        var snapshot = await backend.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.Operations.Length);
        return StateComparison.Dense(snapshot);
    }
}

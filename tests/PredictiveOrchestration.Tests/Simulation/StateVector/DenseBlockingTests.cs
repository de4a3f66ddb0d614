using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.StateVector;

// Plans divided into blocks far smaller than the cache asks for, so that small states meet every way of gathering and every position
// of targets and controls: among the lanes, within a block, outside it.
public sealed class DenseBlockingTests
{
    private const int LeastBlockBits = 6;

    // What is true does not depend on the kernels: worked out once for all of them.
    private static readonly Lazy<(Circuit Circuit, Complex[] Truth)[]> Double = new(() => [.. Enumerable.Range(0, 180).Select(seed =>
        WithTruth(TestKit.RandomCircuits.Create(1000 + seed, new RandomCircuitOptions { Qubits = 1 + seed % 12, Operations = 40, MaxControls = seed % 5 })))]);

    private static readonly Lazy<(Circuit Circuit, Complex[] Truth)[]> Single = new(() => [.. Enumerable.Range(0, 90).Select(seed =>
        WithTruth(TestKit.RandomCircuits.Create(2000 + seed, new RandomCircuitOptions { Qubits = 1 + seed % 12, Operations = 60, MaxControls = seed % 4 })))]);

    public static TheoryData<string> Kernels => [.. DenseKernelSelector.Available.Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_SmallBlocks_MatchesTheOracle(string kernels)
    {
        foreach (var (seed, (circuit, truth)) in Double.Value.Index())
        {
            var blockBits = LeastBlockBits + seed % 4;
            var distance = StateComparison.Distance(await FinalStateAsync(circuit, kernels, blockBits, StateVectorPrecision.Double), truth);
            distance.Should().BeLessThan(1e-12, "seed {0}, {1} qubits in blocks of 2^{2} with {3}", 1000 + seed, circuit.NumQubits, blockBits, kernels);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_BlockedAndNot_AreTheSame(string kernels)
    {
        foreach (var n in new[] { 14, 15, 16, 17, 18 })
        {
            var circuit = TestKit.RandomCircuits.Create(n, new RandomCircuitOptions { Qubits = n, Operations = 250 });
            var whole = await FinalStateAsync(circuit, "scalar", StateVectorSimulator.MaxQubits, StateVectorPrecision.Double);
            foreach (var blockBits in new[] { 8, 11, DenseSettings.CacheBlockBits })
            {
                var blocked = await FinalStateAsync(circuit, kernels, blockBits, StateVectorPrecision.Double);
                StateComparison.Distance(blocked, whole).Should().BeLessThan(1e-12, "seed {0} in blocks of 2^{1} with {2}", n, blockBits, kernels);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_SinglePrecision_IsWithinItsRounding(string kernels)
    {
        foreach (var (seed, (circuit, truth)) in Single.Value.Index())
        {
            var blockBits = seed % 2 == 0 ? DenseSettings.CacheBlockBits : LeastBlockBits + seed % 3;
            var distance = StateComparison.Distance(await FinalStateAsync(circuit, kernels, blockBits, StateVectorPrecision.Single), truth);
            distance.Should().BeLessThan(1e-5, "seed {0}, {1} qubits in blocks of 2^{2} with {3}", 2000 + seed, circuit.NumQubits, blockBits, kernels);
        }
    }

    // All targets among the lanes, none, and between.
    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task FinalState_WideUnitaries_MatchesTheOracle(string kernels)
    {
        for (var seed = 0; seed < 24; seed++)
        {
            var random = new Random(seed);
            const int n = 9;
            var builder = new CircuitBuilder(n);
            for (var q = 0; q < n; q++)
            {
                builder.RY(0.3 + q, q);
            }

            var targets = 4 + seed % 2;
            for (var k = 0; k < 6; k++)
            {
                var qubits = k == 0 ? [.. Enumerable.Range(0, targets)] : Enumerable.Range(0, n).OrderBy(_ => random.Next()).Take(targets).ToArray();
                builder.Unitary(TestKit.RandomCircuits.Unitary(random, targets), qubits);
            }

            var circuit = builder.Build();
            var truth = OracleSimulator.FinalState(circuit);
            var blockBits = LeastBlockBits + seed % 5;
            StateComparison.Distance(await FinalStateAsync(circuit, kernels, blockBits, StateVectorPrecision.Double), truth).Should().BeLessThan(1e-12, "seed {0} with {1}", seed, kernels);
            StateComparison.Distance(await FinalStateAsync(circuit, kernels, blockBits, StateVectorPrecision.Single), truth).Should().BeLessThan(1e-5, "seed {0} with {1}", seed, kernels);
        }
    }

    private static (Circuit Circuit, Complex[] Truth) WithTruth(Circuit circuit) => (circuit, OracleSimulator.FinalState(circuit));

    private static async Task<Complex[]> FinalStateAsync(Circuit circuit, string kernels, int blockBits, StateVectorPrecision precision)
    {
        var settings = new DenseSettings(DenseKernelSelector.Choose(kernels, precision), blockBits);
        var backend = new StateVectorSimulator(new StateVectorOptions { MaxThreads = 2, Precision = precision }, null, settings);
        var snapshot = await backend.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.Operations.Length);
        return StateComparison.Dense(snapshot);
    }
}

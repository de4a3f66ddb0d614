using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>States handed from engine to engine at every operation, against the oracle.</summary>
public sealed class HandOverTests
{
    private static readonly ISegmentedBackend[] Engines =
    [
        new StateVectorSimulator(), new SparseStateSimulator(), new StabilizerSimulator(),
    ];

    public static TheoryData<int, int> Pairs()
    {
        var data = new TheoryData<int, int>();
        for (var from = 0; from < Engines.Length; from++)
        {
            for (var to = 0; to < Engines.Length; to++)
            {
                data.Add(from, to);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Session_HandedOverAtEveryOperation_KeepsTheState(int from, int to)
    {
        var clifford = Engines[from].Descriptor.Capabilities.CliffordOnly || Engines[to].Descriptor.Capabilities.CliffordOnly;
        var swaps = 0;
        for (var seed = 1; seed <= 6; seed++)
        {
            var circuit = clifford
                ? RandomFamilies.RandomClifford(2 + seed % 4, 24, (ulong)seed)
                : RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 2 + seed % 5, Operations = 30 });
            var expected = OracleSimulator.FinalState(circuit);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
            for (var at = 0; at <= circuit.Operations.Length; at++, swaps++)
            {
                foreach (var compact in new[] { false, true })
                {
                    using var first = await Engines[from].OpenAsync(request, null);
                    first.Advance(at);
                    using var second = await Engines[to].OpenAsync(request, first.TakeSnapshot(compact));
                    second.Position.Should().Be(at);
                    second.Advance(circuit.Operations.Length);
                    var snapshot = second.TakeSnapshot(compact);
                    StateComparison.Distance(StateComparison.Dense(snapshot), expected).Should().BeLessThan(1e-12, "seed {0}, operation {1}, compact {2}", seed, at, compact);
                }
            }
        }

        swaps.Should().BeGreaterThan(50);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Snapshot_CompactOfALargeDenseState_HoldsTheSameAmplitudes(int threads)
    {
        // Many chunks, of which most are empty, some full and some sparse; swapped qubits; cancelled amplitudes.
        const int qubits = 19;
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < 8; q++)
        {
            builder.H(q).T(q);
        }

        builder.RY(0.7, 17).CX(17, 12).CCX(12, 3, 14).Swap(2, 18).Swap(5, 16).H(9).T(9).Tdg(9).H(9).RY(0.4, 10).CX(10, 15).GlobalPhase(0.3);
        var request = new ExecutionRequest { Circuit = builder.Build(), Shots = 0 };
        var engine = new StateVectorSimulator(new StateVectorOptions { MaxThreads = threads });
        using var session = await engine.OpenAsync(request, null);
        session.Advance(request.Circuit.Operations.Length);
        var (all, compact) = (session.TakeSnapshot(), session.TakeSnapshot(compact: true));
        compact.IsDense.Should().BeFalse();
        compact.Amplitudes.Should().HaveCount(1 << 10);
        compact.Indices.Should().OnlyHaveUniqueItems();
        StateComparison.Dense(compact).Should().Equal(all.Amplitudes.Select(a => a.Magnitude < 1e-15 ? Complex.Zero : a));

        using var again = await engine.OpenAsync(request, compact);
        again.TakeSnapshot().Amplitudes.Should().Equal(StateComparison.Dense(compact));
        again.Observe(count: true).NonZeros.Should().Be(1 << 10);
    }

    [Fact]
    public async Task Session_AdvancedInSteps_GivesTheCountsOfOneRun()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { MidCircuit = true, ControlFlow = seed % 2 == 0, MeasureAtEnd = true });
            var request = new ExecutionRequest { Circuit = circuit, Shots = 200, Seed = (ulong)seed, TopProbabilities = int.MaxValue };
            foreach (var engine in Engines[..2])
            {
                var whole = await engine.ExecuteAsync(request);
                using var session = await engine.OpenAsync(request, null);
                for (var at = 0; at <= circuit.UnitaryEnd(0); at++)
                {
                    session.Advance(at);
                }

                var steps = session.Finish();
                StateComparison.Distance(steps.Probabilities, whole.Probabilities.ToDictionary(p => p.Outcome.ToString(), p => p.Probability)).Should().BeLessThan(1e-12, "seed {0}", seed);
                steps.Counts.Should().BeEquivalentTo(whole.Counts, "seed {0} on {1}", seed, engine.Descriptor.Id);
            }
        }
    }

    [Fact]
    public async Task Advance_BeyondAMeasurement_IsRefused()
    {
        var circuit = new CircuitBuilder(1, 1).H(0).Measure(0, 0).Build();
        using var session = await Engines[0].OpenAsync(new ExecutionRequest { Circuit = circuit }, null);
        session.Invoking(s => s.Advance(2)).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*0 to 1*");
    }

    [Fact]
    public async Task Observe_Counting_SeesThroughUncomputation()
    {
        var builder = new CircuitBuilder(12);
        for (var q = 0; q < 12; q++)
        {
            builder.H(q);
        }

        for (var q = 0; q < 12; q++)
        {
            builder.RX(0.3, q).RX(-0.3, q).H(q);
        }

        var circuit = builder.Build();
        using var session = await Engines[0].OpenAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null);
        session.Advance(12);
        session.Observe(count: true).NonZeros.Should().Be(4096);
        session.Advance(circuit.Operations.Length);
        session.Observe(count: true).NonZeros.Should().Be(1);
        session.TakeSnapshot(compact: true).Amplitudes.Should().ContainSingle().Which.Magnitude.Should().BeApproximately(1, 1e-12);
    }
}

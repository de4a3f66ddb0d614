using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.MatrixProductState;
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
        new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator(), new StabilizerSimulator(),
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

    // The places that the swapped qubits have in the first engine are kept in the second, whichever they are.
    [Fact]
    public async Task Session_HighQubitsSwapped_AreFoundAgainInACompactState()
    {
        const int qubits = 18;
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < 5; q++)
        {
            builder.H(q).T(q);
        }

        builder.RY(0.7, 16).RY(0.4, 17).CX(17, 3).Swap(16, 17);
        var end = builder.RX(0.3, 2).Build();
        var expected = OracleSimulator.FinalState(end);
        var request = new ExecutionRequest { Circuit = end, Shots = 0 };
        foreach (var from in Engines.Take(3))
        {
            using var first = await from.OpenAsync(request, null);
            first.Advance(end.Operations.Length - 1);
            using var second = await Engines[0].OpenAsync(request, first.TakeSnapshot(compact: true));
            second.Advance(end.Operations.Length);
            StateComparison.Distance(StateComparison.Dense(second.TakeSnapshot(compact: false)), expected).Should().BeLessThan(1e-12, from.Descriptor.Id);
        }
    }

    [Fact]
    public async Task Session_AdvancedInSteps_GivesTheCountsOfOneRun()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { MidCircuit = true, ControlFlow = seed % 2 == 0, MeasureAtEnd = true });
            var request = new ExecutionRequest { Circuit = circuit, Shots = 200, Seed = (ulong)seed, TopProbabilities = int.MaxValue };
            foreach (var engine in Engines[..3])
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
    public async Task Session_HandedOverTwiceAtEveryPairOfOperations_KeepsTheState()
    {
        // There and back between all engines that run any circuit.
        var circuit = RandomCircuits.Create(11, new RandomCircuitOptions { Qubits = 5, Operations = 16 });
        var expected = OracleSimulator.FinalState(circuit);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        foreach (var (one, other) in Engines[..3].SelectMany(a => Engines[..3].Where(b => b != a).Select(b => (a, b))))
        {
            for (var first = 0; first <= circuit.Operations.Length; first++)
            {
                for (var second = first; second <= circuit.Operations.Length; second++)
                {
                    using var begin = await one.OpenAsync(request, null);
                    begin.Advance(first);
                    using var middle = await other.OpenAsync(request, begin.TakeSnapshot(compact: true));
                    middle.Advance(second);
                    using var end = await one.OpenAsync(request, middle.TakeSnapshot(compact: true));
                    end.Advance(circuit.Operations.Length);
                    StateComparison.Distance(StateComparison.Dense(end.TakeSnapshot()), expected).Should().BeLessThan(1e-12, "{0}, {1} and back, at {2} and {3}", one.Descriptor.Id, other.Descriptor.Id, first, second);
                }
            }
        }
    }

    [Fact]
    public async Task Session_TruncatedMatrixProductState_HandsItsFidelityBoundOver()
    {
        var circuit = RandomFamilies.Random(8, 6, 3);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, RequireExact = false };
        var truncating = new MatrixProductStateSimulator(new MatrixProductStateOptions { Truncation = new TruncationPolicy { MaxBondDimension = 6, RequireExact = false } });
        var exact = OracleSimulator.FinalState(circuit);
        var truncated = 0;
        for (var at = 0; at <= circuit.Operations.Length; at += 5)
        {
            using var first = await truncating.OpenAsync(request, null);
            first.Advance(at);
            var seen = first.Observe();
            using var second = await Engines[0].OpenAsync(request, first.TakeSnapshot());
            second.Advance(circuit.Operations.Length);
            var state = StateComparison.Dense(second.TakeSnapshot());
            var overlap = Complex.Zero;
            double norm = 0;
            for (var i = 0; i < exact.Length; i++)
            {
                overlap += Complex.Conjugate(exact[i]) * state[i];
                norm += state[i].Magnitude * state[i].Magnitude;
            }

            norm.Should().BeApproximately(1, 1e-9, "a state that is handed over is one");
            (overlap.Magnitude * overlap.Magnitude).Should().BeGreaterThanOrEqualTo(seen.FidelityLowerBound - 1e-9, "operation {0}", at);
            truncated += seen.FidelityLowerBound < 1 - 1e-9 ? 1 : 0;
        }

        truncated.Should().BePositive();
    }

    [Fact]
    public async Task Observe_MatrixProductState_TellsItsBondAndNoAmplitudes()
    {
        var circuit = new CircuitBuilder(4).H(0).CX(0, 1).CX(1, 2).CX(2, 3).H(1).CX(1, 2).Build();
        using var session = await Engines[2].OpenAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null);
        session.Observe().BondDimension.Should().Be(1);
        session.Advance(4);
        var seen = session.Observe(count: true);
        (seen.BondDimension, seen.NonZeros).Should().Be((2, null));
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

    // Of a large state a part is counted first. Low qubits, high ones and those between: where all are in superposition, all amplitudes are there; where few are, they are counted one by one.
    [Theory]
    [InlineData(0, 18)]
    [InlineData(0, 3)]
    [InlineData(8, 4)]
    [InlineData(14, 4)]
    [InlineData(6, 11)]
    public async Task Observe_CountingInALargeState_TellsFewFromMany(int first, int count)
    {
        const int qubits = 18;
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < qubits; q++)
        {
            // Every amplitude may be there, as far as is known without looking.
            builder.RX(0.3, q).RX(-0.3, q);
        }

        for (var q = first; q < first + count; q++)
        {
            builder.H(q);
        }

        var circuit = builder.Build();
        using var session = await Engines[0].OpenAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null);
        session.Advance(circuit.Operations.Length);
        session.Observe(count: true).NonZeros.Should().Be(1L << count);
    }

    // An estimate is at most sixteen times off: what lies between the counted places was not seen.
    [Fact]
    public async Task Observe_CountingWhatLooksLikeMany_IsNoMoreThanSixteenTimesOff()
    {
        var builder = new CircuitBuilder(18);
        for (var q = 0; q < 18; q++)
        {
            builder.RX(0.3, q).RX(-0.3, q);
        }

        foreach (var q in (int[])[0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17])
        {
            builder.H(q);
        }

        var circuit = builder.Build();
        using var session = await Engines[0].OpenAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null);
        session.Advance(circuit.Operations.Length);
        session.Observe(count: true).NonZeros.Should().BeInRange(1L << 14, 1L << 18);
    }
}

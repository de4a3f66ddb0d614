using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Kernels;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.Stabilizer;

public sealed class StabilizerEngineTests
{
    private static readonly StabilizerSimulator Engine = new();

    [Fact]
    public async Task Gates_AllSingleQubitCliffordGroup_AgreesWithOracle()
    {
        // Every element of the group of 24 is a word in H and S of at most 12 letters; here are all words up to 8, each as one unitary.
        for (var word = 0; word < 256; word++)
        {
            var builder = new CircuitBuilder(1);
            for (var i = 0; i < 8; i++)
            {
                _ = (word >> i & 1) == 0 ? builder.H(0) : builder.S(0);
            }

            var circuit = builder.Build();
            StateComparison.Distance(await StateAsync(circuit), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, "word {0}", word);
        }
    }

    [Fact]
    public async Task TopProbabilities_FewerThanOutcomes_AreThoseThatComeFirst()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var inner = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 9, Clbits = 12, Operations = 40, Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 0, Unitaries = false });
            var builder = new CircuitBuilder(9, 12);

            // Some qubits go into several bits, some into none, some bits are overwritten.
            for (var b = 0; seed % 3 != 0 && b < 12; b++)
            {
                builder.Measure(random.Next(9), random.Next(12));
            }

            var circuit = inner.Compose(builder.Build());
            var all = (await new SparseStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue })).Probabilities;
            var count = 1 + random.Next(all.Count);
            var found = (await Engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = count })).Probabilities;
            found.Select(p => p.Outcome).Should().Equal(all.Select(p => p.Outcome).Order().Take(count), "seed {0}", seed);
            found.Should().OnlyContain(p => Math.Abs(p.Probability - all[0].Probability) < 1e-12, "seed {0}", seed);
        }
    }

    [Fact]
    public async Task TopProbabilities_OfMoreOutcomesThanCanBeListed_AreThoseThatComeFirst()
    {
        // Pairs (q, q + 100) that are equal or, every third, opposite: of 2^100 outcomes x ^ flips above x those with the least upper half come first.
        const int half = 100;
        var builder = new CircuitBuilder(2 * half);
        for (var q = 0; q < half; q++)
        {
            builder.H(q).CX(q, q + half);
            _ = q % 3 == 0 ? builder.X(q + half) : builder;
        }

        const int count = 1000;
        var result = await Engine.ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 0, TopProbabilities = count });
        var text = result.Probabilities.Select(p => p.Outcome.ToString());
        var expected = Enumerable.Range(0, count).Select(k =>
        {
            var upper = Convert.ToString(k, 2).PadLeft(half, '0');
            var lower = string.Concat(upper.Select((bit, i) => (half - 1 - i) % 3 == 0 ? bit == '0' ? '1' : '0' : bit));
            return upper + lower;
        });
        text.Should().Equal(expected);
        result.Probabilities.Should().OnlyContain(p => p.Probability == Math.ScaleB(1, -half));
        var all = () => Engine.ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 0, TopProbabilities = int.MaxValue });
        (await all.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.Unsupported);
    }

    [Fact]
    public async Task Unitaries_RandomCliffordMatrices_AreRecognised()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var qubits = 1 + seed % 5;
            var inner = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = qubits, Clbits = 0, Operations = 20, Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 0, Unitaries = false });
            var size = 1 << qubits;
            var matrix = new Complex[size * size];
            for (var column = 0; column < size; column++)
            {
                var prepare = new CircuitBuilder(qubits);
                for (var q = 0; q < qubits; q++)
                {
                    _ = (column >> q & 1) == 0 ? prepare : prepare.X(q);
                }

                var image = OracleSimulator.FinalState(prepare.Build().Compose(inner));
                for (var row = 0; row < size; row++)
                {
                    matrix[row * size + column] = image[row];
                }
            }

            var builder = new CircuitBuilder(6);
            for (var q = 0; q < 6; q++)
            {
                builder.H(q);
            }

            var circuit = builder.S(0).CX(1, 2).S(4).CZ(3, 5).Unitary(matrix, [.. Enumerable.Range(seed % (7 - qubits), qubits)]).Build();
            StateComparison.Distance(await StateAsync(circuit), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-11, "seed {0}", seed);
        }
    }

    [Theory]
    [InlineData(Math.PI / 2, true)]
    [InlineData(Math.PI / 2 + 1e-13, true)]
    [InlineData(Math.PI / 2 + 1e-10, false)]
    [InlineData(0.3, false)]
    public async Task Angles_AreCliffordOnlyWithinTolerance(double angle, bool isClifford)
    {
        var circuit = new CircuitBuilder(2).RZ(angle, 0).Gate(GateCatalog.P, 1, [2 * angle], [0, 1]).Build();
        var act = () => Engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit });
        if (isClifford)
        {
            await act.Should().NotThrowAsync();
        }
        else
        {
            (await act.Should().ThrowAsync<BackendException>()).WithMessage("*Clifford gates only; operation 0, 'rz(*").Which.Kind.Should().Be(BackendErrorKind.Unsupported);
        }
    }

    [Fact]
    public async Task Snapshot_OfAStateThatIsNone_IsRefused()
    {
        var circuit = new CircuitBuilder(2).H(0).T(0).CX(0, 1).Build();
        var middle = await new SparseStateSimulator().RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit }, null, 2);
        var act = () => Engine.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit }, middle, 3);
        (await act.Should().ThrowAsync<BackendException>()).WithMessage("*no stabilizer state*").Which.OperationIndex.Should().Be(2);
        var many = new CircuitBuilder(100);
        for (var q = 0; q < 100; q++)
        {
            many.H(q);
        }

        var write = () => Engine.RunToSnapshotAsync(new ExecutionRequest { Circuit = many.Build() }, null, 100);
        (await write.Should().ThrowAsync<BackendException>()).WithMessage("*2^100 amplitudes*").Which.Kind.Should().Be(BackendErrorKind.OutOfMemory);
    }

    [Fact]
    public async Task Frames_MidCircuitMeasurementResetAndFeedback_FollowTheOracle()
    {
        var framed = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var circuit = Feedback(seed);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 20_000, Seed = (ulong)seed };
            framed += FrameProgram.IsWorthwhile(request) ? 1 : 0;
            var counts = (await Engine.ExecuteAsync(request)).Counts;
            StateComparison.ChiSquarePValue(counts, OracleSimulator.OutcomeDistribution(circuit)).Should().BeGreaterThan(1e-5, "seed {0}", seed);
        }

        framed.Should().BeGreaterThan(20);
    }

    [Fact]
    public async Task Frames_ShotsInAnyNumber_AreThePrefixOfMore()
    {
        var circuit = Feedback(3);
        var many = (await Engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 3000, Seed = 5 })).Counts;
        var few = (await Engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 1100, Seed = 5 })).Counts;
        few.Values.Sum().Should().Be(1100);
        few.Should().OnlyContain(c => many[c.Key] >= c.Value);
    }

    [Fact]
    public async Task SurfaceCode_WithoutErrors_HasQuietSyndromesAfterTheFirstRound()
    {
        // Repeated rounds give the same syndrome bits: every stabilizer of the code is measured again and again.
        var circuit = ErrorCorrection.Repetition(9, 4);
        var counts = (await Engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 2000 })).Counts;
        counts.Values.Sum().Should().Be(2000);
        var oracle = (await new SparseStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue })).Probabilities;
        counts.Keys.Should().BeSubsetOf(oracle.Select(p => p.Outcome));
    }

    [Fact]
    public async Task Ghz_TenThousandQubits_GivesTheTwoOutcomes()
    {
        var counts = (await Engine.ExecuteAsync(new ExecutionRequest { Circuit = States.Ghz(10_000), Shots = 100 })).Counts;
        counts.Should().HaveCount(2);
        counts.Keys.Select(k => k.ToString()).Should().BeEquivalentTo([new string('0', 10_000), new string('1', 10_000)]);
    }

    [Fact]
    public async Task Memory_AnyCircuit_StaysBelowTheBound()
    {
        var basis = CostBasisCatalog.Get("stabilizer");
        for (var seed = 0; seed < 200; seed++)
        {
            var mid = seed % 2 == 0;
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 1 + seed % 12, Clbits = 4, Operations = 40, Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 0, Unitaries = false,
                MidCircuit = mid, ControlFlow = seed % 4 == 0, MeasureAtEnd = true,
            });
            var request = new ExecutionRequest { Circuit = circuit, Shots = 1 + 100 * (seed % 20), TopProbabilities = seed % 3 == 0 ? int.MaxValue : 0 };
            var job = new JobShape(request.Shots, 1, 0, request.TopProbabilities);
            var bound = basis.Evaluate(WorkEstimate.Of(CircuitProfiler.Profile(circuit)), job);
            var used = (await Engine.ExecuteAsync(request)).PeakMemoryBytes;
            used.Should().BeGreaterThanOrEqualTo((long)bound.LeastBytes).And.BeLessThanOrEqualTo((long)bound.BoundBytes, "seed {0}", seed);
        }
    }

    [Fact]
    public void Transpose_RandomSquare_ExchangesRowsAndColumns()
    {
        var random = new Random(1);
        var square = new ulong[64];
        random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(square.AsSpan()));
        var transposed = (ulong[])square.Clone();
        BitSquare.Transpose(transposed);
        for (var r = 0; r < 64; r++)
        {
            for (var c = 0; c < 64; c++)
            {
                (transposed[c] >> r & 1).Should().Be(square[r] >> c & 1);
            }
        }
    }

    // Random Cliffords with measurements, resets and Paulis under single-bit conditions.
    private static Circuit Feedback(int seed)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(4, 5);
        for (var i = 0; i < 40; i++)
        {
            int a = random.Next(4), b = (a + 1 + random.Next(3)) % 4, bit = random.Next(5);
            _ = random.Next(9) switch
            {
                0 => builder.H(a),
                1 => builder.S(a),
                2 => builder.CX(a, b),
                3 => builder.CZ(a, b),
                4 => builder.Measure(a, bit),
                5 => builder.Reset(a),
                6 => builder.If(new BitExpression(bit)).X(a).EndIf(),
                7 => builder.If(ClassicalExpression.RegisterEquals(bit, 1, 0)).Y(a).Z(b).EndIf(),
                _ => builder.Swap(a, b),
            };
        }

        return builder.Measure(0, 0).Measure(1, 1).Build();
    }

    private static async Task<Complex[]> StateAsync(Circuit circuit) =>
        StateComparison.Dense(await Engine.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit }, null, circuit.Operations.Length));
}

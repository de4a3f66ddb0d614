using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation.MatrixProductState;

public sealed class MatrixProductStateTests
{
    [Theory]
    [InlineData(9601)]
    [InlineData(10910)]
    public async Task RunToSnapshot_ElementsWhoseSquaresUnderflow_AgreesWithTheOracle(int seed)
    {
        // Found by fuzzing: the phase of a diagonal element of about 1e-160, taken from its square, was not of modulus one.
        var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 1 + seed % 7, Clbits = 3, Operations = 25 });
        var snapshot = await new MatrixProductStateSimulator().RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.Operations.Length);
        StateComparison.Distance(StateComparison.Dense(snapshot), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, "seed {0}", seed);
    }

    [Fact]
    public async Task Execute_GhzOnThousandQubits_GivesTheTwoOutcomesEquallyOften()
    {
        var result = await new MatrixProductStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = States.Ghz(1000), Shots = 4000, Seed = 3, TopProbabilities = 4 });
        result.Counts.Should().HaveCount(2);
        result.Counts.Keys.Select(k => k.ToString()).Should().BeEquivalentTo([new string('0', 1000), new string('1', 1000)]);
        result.Counts.Values.Min().Should().BeInRange(1850, 2000);
        result.Probabilities.Should().HaveCount(2).And.OnlyContain(p => Math.Abs(p.Probability - 0.5) < 1e-12);
        result.FidelityLowerBound.Should().Be(1);
        result.IsExact.Should().BeTrue();
    }

    [Fact]
    public async Task Execute_WOnThousandQubits_PutsOneBitEverywhere()
    {
        var result = await new MatrixProductStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = States.W(1000), Shots = 3000, Seed = 4, TopProbabilities = 2000 });
        result.Counts.Keys.Should().OnlyContain(k => k.ToString().Count(c => c == '1') == 1);
        result.Counts.Count.Should().BeInRange(900, 1000, "3,000 shots leave 1000 · e^-3 = 50 of the outcomes out");
        result.Probabilities.Should().HaveCount(1000).And.OnlyContain(p => Math.Abs(p.Probability - 0.001) < 1e-12);
    }

    [Fact]
    public async Task Execute_ThousandIndependentQubits_DrawsEveryBitFairly()
    {
        // Far more random bits than a number has: the renewed ones must be as good, and independent of the first.
        var builder = new CircuitBuilder(1000);
        for (var q = 0; q < 1000; q++)
        {
            builder.H(q);
        }

        var result = await new MatrixProductStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 2000, Seed = 5 });
        result.Counts.Should().HaveCount(2000);
        var rows = result.Counts.Keys.Select(k => k.ToString()).ToArray();
        for (var q = 0; q < 1000; q++)
        {
            rows.Count(r => r[q] == '1').Should().BeInRange(1000 - 112, 1000 + 112, "bit {0}: five standard deviations", q);
        }

        for (var q = 0; q + 41 < 1000; q += 7)
        {
            rows.Count(r => r[q] == r[q + 41]).Should().BeInRange(1000 - 112, 1000 + 112, "bits {0} and {1}", q, q + 41);
        }
    }

    [Fact]
    public async Task Execute_WideCircuitsOfFewBranches_AgreeWithTheSparseEngine()
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var circuit = FewBranches(seed, 100);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue, Observables = [new PauliSum([new PauliTerm(1, [(3, Pauli.Z), (90, Pauli.Z)])]), new PauliSum([new PauliTerm(1, [(0, Pauli.X), (50, Pauli.Y)])])] };
            var expected = await new SparseStateSimulator().ExecuteAsync(request);
            var result = await new MatrixProductStateSimulator().ExecuteAsync(request);
            StateComparison.Distance(result.Probabilities, expected.Probabilities.ToDictionary(p => p.Outcome.ToString(), p => p.Probability)).Should().BeLessThan(1e-11, "seed {0}", seed);
            for (var i = 0; i < 2; i++)
            {
                result.ExpectationValues[i].Should().BeApproximately(expected.ExpectationValues[i], 1e-11, "seed {0}", seed);
            }
        }
    }

    [Fact]
    public async Task RunToSnapshot_BondsAboveSixtyFour_AgreeWithTheStateVector()
    {
        // 16 random qubits have bonds of up to 256.
        var circuit = RandomFamilies.Random(16, 14, 1);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        var expected = StateComparison.Dense(await new StateVectorSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length));
        var snapshot = await new MatrixProductStateSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length);
        StateComparison.Distance(StateComparison.Dense(snapshot), expected).Should().BeLessThan(1e-12);
    }

    [Fact]
    public async Task Execute_ManyQubitsPartlyMeasured_SumsOverTheOthers()
    {
        var builder = new CircuitBuilder(60, 2);
        for (var q = 0; q < 60; q++)
        {
            builder.H(q);
        }

        builder.CX(10, 50).RY(0.7, 20).CX(20, 40).Measure(20, 0).Measure(40, 1);
        var result = await new MatrixProductStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 0, TopProbabilities = 4 });

        // RY on |+⟩: P(1) = (1 + sin 0.7) / 2, and |+⟩ as target is left alone.
        var one = (1 + Math.Sin(0.7)) / 2;
        StateComparison.Distance(result.Probabilities, new Dictionary<string, double> { ["01"] = one / 2, ["11"] = one / 2, ["00"] = (1 - one) / 2, ["10"] = (1 - one) / 2 }).Should().BeLessThan(1e-12);
    }

    [Fact]
    public async Task Execute_TooManyOutcomes_IsRefusedWithTheLimit()
    {
        var builder = new CircuitBuilder(40);
        for (var q = 0; q < 40; q++)
        {
            builder.H(q);
        }

        var act = () => new MatrixProductStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = builder.Build(), Shots = 0, TopProbabilities = 1, Limits = new ExecutionLimits { MemoryBytes = 1 << 20 } });
        await act.Should().ThrowAsync<BackendException>();
    }

    [Fact]
    public async Task Execute_ExactWithTooSmallBond_IsRefusedWithBothNumbers()
    {
        var engine = Limited(8, requireExact: true);
        var act = () => engine.ExecuteAsync(new ExecutionRequest { Circuit = RandomFamilies.Random(12, 12, 1), Shots = 1 });
        var exception = (await act.Should().ThrowAsync<BackendException>()).Which;
        exception.Kind.Should().Be(BackendErrorKind.Unsupported);
        exception.Message.Should().Contain("the limit is 8").And.Contain("RequireExact").And.MatchRegex("bond dimension of (16|32|64) ");
    }

    [Fact]
    public async Task Execute_ExactWithBondThatSuffices_Runs()
    {
        var result = await Limited(2, requireExact: true).ExecuteAsync(new ExecutionRequest { Circuit = States.Ghz(50), Shots = 100 });
        result.Counts.Should().HaveCount(2);
        result.IsExact.Should().BeTrue();
    }

    [Fact]
    public async Task Execute_Truncated_FidelityIsNotBelowTheBound()
    {
        var bounded = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var circuit = Weak(seed, 12);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
            var engine = Limited(6 + seed % 12, requireExact: false);
            var exact = StateComparison.Dense(await new StateVectorSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length));
            var state = StateComparison.Dense(await engine.RunToSnapshotAsync(request, null, circuit.Operations.Length));
            var result = await engine.ExecuteAsync(request);
            var overlap = Complex.Zero;
            for (var i = 0; i < exact.Length; i++)
            {
                overlap += Complex.Conjugate(exact[i]) * state[i];
            }

            var fidelity = overlap.Magnitude * overlap.Magnitude;
            state.Sum(a => a.Magnitude * a.Magnitude).Should().BeApproximately(1, 1e-10, "seed {0}", seed);
            fidelity.Should().BeGreaterThanOrEqualTo(result.FidelityLowerBound - 1e-10, "seed {0}", seed);
            result.IsExact.Should().BeFalse();
            bounded += result.FidelityLowerBound is > 0.5 and < 0.999999 ? 1 : 0;
            (result.DiscardedWeight > 0).Should().Be(result.FidelityLowerBound < 1, "seed {0}", seed);
        }

        bounded.Should().BeGreaterThan(5, "the bound must say something");
    }

    [Fact]
    public async Task Execute_Cutoff_DropsNoMoreThanItSays()
    {
        var circuit = Weak(3, 14);
        var engine = new MatrixProductStateSimulator(new MatrixProductStateOptions { Truncation = new TruncationPolicy { RequireExact = false, Cutoff = 1e-6 } });
        var result = await engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 });
        result.FidelityLowerBound.Should().BeGreaterThan(0.99);
    }

    [Fact]
    public async Task Execute_CancelledWhileBondsAreLarge_Stops()
    {
        // Uncancelled this would take hours: bonds of up to 2^15.
        using var source = new CancellationTokenSource();
        var progress = new Immediate(done =>
        {
            if (done.OperationsDone == 0)
            {
                source.CancelAfter(1500);
            }
        });
        var request = new ExecutionRequest { Circuit = RandomFamilies.Random(30, 60, 1), Shots = 1, Progress = progress };
        var act = () => new MatrixProductStateSimulator().ExecuteAsync(request, source.Token);
        await act.Should().ThrowAsync<OperationCanceledException>();
        progress.Reports.Should().BeGreaterThan(1);
    }

    [Fact]
    public async Task Execute_BondsBeyondTheMemory_IsRefusedWithNumbers()
    {
        var act = () => new MatrixProductStateSimulator(new MatrixProductStateOptions { MaxMemoryBytes = 20_000_000 })
            .ExecuteAsync(new ExecutionRequest { Circuit = RandomFamilies.Random(30, 40, 1), Shots = 1 });
        var exception = (await act.Should().ThrowAsync<BackendException>()).Which;
        exception.Kind.Should().Be(BackendErrorKind.OutOfMemory);
        exception.RequiredBytes.Should().BeGreaterThan(20_000_000);
    }

    [Fact]
    public async Task PeakMemory_RandomCircuits_StaysWithinThePredictedBound()
    {
        var engine = new MatrixProductStateSimulator();
        var predictor = new PerformancePredictor(1, []);
        for (var seed = 0; seed < 320; seed++)
        {
            // Small circuits of everything; long ones with gates on up to four qubits anywhere; deep ones of large bonds.
            var circuit = (seed % 8) switch
            {
                0 => RandomFamilies.Random(8 + seed % 5, 8, (ulong)seed),
                1 => FewBranches(seed, 60 + seed),
                2 => Weak(seed, 8 + seed % 6),
                _ => RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 2 + seed % 9, Operations = 30, MidCircuit = seed % 3 == 0, ControlFlow = seed % 7 == 0, MeasureAtEnd = seed % 2 == 0 }),
            };
            var top = circuit.NumQubits <= 12 ? seed % 2 * 10 : 0;
            var shots = seed % 5 == 0 ? 3000 : 50;
            var bound = predictor.Predict(engine.Descriptor, CircuitProfiler.Profile(circuit), new JobShape(shots, 1, 1, top)).PeakBytes.Upper;
            var result = await engine.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = shots, TopProbabilities = top, Observables = [new PauliSum([new PauliTerm(1, [(0, Pauli.X), (circuit.NumQubits - 1, Pauli.Z)])])] });
            ((double)result.PeakMemoryBytes).Should().BeLessThanOrEqualTo(bound, "seed {0}", seed);
        }
    }

    [Fact]
    public async Task Session_ManySwaps_LeaveTheBondsAlone()
    {
        var random = new Random(5);
        var builder = new CircuitBuilder(100).H(0);
        for (var q = 0; q + 1 < 100; q++)
        {
            builder.CX(q, q + 1);
        }

        for (var k = 0; k < 1000; k++)
        {
            var a = random.Next(100);
            builder.Swap(a, (a + 1 + random.Next(99)) % 100);
        }

        builder.X(17);
        var circuit = builder.Build();
        var engine = new MatrixProductStateSimulator();
        using var session = await engine.OpenAsync(new ExecutionRequest { Circuit = circuit, Shots = 200, Observables = [new PauliSum([new PauliTerm(1, [(17, Pauli.Z), (60, Pauli.Z)])])] }, null);
        session.Advance(circuit.Operations.Length);
        session.Observe().BondDimension.Should().Be(2);
        var snapshot = session.TakeSnapshot();
        snapshot.Indices.Should().BeEquivalentTo([UInt128.One << 17, ((UInt128.One << 100) - 1) ^ (UInt128.One << 17)]);
        var result = session.Finish();
        result.Counts.Keys.Select(k => k.ToString()).Should().OnlyContain(k => k.Count(c => c == '1') == 1 || k.Count(c => c == '0') == 1);
        result.ExpectationValues[0].Should().BeApproximately(-1, 1e-12);
    }

    [Fact]
    public async Task RunToSnapshot_RandomPairs_ReordersAndAgreesWithTheStateVector()
    {
        foreach (var seed in new[] { 1, 2, 3 })
        {
            var circuit = RandomCircuits.Pairs(seed, 14, 3);
            var site = ChainLayout.Choose(circuit).SiteOf;
            site.Should().NotBeInAscendingOrder("seed {0}: else nothing is tested", seed);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 0, Observables = [new PauliSum([new PauliTerm(1, [(2, Pauli.X), (5, Pauli.Y), (13, Pauli.Z)])])] };
            var expected = await new StateVectorSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length);
            var snapshot = await new MatrixProductStateSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length);
            StateComparison.Distance(StateComparison.Dense(snapshot), StateComparison.Dense(expected)).Should().BeLessThan(1e-12, "seed {0}", seed);
            var value = (await new StateVectorSimulator().ExecuteAsync(request)).ExpectationValues[0];
            (await new MatrixProductStateSimulator().ExecuteAsync(request)).ExpectationValues[0].Should().BeApproximately(value, 1e-12, "seed {0}", seed);
        }
    }

    [Fact]
    public async Task RunToSnapshot_FromTheMiddle_AgreesWithTheWholeRun()
    {
        var circuit = RandomCircuits.Pairs(4, 14, 3);
        var middle = circuit.Operations.Length / 2;
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        var engine = new MatrixProductStateSimulator();
        var half = await new StateVectorSimulator().RunToSnapshotAsync(request, null, middle);
        var whole = await engine.RunToSnapshotAsync(request, null, circuit.Operations.Length);
        var resumed = await engine.RunToSnapshotAsync(request, half, circuit.Operations.Length);
        StateComparison.Distance(StateComparison.Dense(resumed), StateComparison.Dense(whole)).Should().BeLessThan(1e-12);
    }

    [Fact]
    public async Task Resume_StateBeyondTheGreatestBond_IsTruncatedOrRefused()
    {
        var circuit = RandomFamilies.Random(8, 8, 3);
        var end = circuit.Operations.Length;
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        var snapshot = await new StateVectorSimulator().RunToSnapshotAsync(request, null, end);
        var truncated = await Limited(5, requireExact: false).RunToSnapshotAsync(request, snapshot, end);
        Complex[] exact = StateComparison.Dense(snapshot), state = StateComparison.Dense(truncated);
        var overlap = exact.Zip(state, (a, b) => Complex.Conjugate(a) * b).Aggregate(Complex.Zero, (a, b) => a + b).Magnitude;
        state.Sum(a => a.Magnitude * a.Magnitude).Should().BeApproximately(1, 1e-12);
        overlap.Should().BeInRange(0.2, 0.99, "bonds of 16 do not fit into 5");
        var result = await Limited(5, requireExact: false).ResumeAsync(request, snapshot);
        result.FidelityLowerBound.Should().BeApproximately(overlap * overlap, 1e-10, "the truncations of one sweep are nested: the bound is met");
        var act = () => Limited(5, requireExact: true).ResumeAsync(request, snapshot);
        (await act.Should().ThrowAsync<BackendException>()).Which.Message.Should().Contain("the limit is 5");
    }

    [Fact]
    public async Task RunToSnapshot_TwelveThousandGates_KeepsNormAndState()
    {
        var random = new Random(11);
        var builder = new CircuitBuilder(9);
        for (var k = 0; k < 12_000; k++)
        {
            var a = random.Next(9);
            if (k % 2 == 0)
            {
                builder.U(random.NextDouble() * 3, random.NextDouble() * 6, random.NextDouble() * 6, a);
            }
            else
            {
                builder.CX(a, (a + 1 + random.Next(8)) % 9);
            }
        }

        var circuit = builder.Build();
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        var state = StateComparison.Dense(await new MatrixProductStateSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length));
        state.Sum(a => a.Magnitude * a.Magnitude).Should().BeApproximately(1, 1e-12);
        StateComparison.Distance(state, StateComparison.Dense(await new StateVectorSimulator().RunToSnapshotAsync(request, null, circuit.Operations.Length))).Should().BeLessThan(1e-11);
    }

    [Theory]
    [InlineData(20, 1)]
    [InlineData(34, 18)]
    public async Task RunToSnapshot_AmplitudesBeyondTheMemory_AreRefusedWithNumbers(int qubits, int superposed)
    {
        // Dense amplitudes where few qubits are zero for certain, else sparse ones; the tensors take little.
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < (superposed == 1 ? qubits : superposed); q++)
        {
            builder.H(q);
        }

        var circuit = builder.Build();
        var act = () => new MatrixProductStateSimulator(new MatrixProductStateOptions { MaxMemoryBytes = 4_000_000 }).RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.Operations.Length);
        var exception = (await act.Should().ThrowAsync<BackendException>()).Which;
        exception.Kind.Should().Be(BackendErrorKind.OutOfMemory);
        exception.RequiredBytes.Should().BeGreaterThan(4_000_000);
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(4, 0.1, false)]
    [InlineData(4, 1e-8, true)]
    public void Create_PolicyOutOfRange_Throws(int bond, double cutoff, bool exact)
    {
        var act = () => new MatrixProductStateSimulator(new MatrixProductStateOptions { Truncation = new TruncationPolicy { MaxBondDimension = bond, Cutoff = cutoff, RequireExact = exact } });
        act.Should().Throw<ArgumentOutOfRangeException>();
    }

    private sealed class Immediate(Action<ExecutionProgress> act) : IProgress<ExecutionProgress>
    {
        public int Reports { get; private set; }

        public void Report(ExecutionProgress value)
        {
            Reports++;
            act(value);
        }
    }

    private static MatrixProductStateSimulator Limited(int bond, bool requireExact) =>
        new(new MatrixProductStateOptions { Truncation = new TruncationPolicy { MaxBondDimension = bond, RequireExact = requireExact } });

    // Weakly entangling rotations: bonds are large, but most of the weight is in few singular values.
    private static Circuit Weak(int seed, int qubits)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(qubits);
        for (var layer = 0; layer < 8; layer++)
        {
            for (var q = 0; q < qubits; q++)
            {
                builder.U(random.NextDouble(), random.NextDouble(), random.NextDouble(), q);
            }

            for (var q = layer % 2; q + 1 < qubits; q += 2)
            {
                builder.RXX(0.3 * random.NextDouble(), q, q + 1);
            }

            builder.CP(0.1, random.Next(qubits / 2), qubits / 2 + random.Next(qubits / 2));
        }

        return builder.Build();
    }

    // At most eight branches over many qubits, gates between any of them.
    private static Circuit FewBranches(int seed, int qubits)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(qubits);
        for (var k = 0; k < 3; k++)
        {
            builder.RY(random.NextDouble() * 3, random.Next(qubits));
        }

        for (var k = 0; k < 60; k++)
        {
            var q = Enumerable.Range(0, qubits).OrderBy(_ => random.Next()).Take(4).ToArray();
            switch (random.Next(5))
            {
                case 0:
                    builder.CX(q[0], q[1]);
                    break;
                case 1:
                    builder.CCX(q[0], q[1], q[2]);
                    break;
                case 2:
                    builder.Swap(q[0], q[1]);
                    break;
                case 3:
                    builder.CP(random.NextDouble(), q[0], q[1]);
                    break;
                default:
                    builder.X(q[0]);
                    break;
            }
        }

        return builder.Build();
    }
}

using System.Numerics;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Integration.Optimization;

namespace PredictiveOrchestration.Tests.Integration;

public sealed class CircuitOptimizerTests
{
    // Gates on several qubits cost most: what a device's errors would say.
    private static double GateCost(Circuit circuit)
    {
        var cost = 1e-9;
        foreach (ref readonly var op in circuit.Operations)
        {
            cost += op.Kind <= OperationKind.Unitary ? op.QubitCount <= 1 ? 1 : op.QubitCount == 2 ? 10 : 60 : 0;
        }

        return cost;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Optimize_RandomCircuits_StateIsThatOfTheOracle(int part)
    {
        var gained = 0;
        for (var seed = part * 60; seed < (part + 1) * 60; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 1 + (seed % 5), Operations = 40, MaxControls = 2, Unitaries = seed % 3 == 0, CliffordAngles = seed % 4 == 0,
                Gates = seed % 2 == 0 ? ["h", "x", "t", "tdg", "s", "rz", "z", "swap", "rx", "p", "gphase"] : null,
            });
            var result = Optimize(circuit, generations: 1);
            StateComparison.Distance(OracleSimulator.FinalState(result.Circuit), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-9, "seed {0}, passes {1}", seed, string.Join(", ", result.Passes));
            result.PredictedSecondsAfter.Should().BeLessThanOrEqualTo(result.PredictedSecondsBefore);
            gained += result.GatesAfter < result.GatesBefore ? 1 : 0;
        }

        gained.Should().BeGreaterThan(40, "most random circuits hold something to save");
    }

    [Fact]
    public void Optimize_MeasurementsAndControlFlow_OutcomesAreThoseOfTheOracle()
    {
        for (var seed = 1000; seed < 1080; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 3, Clbits = 3, Operations = 24, MaxControls = 1, Unitaries = false, MidCircuit = true, ControlFlow = seed % 2 == 0, MeasureAtEnd = true, Gates = ["h", "x", "t", "tdg", "s", "rz", "rx", "swap"],
            });
            Dictionary<string, double> expected;
            try
            {
                expected = OracleSimulator.OutcomeDistribution(circuit);
            }
            catch (InvalidOperationException)
            {
                continue;
            }

            var actual = OracleSimulator.OutcomeDistribution(Optimize(circuit, generations: 1).Circuit);
            expected.Keys.Union(actual.Keys).Max(k => Math.Abs(expected.GetValueOrDefault(k) - actual.GetValueOrDefault(k))).Should().BeLessThan(1e-9, "seed {0}", seed);
        }
    }

    [Fact]
    public void Optimize_WideCircuits_StateIsThatOfTheOracle()
    {
        // More qubits than a region has, so that regions are made and put together again.
        for (var seed = 0; seed < 4; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 12, Operations = seed == 0 ? 700 : 120, MaxControls = 1, Unitaries = false, Gates = ["h", "x", "t", "tdg", "rz", "cx", "x", "z"] });
            var result = Optimize(circuit, generations: 0);
            StateComparison.Distance(OracleSimulator.FinalState(result.Circuit), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-9);
            result.GatesAfter.Should().BeLessThan(result.GatesBefore);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(12)]
    public void Optimize_CircuitAndItsInverse_IsEmpty(int qubits)
    {
        var circuit = Fourier.Qft(qubits, swaps: true);
        var result = Optimize(circuit.Compose(circuit.Inverse()), generations: 0);
        result.GatesAfter.Should().Be(0);
        result.GatesBefore.Should().Be(2 * circuit.Operations.Length);
    }

    [Fact]
    public void Optimize_KnownCases_ReachTheKnownCounts()
    {
        // Three CX in turn are a swap; h cx h h h cx is one cx the other way round after h h cancel.
        Several(new CircuitBuilder(2).CX(0, 1).CX(1, 0).CX(0, 1)).Should().Be((1, 1));
        Several(new CircuitBuilder(2).H(0).H(1).CX(0, 1).H(0).H(1)).Should().Be((1, 1));

        // A rotation moves past the control of a CX to meet another.
        Several(new CircuitBuilder(2).RZ(0.3, 0).CX(0, 1).RZ(-0.3, 0)).Should().Be((1, 1));
        Several(new CircuitBuilder(3).CX(0, 1).CX(0, 2).CX(0, 1)).Should().Be((1, 1));
        Several(new CircuitBuilder(2).CX(0, 1).RZ(0.4, 1).CX(0, 1)).Should().Be((1, 1));
        Several(new CircuitBuilder(3).CX(0, 1).CX(1, 2).CX(0, 1)).Should().Be((2, 2));

        // T T T T is Z, and a Clifford gate again.
        var phases = Optimize(new CircuitBuilder(1).T(0).T(0).T(0).T(0).Build()).Circuit;
        phases.Operations.Length.Should().Be(1);
        phases.GateOf(phases.Operations[0]).Should().BeSameAs(GateCatalog.Z);

        // Any gates on two qubits are at most three rotations about XX, YY and ZZ.
        var pair = new CircuitBuilder(2);
        for (var k = 0; k < 10; k++)
        {
            pair.U(0.3 + k, 0.2 * k, 1 - k, k % 2).CX(k % 2, 1 - (k % 2)).RY(0.1 * k, 1);
        }

        Several(pair).Several.Should().BeLessThanOrEqualTo(3);
    }

    [Fact]
    public void Optimize_ManyGatesOnThreeQubits_TakeAtMostTheCountOfShannon()
    {
        var circuit = new CircuitBuilder(3);
        var random = new Random(5);
        for (var k = 0; k < 60; k++)
        {
            var control = random.Next(3);
            circuit.U(random.NextDouble(), random.NextDouble(), random.NextDouble(), control).CX(control, (control + 1 + random.Next(2)) % 3);
        }

        var built = circuit.Build();
        var result = Optimize(built);
        result.MultiQubitGatesAfter.Should().BeLessThanOrEqualTo(24);
        StateComparison.Distance(OracleSimulator.FinalState(result.Circuit), OracleSimulator.FinalState(built)).Should().BeLessThan(1e-10);
    }

    [Fact]
    public void Shannon_RandomAndSpecialUnitaries_AreExact()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            // Few gates make degenerate cases: products, permutations, diagonals.
            var steps = StepReader.Plain(RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 3, Operations = 1 + (seed % 12), MaxControls = 2, CliffordAngles = seed % 3 == 0, Unitaries = seed % 2 == 0 }), q => q).Where(s => !s.IsFixed).ToList();
            var matrix = Probe.MatrixOf(steps, [0, 1, 2]);
            Probe.Distance(matrix, Probe.MatrixOf(ThreeQubitDecomposition.Of(matrix, [0, 1, 2]), [0, 1, 2])).Should().BeLessThan(1e-11, "seed {0}", seed);
        }
    }

    [Fact]
    public void Templates_All_AreExact()
    {
        foreach (var template in Templates.All)
        {
            Step[] Steps(TemplateGate[] gates) => [.. gates.Select(g => Step.Of(g.Gate, g.Controls, g.Gate.NumParameters == 0 ? [] : [0.7], g.Letters))];
            Probe.Distance(Probe.MatrixOf(Steps(template.Pattern), [0, 1, 2]), Probe.MatrixOf(Steps(template.Replacement), [0, 1, 2])).Should().BeLessThan(1e-14, "{0}", string.Join(' ', template.Pattern.Select(g => g.Gate.Name)));
            Templates.Run(Steps(template.Pattern)).Should().HaveCountLessThanOrEqualTo(template.Replacement.Length);
        }
    }

    [Fact]
    public void Check_WrongCircuits_AreFound()
    {
        Step[] circuit = [Step.Of(GateCatalog.H, 0, [], 0), Step.Of(GateCatalog.X, 1, [], 0, 1), Step.Kept(7, [0], isClassical: true), Step.Of(GateCatalog.T, 0, [], 0)];
        foreach (var wide in new[] { 2, 7 })
        {
            var qubits = Enumerable.Range(0, wide).ToArray();
            Probe.AreEquivalent(circuit, circuit, qubits, 1).Should().BeTrue();
            Probe.AreEquivalent(circuit, [circuit[0], circuit[1], circuit[3], circuit[2]], qubits, 1).Should().BeFalse("a gate may not pass the measurement of its qubit");
            Probe.AreEquivalent(circuit, circuit[..3], qubits, 1).Should().BeFalse();
            Probe.AreEquivalent(circuit, [circuit[0], circuit[1], circuit[3]], qubits, 1).Should().BeFalse("the measurement is gone");
            Probe.AreEquivalent(circuit, [.. circuit, Step.Of(GateCatalog.P, 0, [1e-8], 1)], qubits, 1).Should().BeFalse("8 digits are not enough");
        }
    }

    [Fact]
    public void Optimize_EqualSeeds_GiveEqualCircuits()
    {
        var circuit = RandomCircuits.Create(3);
        Optimize(circuit).Circuit.StructurallyEquals(Optimize(circuit).Circuit).Should().BeTrue();
    }

    [Fact]
    public void Optimize_NothingIsPredictedToGain_GivesTheCircuitBack()
    {
        var circuit = new CircuitBuilder(2).H(0).CX(0, 1).Build();
        var result = Optimize(circuit);
        result.Circuit.Should().BeSameAs(circuit);
        result.Passes.Should().BeEmpty();
    }

    [Theory]
    [InlineData(1.1, false)]
    [InlineData(1.0, true)]
    [InlineData(0.9, true)]
    public void Optimize_AMoreExactPredictionSaysOtherwise_GivesTheCircuitBack(double secondsOfTheFound, bool isUsed)
    {
        var circuit = RandomCircuits.Create(1).Compose(RandomCircuits.Create(1));
        var asked = 0;
        double Confirm(Circuit c)
        {
            asked++;
            return ReferenceEquals(c, circuit) ? 1 : secondsOfTheFound;
        }

        var result = new CircuitOptimizer(new CircuitOptimizerOptions { Generations = 1 }).Optimize(new OptimizationRequest { Circuit = circuit, PredictSeconds = GateCost, ConfirmSeconds = Confirm });
        asked.Should().Be(2, "once each");
        ReferenceEquals(result.Circuit, circuit).Should().Be(!isUsed);
        (result.PredictedSecondsBefore, result.PredictedSecondsAfter).Should().Be((1, isUsed ? secondsOfTheFound : 1));
        (result.GatesAfter < result.GatesBefore).Should().Be(isUsed);
    }

    [Fact]
    public void Optimize_TimeIsUp_StopsAndStaysSound()
    {
        var circuit = RandomCircuits.Create(11);
        var result = new CircuitOptimizer().Optimize(new OptimizationRequest { Circuit = circuit, PredictSeconds = GateCost, TimeLimit = TimeSpan.Zero });
        result.Circuit.Should().BeSameAs(circuit);
    }

    [Fact]
    public void Optimize_Cancelled_Throws()
    {
        var act = () => new CircuitOptimizer().Optimize(new OptimizationRequest { Circuit = RandomCircuits.Create(1), PredictSeconds = GateCost }, new CancellationToken(true));
        act.Should().Throw<OperationCanceledException>();
    }

    private static OptimizationResult Optimize(Circuit circuit, int generations = 4) =>
        new CircuitOptimizer(new CircuitOptimizerOptions { Generations = generations }).Optimize(new OptimizationRequest { Circuit = circuit, PredictSeconds = GateCost, Seed = 1 });

    private static (int All, int Several) Several(CircuitBuilder builder)
    {
        var result = Optimize(builder.Build());
        return (result.GatesAfter, result.MultiQubitGatesAfter);
    }
}

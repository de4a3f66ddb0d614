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

    [Theory]
    [InlineData(18, 30)]
    [InlineData(40, 20)]
    [InlineData(300, 4)]
    public void Optimize_CircuitAndItsInverse_WiderThanAnyRegion_IsEmpty(int qubits, int depth)
    {
        // With nothing left there is nothing to search; the clock stands still, so that a limit changes nothing.
        var circuit = RandomFamilies.Random(qubits, depth);
        var doubled = circuit.Compose(circuit.Inverse());
        var optimizer = new CircuitOptimizer(new CircuitOptimizerOptions { Generations = 0 }, new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        var result = optimizer.Optimize(new OptimizationRequest { Circuit = doubled, PredictSeconds = GateCost, TimeLimit = TimeSpan.FromTicks(1) });
        (result.GatesBefore, result.GatesAfter).Should().Be((2 * circuit.Operations.Length, 0));
        result.Passes.Should().Equal("commute");
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(500, 0)]
    [InlineData(100, 168)]
    public void Optimize_MoreGatesThanAreSearched_MeltsWhereThereIsTime(int? microseconds, int left)
    {
        var optimizer = new CircuitOptimizer(new CircuitOptimizerOptions { MaxGates = 2 }, new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        OptimizationResult Result(Circuit circuit) =>
            optimizer.Optimize(new OptimizationRequest { Circuit = circuit, PredictSeconds = GateCost, TimeLimit = microseconds is { } time ? TimeSpan.FromMicroseconds(time) : null });
        var melted = Result(Fourier.Qft(12).Compose(Fourier.Qft(12).Inverse()));
        (melted.GatesBefore, melted.GatesAfter).Should().Be((168, left));
        Result(new CircuitBuilder(2).CX(0, 1).CX(1, 0).CX(0, 1).Build()).GatesAfter.Should().Be(3, "a swap is only found by searching");
    }

    [Fact]
    public void Optimize_WideCircuitAroundMeasurements_KeepsThemAndMelts()
    {
        // U, measured, U⁻¹: nothing may pass the measurements. U, U⁻¹, measured: all of U goes.
        var half = RandomFamilies.Random(20, 10);
        var measurements = new CircuitBuilder(20, 20);
        for (var q = 0; q < 20; q++)
        {
            measurements.Measure(q, q);
        }

        Circuit empty = new CircuitBuilder(20, 20).Build(), measured = measurements.Build();
        var melted = Optimize(empty.Compose(half).Compose(half.Inverse()).Compose(measured), generations: 0);
        melted.GatesAfter.Should().Be(0);
        melted.Circuit.Operations.ToArray().Count(o => o.Kind == OperationKind.Measure).Should().Be(20);
        Optimize(empty.Compose(half).Compose(measured).Compose(half.Inverse()), generations: 0).GatesAfter.Should().BeGreaterThan(half.Operations.Length);
    }

    [Fact]
    public void Meetings_WhatThePassMadeOfRandomCircuits_Hold_AndAreTheOracles()
    {
        var met = 0;
        for (var seed = 0; seed < 120; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 2 + (seed % 4), Operations = 60, MaxControls = 2, Unitaries = seed % 3 == 0, CliffordAngles = seed % 2 == 0, Gates = seed % 2 == 0 ? ["x", "t", "z", "rz", "rx", "h", "rzz", "swap"] : null,
            });
            var steps = StepReader.Plain(circuit, q => q);
            var meetings = new List<Meeting>();
            var made = Cancellation.Run(steps, adds: true, commutes: true, meetings);
            Meetings.Hold(steps, made, meetings, 1).Should().BeTrue("seed {0}", seed);
            StateComparison.Distance(OracleSimulator.FinalState(StepReader.Write(circuit, [made])), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-9, "seed {0}", seed);
            met += meetings.Count;
        }

        met.Should().BeGreaterThan(500, "there is much to meet");
    }

    [Fact]
    public void Meetings_Wrong_AreFound()
    {
        Step h = Step.Of(GateCatalog.H, 0, [], 0), t = Step.Of(GateCatalog.T, 0, [], 0), tdg = Step.Of(GateCatalog.Tdg, 0, [], 0), cx = Step.Of(GateCatalog.X, 1, [], 0, 1);
        Step s = Step.Of(GateCatalog.S, 0, [], 0), measured = Step.Kept(3, [0], isClassical: true);
        static bool Hold(Step[] steps, Step[] made, params Meeting[] meetings) => Meetings.Hold(steps, made, meetings, 1);
        Hold([t, cx, tdg], [cx], new Meeting(0, 2, null)).Should().BeTrue("a phase passes a control");
        Hold([t, h, tdg], [h], new Meeting(0, 2, null)).Should().BeFalse("nothing passes a Hadamard gate but itself");
        Hold([t, measured, tdg], [measured], new Meeting(0, 2, null)).Should().BeFalse("a gate may not pass the measurement of its qubit");
        Hold([t, cx, t], [s, cx], new Meeting(0, 2, s)).Should().BeTrue();
        Hold([t, cx, t], [cx], new Meeting(0, 2, null)).Should().BeFalse("two T are no identity");
        Hold([t, cx, tdg], [t, cx], new Meeting(0, 2, null)).Should().BeFalse("what was made is something else");
        Hold([t, cx, tdg], [cx]).Should().BeFalse("two steps are gone without a reason");
        Hold([h, cx, Step.Of(GateCatalog.H, 0, [], 1)], [cx], new Meeting(0, 2, null)).Should().BeFalse("they are on different qubits");
        Hold([t, Step.Of(GateCatalog.P, 0, [(-Math.PI / 4) + 1e-8], 0)], [], new Meeting(0, 1, null)).Should().BeFalse("8 digits are not enough");
        Hold([Step.Of(GateCatalog.P, 0, [1e-13], 0)], [], new Meeting(-1, 0, null)).Should().BeTrue();
        var nearly = Enumerable.Range(0, 1000).Select(_ => Step.Of(GateCatalog.P, 0, [9e-13], 0)).ToArray();
        Hold(nearly, [], [.. Enumerable.Range(0, 1000).Select(i => new Meeting(-1, i, null))]).Should().BeFalse("a thousand errors of 1e-12 are more than 1e-10");

        // A control where the other acts is no control that may be left out.
        var ccx = Step.Of(GateCatalog.X, 2, [], 0, 1, 2);
        Hold([ccx, cx, ccx], [cx], new Meeting(0, 2, null)).Should().BeFalse();
        var beside = Step.Of(GateCatalog.X, 2, [], 0, 1, 3);
        Hold([ccx, beside, ccx], [beside], new Meeting(0, 2, null)).Should().BeTrue("their targets are apart");
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

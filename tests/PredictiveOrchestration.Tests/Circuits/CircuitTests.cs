using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits;

public sealed class CircuitTests
{
    [Fact]
    public void Inverse_RandomCircuits_UndoesThem()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 1 + seed % 5, Operations = 20 });
            var state = OracleSimulator.FinalState(circuit.Compose(circuit.Inverse()));
            state[0].Magnitude.Should().BeApproximately(1, 1e-10, "seed {0}", seed);
        }
    }

    [Fact]
    public void Inverse_Measurement_IsRefusedWithItsIndex()
    {
        var act = () => new CircuitBuilder(1, 1).X(0).Measure(0, 0).Build().Inverse();
        act.Should().Throw<CircuitException>().Which.OperationIndex.Should().Be(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(-2)]
    public void Power_Exponent_IsRepetition(int exponent)
    {
        var circuit = new CircuitBuilder(1).RX(0.3, 0).Build();
        var expected = OracleSimulator.FinalState(new CircuitBuilder(1).RX(0.3 * exponent, 0).Build());
        StateComparison.Distance(OracleSimulator.FinalState(circuit.Power(exponent)), expected).Should().BeLessThan(1e-12);
    }

    [Fact]
    public void Remap_Permutation_PermutesTheQubits()
    {
        var circuit = new CircuitBuilder(3).X(0).Build().Remap([2, 0, 1]);
        OracleSimulator.FinalState(circuit)[4].Magnitude.Should().Be(1);
        var act = () => circuit.Remap([0, 0, 1]);
        act.Should().Throw<CircuitException>();
    }

    [Fact]
    public void Compose_DynamicCircuits_KeepsTheirDistribution()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var options = new RandomCircuitOptions { Qubits = 3, Clbits = 3, Operations = 12, MidCircuit = true, ControlFlow = true, MeasureAtEnd = true };
            var circuit = RandomCircuits.Create(seed, options);
            var same = new CircuitBuilder(3, 3).Build().Compose(circuit);
            same.StructurallyEquals(circuit).Should().BeTrue("seed {0}", seed);

            // Turning bits and qubits round turns the outcomes round.
            var turned = new CircuitBuilder(3, 3).Build().Compose(circuit, [2, 1, 0], [2, 1, 0]);
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            var actual = OracleSimulator.OutcomeDistribution(turned);
            foreach (var (outcome, p) in expected)
            {
                actual.GetValueOrDefault(string.Concat(outcome.Reverse())).Should().BeApproximately(p, 1e-12, "seed {0}", seed);
            }
        }
    }

    [Fact]
    public void Build_MillionGates_FitsInAHundredMegabytes()
    {
        var builder = new CircuitBuilder(20);
        for (var i = 0; i < 500_000; i++)
        {
            builder.RZ(0.1, i % 20).CX(i % 20, (i + 1) % 20);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var circuit = builder.Build();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(100_000_000);
        Walk(circuit);
        before = GC.GetAllocatedBytesForCurrentThread();
        var sum = Walk(circuit);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        sum.Should().BePositive();
        allocated.Should().Be(0);
    }

    private static long Walk(Circuit circuit)
    {
        var sum = 0L;
        foreach (ref readonly var op in circuit.Operations)
        {
            sum += circuit.QubitsOf(op)[0] + circuit.ParametersOf(op).Length;
        }

        return sum;
    }

    [Fact]
    public void Builder_WrongOperands_AreRefusedAndLeaveTheBuilderAsItWas()
    {
        var builder = new CircuitBuilder(2, 1);
        Action[] wrong =
        [
            () => builder.X(2), () => builder.CX(0, 0), () => builder.RX(double.NaN, 0), () => builder.Measure(0, 1), () => builder.Reset(-1),
            () => builder.Unitary([1, 1, 1, 1], [0]), () => builder.Unitary([1, 0, 0], [0]), () => builder.EndIf(), () => builder.Break(),
            () => builder.Gate(GateCatalog.RX, 0, [], [0]), () => builder.AddQubits("c", 1), () => builder.AddQubits("big", int.MaxValue),
        ];
        foreach (var action in wrong)
        {
            action.Should().Throw<CircuitException>();
        }

        builder.Count.Should().Be(0);
        var open = () => builder.If(new BitExpression(0)).Build();
        open.Should().Throw<CircuitException>().WithMessage("*not ended*");
    }
}

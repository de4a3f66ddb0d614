using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Qubits on their own are followed exactly, so that gates that entangle nothing are seen to.</summary>
public sealed class LoneQubitsTests
{
    [Fact]
    public void Profile_ToffoliGatesWrittenOutOnABasisState_EntangleNothing()
    {
        // h; cx; tdg; cx; t; cx; tdg; cx; t; h: the target leaves the basis states and comes back.
        var builder = new CircuitBuilder(6).X(0).X(1).X(3);
        foreach (var (a, b, t) in new[] { (0, 1, 2), (2, 3, 4), (1, 4, 5), (0, 2, 5), (4, 5, 1) })
        {
            builder.H(t).CX(b, t).Tdg(t).CX(a, t).T(t).CX(b, t).Tdg(t).CX(a, t).T(b).T(t).H(t).CX(a, b).T(a).Tdg(b).CX(a, b);
        }

        var features = CircuitProfiler.Profile(builder.Build()).Features!;
        features.PeakBondLog2.Should().Be(0);
        features.TypicalBondLog2.Should().Be(0);
    }

    [Fact]
    public void Profile_PhaseThatIsExact_EntanglesNothing()
    {
        // Every counting qubit turns to |0⟩ or |1⟩ before it controls another.
        CircuitProfiler.Profile(Fourier.PhaseEstimation(8, 0.3125)).Features!.PeakBondLog2.Should().Be(0);
        CircuitProfiler.Profile(Fourier.PhaseEstimation(8, 1 / 3.0)).Features!.PeakBondLog2.Should().BeGreaterThan(2);
    }

    [Fact]
    public void Profile_ControlledGlobalPhase_LeavesItsQubitInBothStates()
    {
        // A phase of |1⟩: what the qubit controls entangles as before.
        var circuit = new CircuitBuilder(2).H(0).Gate(GateCatalog.GlobalPhase, 1, [0.7], [0]).CX(0, 1).Build();
        CircuitProfiler.Profile(circuit).Features!.PeakBondLog2.Should().Be(1);

        // By half a turn it is Z: the Hadamard gates make X of it.
        circuit = new CircuitBuilder(2).H(0).Gate(GateCatalog.GlobalPhase, 1, [Math.PI], [0]).H(0).CX(0, 1).Build();
        CircuitProfiler.Profile(circuit).Features!.PeakBondLog2.Should().Be(0);
    }

    [Fact]
    public void Eigenvalue_StateOfARotation_IsItsPhase()
    {
        var lone = new LoneQubits(1);
        Complex[] rotation = [Complex.FromPolarCoordinates(1, -0.2), 0, 0, Complex.FromPolarCoordinates(1, 0.2)];
        lone.Apply(0, LoneQubits.Pauli(PauliRuns.Axis.X));
        (lone.Eigenvalue(0, rotation)!.Value - rotation[3]).Magnitude.Should().BeLessThan(1e-15);
        lone.Eigenvalue(0, LoneQubits.Pauli(PauliRuns.Axis.X)).Should().BeNull();
    }

    [Fact]
    public void Measure_UnknownState_LeavesABit()
    {
        var lone = new LoneQubits(2);
        lone.Apply(0, [Math.Sqrt(0.5), Math.Sqrt(0.5), Math.Sqrt(0.5), -Math.Sqrt(0.5)]);
        lone.Measure(0);
        (lone.IsBit(0), lone.IsZero(0), lone.IsOne(0)).Should().Be((true, false, false));

        // A gate under it may or may not be done: of a bit it leaves a bit.
        lone.ApplyPerhaps(1, LoneQubits.Pauli(PauliRuns.Axis.X));
        lone.IsBit(1).Should().BeTrue();
        lone.Reset(0);
        lone.IsZero(0).Should().BeTrue();
    }

    [Fact]
    public void Profile_PairThatIsJoinedAndParted_EntanglesNothingInTheEnd()
    {
        // A Fourier transform of |0⟩ in CX and RZ: each pair is joined for a moment.
        var builder = new CircuitBuilder(14);
        for (var target = 13; target >= 0; target--)
        {
            builder.H(target);
            for (var control = target - 1; control >= 0; control--)
            {
                var angle = Math.ScaleB(Math.PI, control - target) / 2;
                builder.RZ(angle, target).CX(target, control).RZ(-angle, control).CX(target, control).RZ(angle, control);
            }
        }

        var features = CircuitProfiler.Profile(builder.Build()).Features!;
        features.TypicalBondLog2.Should().BeLessThanOrEqualTo(1);
        features.ChainWork[ChainAmounts.Reflected].Should().BeLessThan(3e5, "bonds are taken down to one");
    }

    [Fact]
    public void Join_ProductsOfGates_PartsWhereTheStateIsAProduct()
    {
        // Against the determinant of the amplitudes, multiplied out.
        var random = new Random(5);
        Span<Complex> room = stackalloc Complex[4];
        for (var round = 0; round < 50; round++)
        {
            var lone = new LoneQubits(3);
            var state = new Complex[] { 1, 0, 0, 0 };
            for (var step = 0; step < 12; step++)
            {
                var gate = random.Next(3);
                var circuit = gate == 0 ? (random.Next(2) == 0 ? new CircuitBuilder(2).CX(0, 1) : new CircuitBuilder(2).CX(1, 0)).Build()
                    : gate == 1 ? new CircuitBuilder(2).RY(Math.PI / 2 * random.Next(4), random.Next(2)).Build()
                    : new CircuitBuilder(2).T(random.Next(2)).Build();
                state = OracleSimulator.Transform(state, OracleGates.Matrix(circuit.GateOf(circuit.Operations[0]).Name, circuit.ParametersOf(circuit.Operations[0]).ToArray()), circuit.QubitsOf(circuit.Operations[0]).ToArray(), circuit.Operations[0].ControlCount);
                var op = circuit.Operations[0];
                var matrix = LoneQubits.Matrix(circuit, op, room);
                var qubits = circuit.QubitsOf(op);
                if (qubits.Length == 1)
                {
                    lone.Apply(2 * qubits[0], matrix);
                    continue;
                }

                var isProduct = ((state[0] * state[3]) - (state[1] * state[2])).Magnitude < 1e-9;
                lone.Join(2 * qubits[0], 2 * qubits[1], [1, 0, 0, 0, 0, matrix[0], 0, matrix[1], 0, 0, 1, 0, 0, matrix[2], 0, matrix[3]]).Should().Be(isProduct);
                lone.IsEntangled(0).Should().Be(!isProduct);
            }
        }
    }
}

using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;

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
}

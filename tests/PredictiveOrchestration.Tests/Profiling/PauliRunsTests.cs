using PredictiveOrchestration.Profiling;
using Axis = PredictiveOrchestration.Profiling.PauliRuns.Axis;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Gates in a row with the same Pauli matrix on a site are worth one bit across a cut.</summary>
public sealed class PauliRunsTests
{
    [Fact]
    public void Join_GatesOfOneControl_CountOncePerCut()
    {
        var runs = new PauliRuns(8);
        runs.Join(1, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(1, 4, 0, 0));
        runs.Join(1, Axis.Z, 3, Axis.X, 1).Should().Be(new Joined(3, 3, 0, 0), "the control's value is known on the other side");
        runs.Join(1, Axis.Z, 6, Axis.X, 1).Should().Be(new Joined(4, 6, 0, 0));

        // A Pauli matrix or a phase on the control changes nothing; a Hadamard gate does.
        runs.Turn(1, PauliRuns.All);
        runs.Turn(1, 1 << (int)Axis.Z);
        runs.Join(1, Axis.Z, 6, Axis.X, 1).From.Should().Be(6);
        runs.Turn(1, 0);
        runs.Join(1, Axis.Z, 5, Axis.None, 1).Should().Be(new Joined(1, 5, 0, 0));
    }

    [Fact]
    public void Join_BitsBelongToOneRun_NotToBoth()
    {
        // b ^= a0, b ^= a, b2 ^= a: two values of the left sites are needed on the right, a0 ^ a and a.
        var runs = new PauliRuns(4);
        runs.Join(0, Axis.Z, 2, Axis.X, 1).Should().Be(new Joined(0, 2, 0, 0));
        runs.Join(1, Axis.Z, 2, Axis.X, 1).Should().Be(new Joined(1, 2, 0, 0), "the first bit is that of site 0");
        runs.Join(1, Axis.Z, 3, Axis.X, 1).Should().Be(new Joined(1, 3, 0, 0), "the second is that of the target, which another target does not share");
    }

    [Fact]
    public void Join_GatesOntoOneTarget_CountOncePerCut()
    {
        // As of a parity: the target's run goes on once a control has begun it.
        var runs = new PauliRuns(5);
        runs.Join(3, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(3, 4, 0, 0));
        runs.Join(2, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(2, 4, 0, 0), "the first bit is that of site 3");
        runs.Join(0, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(0, 2, 0, 0), "what followed is that of the target");
        runs.Join(1, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(1, 1, 0, 0));
    }

    [Fact]
    public void Join_SmallAngles_AreWorthWhatTheyTurnTogether()
    {
        // Far qubits first, by ever greater angles: the run was counted for little, and is worth more with each.
        var runs = new PauliRuns(4);
        var (quarter, half) = (GateEntanglement.Power(4), GateEntanglement.Power(5));
        runs.Join(0, Axis.X, 3, Axis.Z, quarter).Should().Be(new Joined(0, 3, 0, 0));
        var more = runs.Join(1, Axis.X, 3, Axis.Z, half);
        (more.From, more.To, more.Right).Should().Be((1, 1, GateEntanglement.Bits(quarter + half) - 4));

        // What turns all there is turns no more.
        runs.Join(2, Axis.X, 3, Axis.Z, 1);
        runs.Join(1, Axis.X, 3, Axis.Z, 1).Right.Should().Be(0);
    }
}

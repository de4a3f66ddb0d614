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
        runs.Join(1, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(1, 4, false, false));
        runs.Join(1, Axis.Z, 3, Axis.X, 1).Should().Be(new Joined(3, 3, false, false), "the control's value is known on the other side");
        runs.Join(1, Axis.Z, 6, Axis.X, 1).Should().Be(new Joined(4, 6, false, false));

        // A Pauli matrix or a phase on the control changes nothing; a Hadamard gate does.
        runs.Turn(1, PauliRuns.All);
        runs.Turn(1, 1 << (int)Axis.Z);
        runs.Join(1, Axis.Z, 6, Axis.X, 1).From.Should().Be(6);
        runs.Turn(1, 0);
        runs.Join(1, Axis.Z, 5, Axis.None, 1).Should().Be(new Joined(1, 5, false, false));
    }

    [Fact]
    public void Join_BitsBelongToOneRun_NotToBoth()
    {
        // b ^= a0, b ^= a, b2 ^= a: two values of the left sites are needed on the right, a0 ^ a and a.
        var runs = new PauliRuns(4);
        runs.Join(0, Axis.Z, 2, Axis.X, 1).Should().Be(new Joined(0, 2, false, false));
        runs.Join(1, Axis.Z, 2, Axis.X, 1).Should().Be(new Joined(1, 2, true, false), "the first bit is that of site 0");
        runs.Join(1, Axis.Z, 3, Axis.X, 1).Should().Be(new Joined(1, 3, false, false), "the second is that of the target, which another target does not share");
    }

    [Fact]
    public void Join_GatesOntoOneTarget_CountOncePerCut()
    {
        // As of a parity: the target's run goes on once a control has begun it.
        var runs = new PauliRuns(5);
        runs.Join(3, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(3, 4, false, false));
        runs.Join(2, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(2, 4, true, false), "the first bit is that of site 3");
        runs.Join(0, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(0, 2, true, false), "what followed is that of the target");
        runs.Join(1, Axis.Z, 4, Axis.X, 1).Should().Be(new Joined(1, 1, false, false));
    }

    [Fact]
    public void Turn_SmallAngles_AreWorthWhatTheyTurnTogether()
    {
        // Far qubits first, by ever greater angles: the run was counted for little, and is worth more with each. Half as much is worth a sixth of a bit less.
        var runs = new PauliRuns(4);
        runs.Join(0, Axis.X, 3, Axis.Z, 0.25f).Should().Be(new Joined(0, 3, true, true));
        foreach (var cut in (int[])[1, 2, 3])
        {
            runs.Turn(3, cut, 0.25f, isNew: true, out var first).Should().Be(0.25);
            first.Should().BeApproximately(Math.Pow(2, 2 / 3.0), 0.01);
        }

        runs.Join(1, Axis.X, 3, Axis.Z, 0.25f).Should().Be(new Joined(1, 1, false, true));
        runs.Turn(3, 2, 0.25f, isNew: false, out var more).Should().Be(0.25);
        more.Should().BeApproximately(Math.Pow(2, 1 / 6.0), 0.01);

        // What turns all there is turns no more.
        runs.Turn(3, 3, 1, isNew: false, out var rest).Should().Be(0.75);
        rest.Should().BeApproximately(Math.Pow(2, 1 / 3.0), 0.01);
        runs.Turn(3, 3, 1, isNew: false, out var nothing).Should().Be(0);
        nothing.Should().Be(1);
    }

    [Fact]
    public void Join_SmallAngleBehindWholeTurns_TurnsNothing()
    {
        var runs = new PauliRuns(400);
        runs.Join(3, Axis.Z, 300, Axis.X, 1).Should().Be(new Joined(3, 300, false, false));
        runs.Join(3, Axis.Z, 310, Axis.X, 0.1f).Should().Be(new Joined(300, 310, false, true));
        foreach (var cut in (int[])[4, 50, 200, 300])
        {
            runs.Turn(3, cut, 0.1f, isNew: false, out var factor).Should().Be(0, "at cut {0}", cut);
            factor.Should().Be(1);
        }
    }
}

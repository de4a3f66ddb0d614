using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>What a plan takes from a profile, against what it finds by walking the circuit itself.</summary>
public sealed class WorkTrajectoryTests
{
    [Fact]
    public void New_OfAProfile_IsWhatWalkingTheCircuitGives()
    {
        for (var seed = 0; seed < 120; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 1 + (seed % 14), Operations = 10 + seed, MaxControls = seed % 4 });
            var features = CircuitProfiler.Profile(circuit).Features!;
            var (taken, walked) = (new WorkTrajectory(circuit, features), new WorkTrajectory(circuit, features with { BondTrajectory = default }));

            taken.Bond.Should().Equal(walked.Bond, "seed {0}", seed);
            taken.Support.Should().Equal(walked.Support, "seed {0}", seed);
            for (var i = 0; i < taken.Length; i++)
            {
                taken.BondWork(i, taken.Length).Should().BeApproximately(walked.BondWork(i, walked.Length), 1e-5 * features.MatrixProductWork, "seed {0}, operation {1}", seed, i);
            }

            taken.BondWork(0, taken.Length).Should().BeApproximately(features.MatrixProductWork, 1e-5 * features.MatrixProductWork, "seed {0}", seed);
        }
    }

    // Profiles are kept without them: what was read back has none.
    [Fact]
    public void New_OfAProfileOfAnotherCircuit_WalksItself()
    {
        var circuit = new CircuitBuilder(4).H(0).CX(0, 1).CX(1, 2).CX(2, 3).Build();
        var other = CircuitProfiler.Profile(new CircuitBuilder(4).H(0).Build()).Features;

        new WorkTrajectory(circuit, other).Bond.Should().Equal(new WorkTrajectory(circuit).Bond);
    }

    [Fact]
    public void Recorded_Profile_KeepsAllButWhatOnlyPlansGoBy()
    {
        var profile = CircuitProfiler.Profile(RandomCircuits.Create(1, new RandomCircuitOptions { Qubits = 5, Operations = 30 }));
        var known = new KnownCircuit(profile);
        var kept = known.Recorded(profile);

        kept.Features!.BondTrajectory.IsEmpty.Should().BeTrue();
        kept.Features.BondWorkTrajectory.IsEmpty.Should().BeTrue();
        (kept with { Features = kept.Features with { BondTrajectory = profile.Features!.BondTrajectory, BondWorkTrajectory = profile.Features.BondWorkTrajectory } }).Should().Be(profile);
        known.Recorded(profile).Should().BeSameAs(kept, "a circuit that runs again costs nothing");
        known.Recorded(profile with { NumQubits = 6 }).NumQubits.Should().Be(6);
    }
}

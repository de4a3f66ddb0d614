using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Stabilizer;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>The terms of the stabilizer engine beside what it does.</summary>
public sealed class StabilizerTermsTests
{
    private static readonly CostBasis Basis = CostBasisCatalog.Get("stabilizer");

    [Theory]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(300)]
    [InlineData(1_000)]
    [InlineData(1_025)]
    [InlineData(10_000)]
    public void Frames_AnyShots_GoThroughTheCircuitInTheEnginesBatches(int shots)
    {
        // Nine data and eight check qubits; each of eight checks is measured and reset in each of two rounds, then the data.
        var circuit = ErrorCorrection.SurfaceCode(3, 2);
        var profile = CircuitProfiler.Profile(circuit);
        int words = FrameSampler.WordsFor(shots), batches = (shots + (64 * words) - 1) / (64 * words);
        var features = profile.Features!;
        Term("gates of frames", profile, shots).Should().Be(profile.GateCount * batches);
        Term("draws of frames", profile, shots).Should().Be((circuit.NumQubits + features.MeasurementCount + features.ResetCount + 63) / 64 * 64 * words * batches, "64 numbers are drawn and turned on their side at once");
        Term("shots of frames", profile, shots).Should().Be(shots);
        Term("draws", profile, shots).Should().Be(0, "frames draw no outcome from a space of them");
        Term("words added up", profile, shots).Should().Be(0);
    }

    [Theory]
    [InlineData(40, 1, 1)]
    [InlineData(53, 1, 1)]
    [InlineData(54, 2, 1)]
    [InlineData(117, 2, 2)]
    [InlineData(118, 3, 2)]
    public void Shots_AddUpADirectionForEachRandomBit(int qubits, int draws, int words)
    {
        var profile = CircuitProfiler.Profile(Layer(qubits));
        Term("draws", profile, 100).Should().Be(100 * draws, "the first has 53 bits, each further one 64");
        Term("words added up", profile, 100).Should().Be(100 * qubits * words);
    }

    [Fact]
    public void Outcomes_OfOneWord_AreSorted()
    {
        Term("sorting", CircuitProfiler.Profile(Layer(40)), 100).Should().BeApproximately(100 * Math.Log2(101), 1e-9);
        Term("lookups", CircuitProfiler.Profile(Layer(40)), 100).Should().Be(0);
    }

    [Fact]
    public void Outcomes_OfSeveralWords_AreLookedUp()
    {
        Term("sorting", CircuitProfiler.Profile(Layer(65)), 100).Should().Be(0);
        Term("lookups", CircuitProfiler.Profile(Layer(65)), 100).Should().Be(100);
    }

    [Fact]
    public void Sweeps_NothingIsReadOut_AreNone()
    {
        var profile = CircuitProfiler.Profile(States.Ghz(20));
        Term("columns looked at", profile, 0).Should().Be(0);
        Term("columns multiplied", profile, 0).Should().Be(0);
        Term("columns looked at", profile, 1).Should().Be(40, "one random result looks at each, and the first that is certain after it");
        Term("columns multiplied", profile, 1).Should().BeApproximately(2 * (20 + (2 * 19)) / 20.0, 1e-9);
    }

    private static Circuit Layer(int qubits)
    {
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < qubits; q++)
        {
            builder.H(q);
        }

        return builder.Build();
    }

    private static double Term(string name, CircuitProfile profile, int shots) =>
        JobDrivers.Of(Basis, profile, new JobShape(shots, 1, 0, 0)).Terms[Array.IndexOf(Basis.TermNames, name)];
}

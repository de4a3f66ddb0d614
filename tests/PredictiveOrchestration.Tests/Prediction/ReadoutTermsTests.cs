using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>The terms of reading out the state vector and the sparse state.</summary>
public sealed class ReadoutTermsTests
{
    [Theory]
    [InlineData("dense")]
    [InlineData("sparse")]
    public void Shots_OutcomesHaveNoBits_AreNotDrawn(string basis)
    {
        static Circuit Of(string end) => OpenQasmReader.Read($"OPENQASM 3.0; qubit[2] q; U(1, 2, 3) q[0]; {end}").Circuit!;
        Term(basis, "shots", Of("measure q;"), 100).Should().Be(0, "nothing holds the results");
        Term(basis, "readout", Of("measure q;"), 100).Should().Be(0);
        Term(basis, "shots", Of("bit[2] c = measure q;"), 100).Should().Be(100);
        Term(basis, "shots", States.Ghz(2), 100).Should().Be(100, "what measures nothing is read as a whole");
    }

    [Fact]
    public void SampledBlocks_FewBasisStates_AreNoMoreThanThese()
    {
        // Blocks of 2^11 amplitudes: all of them, where a Fourier transform makes all states as likely, and those of the two of a GHZ state.
        Term("dense", "sampled blocks", Fourier.Qft(16), 100_000).Should().BeApproximately(1 << 16, 1);
        Term("dense", "sampled blocks", States.Ghz(16), 100_000).Should().BeApproximately(2 << 11, 1 << 7);
    }

    [Theory]
    [InlineData(64, false)]
    [InlineData(65, true)]
    public void Outcomes_OfSeveralWords_AreLookedUpBySparseEngine(int qubits, bool isWide)
    {
        Term("sparse", "lookups", States.Ghz(qubits), 100).Should().Be(isWide ? 100 : 0);
        (Term("sparse", "sorting", States.Ghz(qubits), 100) > 0).Should().Be(!isWide, "and not sorted");
    }

    private static double Term(string basis, string name, Circuit circuit, int shots)
    {
        var costs = CostBasisCatalog.Get(basis);
        return JobDrivers.Of(costs, CircuitProfiler.Profile(circuit), new JobShape(shots, 1, 0, 0)).Terms[Array.IndexOf(costs.TermNames, name)];
    }
}

using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Hadamard gates that are put off: the state is they on a basis state.</summary>
public sealed class PutOffHadamardsTests
{
    private const int Qubits = 4;

    [Fact]
    public void SparseWork_RingOfPhases_IsThatOfTheAmplitudesStoredMeanwhile()
    {
        var features = CircuitProfiler.Profile(new CircuitBuilder(4).H(0).H(1).H(2).H(3).CZ(0, 1).CZ(1, 2).CZ(2, 3).CZ(3, 0).Build()).Features!;

        // Between two qubits that wait the higher one is made good, and the phase is a flip of the other; on one that waits it is a flip. At the end two are left, which others tell.
        features.SparseBranchingWork.Should().Be(2 + 4 + 8 + 16);
        features.SparseUnorderedWork.Should().Be((8 + 16) / 2);
        features.SparseWork.Should().Be(4 + (2 + 2 + 4 + 4) + 30);
    }

    [Fact]
    public void SupportTrajectory_SomeAreMadeGood_IsNeverExceeded()
    {
        for (var seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            var builder = new CircuitBuilder(Qubits);
            for (var q = 0; q < Qubits; q++)
            {
                builder.H(q);
            }

            for (var g = 0; g < 14; g++)
            {
                Add(builder, random);
                if (random.Next(4) == 0)
                {
                    builder.RZZ(0.3, g % Qubits, (g + 1) % Qubits);
                }
            }

            var features = CircuitProfiler.Profile(builder.Build()).Features!;
            OracleSimulator.FinalState(builder.Build()).Count(a => a.Magnitude > 1e-12).Should().BeLessThanOrEqualTo(1 << features.FinalSupportLog2, "seed {0}", seed);
        }
    }

    [Fact]
    public void Apply_RandomGates_TheStateIsHadamardGatesOnABasisState()
    {
        var (whole, kept) = (0, 0);
        for (var seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            var builder = new CircuitBuilder(Qubits);
            var followed = new PutOffHadamards(Qubits);
            for (var g = 0; g < 12; g++)
            {
                Add(builder, random);
                var circuit = builder.Build();
                if (!followed.Apply(circuit, circuit.Operations[^1]))
                {
                    break;
                }

                // Each gate that waits is an equal superposition of two, and without them nothing is left but one basis state.
                var state = OracleSimulator.FinalState(circuit);
                state.Count(a => a.Magnitude > 1e-9).Should().Be(1 << followed.Waiting, "seed {0}, gate {1}", seed, g);
                state.Max(a => a.Magnitude).Should().BeApproximately(Math.Pow(2, -followed.Waiting / 2.0), 1e-9);
                (whole, kept) = (whole + (g == 11 ? 1 : 0), kept + followed.Waiting);
            }
        }

        whole.Should().BeGreaterThan(20);
        kept.Should().BeGreaterThan(500);
    }

    [Fact]
    public void Profile_SuperpositionsThatOnlyPassThrough_StoreOneAmplitude()
    {
        foreach (var circuit in new[] { Oracles.BernsteinVazirani(new BitString(0b1011011, 50)), Oracles.DeutschJozsa(40, true, 3), Oracles.DeutschJozsa(40, false, 3) })
        {
            var features = CircuitProfiler.Profile(circuit).Features!;
            features.PeakEntriesLog2.Should().BeLessThanOrEqualTo(1);
            features.SparseWork.Should().BeLessThanOrEqualTo(circuit.Operations.Length + 2, "each gate goes over one amplitude");
            features.SparseBranchingWork.Should().BeLessThanOrEqualTo(2);
            features.PeakSupportLog2.Should().BeGreaterThan(39, "between the two layers all of them are there");
        }
    }

    [Fact]
    public void Profile_GatesThatWaitAtTheEnd_AreMadeGood()
    {
        var builder = new CircuitBuilder(3);
        builder.H(0).H(1).H(2).CX(0, 1);
        var features = CircuitProfiler.Profile(builder.Build()).Features!;
        features.PeakEntriesLog2.Should().Be(3);
        features.FinalSupportLog2.Should().Be(3);
        features.SparseBranchingWork.Should().Be(2 + 4 + 8);
        features.SparseWork.Should().Be(4 + 2 + 4 + 8, "four gates on one amplitude come before");
    }

    private static void Add(CircuitBuilder builder, Random random)
    {
        int a = random.Next(Qubits), b = (a + 1 + random.Next(Qubits - 1)) % Qubits, c = Enumerable.Range(0, Qubits).First(q => q != a && q != b);
        _ = random.Next(12) switch
        {
            0 or 1 or 2 => builder.H(a),
            3 => builder.X(a),
            4 => builder.Z(a),
            5 or 6 => builder.CX(a, b),
            7 => builder.CZ(a, b),
            8 => builder.Swap(a, b),
            9 => builder.CCX(a, b, c),
            10 => builder.Y(a),
            _ => builder.S(a),
        };
    }
}

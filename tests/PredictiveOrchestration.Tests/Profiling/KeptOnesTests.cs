using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Exchanges of values keep the number of ones: what is counted is compared with the basis states themselves.</summary>
public sealed class KeptOnesTests
{
    [Theory]
    [InlineData(9, 1)]
    [InlineData(13, 1)]
    [InlineData(8, 5)]
    [InlineData(13, 5)]
    public void SparseWork_Chains_IsThatOfTheBasisStatesThatAreThere(int qubits, int steps)
    {
        var features = CircuitProfiler.Profile(Dynamics.Heisenberg(qubits, steps, 0.7)).Features!;

        // One rotation brings the partners of equal values about, the other takes them away.
        var states = new HashSet<int> { Enumerable.Range(0, qubits).Where(q => q % 2 == 0).Sum(q => 1 << q) };
        double mixed = 0;
        for (var step = 0; step < 2 * steps; step++)
        {
            for (var q = step % 2; q + 1 < qubits; q += 2)
            {
                var pair = 3 << q;
                var equal = states.Count(s => (s & pair) is 0 || (s & pair) == pair);
                states.UnionWith(states.Where(s => (s & pair) is not 0 && (s & pair) != pair).Select(s => s ^ pair).ToArray());
                mixed += 2 * (states.Count + equal);
            }
        }

        (features.SparseUnorderedWork / mixed).Should().BeInRange(0.75, 1.3);
        states.Count.Should().BeLessThanOrEqualTo(1 << features.FinalSupportLog2);
        features.FinalSupportLog2.Should().BeLessThan(qubits, "all of them have as many ones");
    }

    [Fact]
    public void FinalSupport_ExchangesAmongOtherGates_IsNeverExceeded()
    {
        const int Qubits = 6;
        var fewer = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var builder = new CircuitBuilder(Qubits);
            for (var g = 0; g < 14; g++)
            {
                int a = random.Next(Qubits), b = (a + 1 + random.Next(Qubits - 1)) % Qubits;
                _ = random.Next(40) switch
                {
                    < 5 => builder.X(a),
                    < 8 => builder.Swap(a, b),
                    < 12 => builder.RZZ(0.4, a, b),
                    < 25 => builder.RXX(0.3 + (0.1 * g), a, b).RYY(0.3 + (0.1 * g), a, b),
                    < 34 => builder.RYY(0.3 + (0.1 * g), a, b).RXX(0.3 + (0.1 * g), b, a),
                    < 37 => builder.ISwap(a, b),
                    37 => builder.RXX(0.3, a, b),
                    38 => builder.RXX(0.3, a, b).RYY(0.7, a, b),
                    _ => builder.CX(a, b),
                };
            }

            var circuit = builder.Build();
            var features = CircuitProfiler.Profile(circuit).Features!;
            var there = OracleSimulator.FinalState(circuit).Count(x => x.Magnitude > 1e-12);
            there.Should().BeLessThanOrEqualTo(1 << features.FinalSupportLog2, "seed {0}", seed);
            fewer += 1 << features.FinalSupportLog2 < 1 << Qubits - 1 ? 1 : 0;
        }

        fewer.Should().BeGreaterThan(50);
    }

    [Fact]
    public void FinalSupport_QubitsOnTheirOwnThatComeBack_IsKnown()
    {
        CircuitProfiler.Profile(Fourier.PhaseEstimation(9, 0.3125)).Features!.FinalSupportLog2.Should().Be(0, "the phase is a sum of powers of two");
        OracleSimulator.FinalState(Fourier.PhaseEstimation(9, 0.3125)).Count(x => x.Magnitude > 1e-9).Should().Be(1);
    }
}

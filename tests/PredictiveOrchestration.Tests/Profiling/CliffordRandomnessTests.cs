using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>The outcomes of a stabilizer state are equally likely, and two to the number of random results.</summary>
public sealed class CliffordRandomnessTests
{
    private const int Qubits = 5;

    [Fact]
    public void RandomBits_CliffordCircuits_IsTheNumberOfOutcomes()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var circuit = Create(seed, resets: false);
            var features = CircuitProfiler.Profile(circuit).Features!;
            OracleSimulator.OutcomeDistribution(circuit).Count(o => o.Value > 1e-9).Should().Be(1 << features.RandomBits, "seed {0}", seed);
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(17, 120)]
    [InlineData(70, 700)]
    [InlineData(128, 300)]
    public void StabilizerWork_CliffordCircuits_IsTheMeanWeightOfTheTableausGenerators(int qubits, int gates)
    {
        var circuit = RandomFamilies.RandomClifford(qubits, gates, 5);
        var tableau = new StabilizerTableau(qubits);
        var program = new CliffordProgram("test");
        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            foreach (var step in program.StepsOf(circuit, i, null))
            {
                var on = circuit.QubitsOf(circuit.Operations[i]);
                tableau.Apply(step.Gate, on[step.A], on[step.B]);
            }
        }

        var weight = Enumerable.Range(0, qubits).Average(r => (double)UInt128.PopCount(tableau.Stabilizer(r).X | tableau.Stabilizer(r).Z));
        var features = CircuitProfiler.Profile(circuit).Features!;
        features.StabilizerWork.Should().BeApproximately(features.RandomBits * weight, 1e-6);
    }

    [Fact]
    public void StabilizerWork_GhzStates_IsThatOfOneWideGeneratorAndPairs() =>
        CircuitProfiler.Profile(States.Ghz(40)).Features!.StabilizerWork.Should().BeApproximately((40 + (2 * 39)) / 40.0, 1e-12);

    [Fact]
    public void FinalSupport_UnmeasuredCliffordCircuits_IsTheNumberOfAmplitudes()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var circuit = RandomFamilies.RandomClifford(Qubits, 12, (ulong)seed);
            var features = CircuitProfiler.Profile(circuit).Features!;
            OracleSimulator.FinalState(circuit).Count(a => a.Magnitude > 1e-9).Should().Be(1 << features.FinalSupportLog2, "seed {0}", seed);
            features.RandomBits.Should().Be(features.FinalSupportLog2);
        }
    }

    [Fact]
    public void BranchingBits_ResultsThatQubitsGoOnAfter_AreTheNumberOfHistories()
    {
        // What is measured before each reset tells one history from another; nothing is measured at the end.
        var seen = new HashSet<int>();
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var builder = new CircuitBuilder(Qubits, 4);
            for (var bit = 0; bit < 4; bit++)
            {
                for (var g = 0; g < 6; g++)
                {
                    int a = random.Next(Qubits), b = (a + 1 + random.Next(Qubits - 1)) % Qubits;
                    _ = random.Next(4) switch { 0 => builder.H(a), 1 => builder.S(a), 2 => builder.CZ(a, b), _ => builder.CX(a, b) };
                }

                var qubit = random.Next(Qubits);
                builder.Measure(qubit, bit).Reset(qubit);
            }

            var circuit = builder.Build();
            var features = CircuitProfiler.Profile(circuit).Features!;
            OracleSimulator.OutcomeDistribution(circuit).Count(o => o.Value > 1e-9).Should().Be(1 << features.BranchingBits, "seed {0}", seed);
            features.RandomBits.Should().Be(features.BranchingBits, "seed {0}", seed);
            seen.Add(features.BranchingBits);
        }

        seen.Should().Contain([0, 1, 2, 3]);
    }

    [Fact]
    public void RandomBits_Resets_CountWhatTheyMeasure()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            // A reset counts as much as the same qubit measured into a bit of its own.
            CircuitProfiler.Profile(Create(seed, resets: true)).Features!.RandomBits.Should().Be(CircuitProfiler.Profile(Create(seed, resets: true, recorded: true)).Features!.RandomBits, "seed {0}", seed);
        }

        CircuitProfiler.Profile(new CircuitBuilder(1, 1).H(0).Reset(0).Measure(0, 0).Build()).Features!.RandomBits.Should().Be(1);
    }

    [Theory]
    [InlineData(70)]
    [InlineData(200)]
    public void RandomBits_WideCircuits_OfKnownOutcome(int qubits)
    {
        CircuitProfiler.Profile(Oracles.BernsteinVazirani(BitString.Parse(string.Concat(Enumerable.Range(0, qubits).Select(i => i % 3 == 0 ? '1' : '0'))))).Features!.RandomBits.Should().Be(0);
        CircuitProfiler.Profile(States.Ghz(qubits)).Features!.RandomBits.Should().Be(1);
    }

    [Fact]
    public void RandomBits_RepetitionCode_NothingIsRandom() =>
        CircuitProfiler.Profile(ErrorCorrection.Repetition(5, 3, flipped: 2)).Features!.RandomBits.Should().Be(0);

    // Measurements in mid-circuit and at the end, each into a bit of its own; gates on what was measured follow.
    private static Circuit Create(int seed, bool resets, bool recorded = false)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(Qubits, 20);
        var bit = 0;
        for (var i = 0; i < 40; i++)
        {
            var (a, b) = (random.Next(Qubits), random.Next(Qubits - 1));
            b += b >= a ? 1 : 0;
            var quarters = random.Next(8) * (Math.PI / 2);
            switch (random.Next(resets ? 24 : 23))
            {
                case 0: builder.H(a); break;
                case 1: builder.S(a); break;
                case 2: builder.Sdg(a); break;
                case 3: builder.SX(a); break;
                case 4: builder.X(a); break;
                case 5: builder.Y(a); break;
                case 6: builder.P(quarters, a); break;
                case 7: builder.RX(quarters, a); break;
                case 8: builder.RY(quarters, a); break;
                case 9: builder.RZ(quarters, a); break;
                case 10: builder.CX(a, b); break;
                case 11: builder.CY(a, b); break;
                case 12: builder.CZ(a, b); break;
                case 13: builder.Swap(a, b); break;
                case 14: builder.ISwap(a, b); break;
                case 15: builder.RXX(quarters, a, b); break;
                case 16: builder.RYY(quarters, a, b); break;
                case 17: builder.RZZ(quarters, a, b); break;
                case 18: builder.RZX(quarters, a, b); break;
                case 19: builder.Ecr(a, b); break;
                case 20: builder.H(a).CX(a, b); break;
                case 23:
                    if (recorded && bit < 12)
                    {
                        builder.Measure(a, bit++);
                    }

                    builder.Reset(a);
                    break;
                default:
                    if (!resets && bit < 10)
                    {
                        builder.Measure(a, bit++);
                    }

                    break;
            }
        }

        for (var q = 0; q < Qubits - 1; q++)
        {
            builder.Measure(q, 15 + q);
        }

        return builder.Build();
    }
}

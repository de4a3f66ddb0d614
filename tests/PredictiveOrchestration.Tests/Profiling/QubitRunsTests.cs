using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>What a qubit with gates across a cut alone is worth, against the ranks of true states.</summary>
public sealed class QubitRunsTests(ITestOutputHelper output)
{
    [Fact]
    public void Join_OneQubitThatMeetsAllOthers_IsWorthABit()
    {
        var runs = new QubitRuns();
        runs.Clear(6);
        Worth(runs, 0, 3, 2, 1).Should().Be(1, "both were on their own");
        Worth(runs, 0, 4, 2, 1).Should().Be(0, "the qubit may stand on the other side all the time");
        Worth(runs, 0, 5, 2, 3).Should().Be(1, "across that cut it met another one on its own side before; that one was on its own");
        Worth(runs, 0, 5, 2, 3).Should().Be(0, "two bits are all that one qubit is worth");
    }

    [Fact]
    public void Join_GenericGates_CountNoLessThanTheRanks()
    {
        int exact = 0, all = 0, plain = 0, counted = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var circuit = RandomFamilies.QuantumVolume(6 + (seed % 3), 1 + (seed % 4), (ulong)seed);
            var n = circuit.NumQubits;
            var runs = new QubitRuns();
            runs.Clear(n);
            var bits = new int[n];
            foreach (ref readonly var op in circuit.Operations)
            {
                if (op.QubitCount == 2)
                {
                    var qubits = circuit.QubitsOf(op);
                    int low = Math.Min(qubits[0], qubits[1]), high = Math.Max(qubits[0], qubits[1]);
                    var inside = runs.Join(low, high, 2);
                    for (var cut = low; cut < high; cut++)
                    {
                        bits[cut] += At(inside, cut);
                        plain += 2;
                    }
                }
            }

            var state = OracleSimulator.FinalState(circuit);
            for (var cut = 0; cut < n - 1; cut++)
            {
                var rank = Matrix<Complex>.Build.Dense(1 << (n - 1 - cut), 1 << (cut + 1), (high, low) => state[(high << (cut + 1)) | low]).Svd(false).S.Count(s => s.Real > 1e-9);
                var most = Math.Min(bits[cut], Math.Min(cut + 1, n - 1 - cut));
                (1 << most).Should().BeGreaterThanOrEqualTo(rank, "seed {0}, cut {1}", seed, cut);
                exact += 1 << most == rank ? 1 : 0;
                all++;
                counted += bits[cut];
            }
        }

        output.WriteLine($"{exact} of {all} exact, {counted} bits in place of {plain}");
        exact.Should().BeGreaterThan(all * 3 / 4);
    }

    private static int Worth(QubitRuns runs, int low, int high, int bits, int cut) => At(runs.Join(low, high, bits), cut);

    private static int At(Inside inside, int cut) => (cut >= inside.OneFrom && cut < inside.OneTo ? 1 : 0) + (cut >= inside.TwoFrom && cut < inside.TwoTo ? 1 : 0);
}

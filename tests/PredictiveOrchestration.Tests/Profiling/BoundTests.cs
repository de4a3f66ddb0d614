using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>The bounds are proved; here they are compared with what really happens, after every operation.</summary>
public sealed class BoundTests(ITestOutputHelper output)
{
    [Fact]
    public void Profile_RandomCircuits_SupportAndBondAreNeverExceeded()
    {
        int exactSupport = 0, exactBond = 0, all = 0;
        for (var seed = 0; seed < 1200; seed++)
        {
            var options = (seed % 3) switch
            {
                0 => new RandomCircuitOptions { Qubits = 1 + seed % 6, Operations = 14 },
                1 => new RandomCircuitOptions { Qubits = 2 + seed % 5, Operations = 24, Gates = ["h", .. RandomCircuits.MonomialGates], Unitaries = false },
                _ => new RandomCircuitOptions { Qubits = 2 + seed % 5, Operations = 20, Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 1, Unitaries = false },
            };
            var circuit = RandomCircuits.Create(seed, options);
            var features = CircuitProfiler.Profile(circuit).Features!;
            var peak = 0;
            var bonds = new int[Math.Max(0, circuit.NumQubits - 1)];
            var state = OracleSimulator.FinalState(new CircuitBuilder(circuit.NumQubits).Build());
            for (var i = 0; i < circuit.Operations.Length; i++)
            {
                state = Step(circuit, state, i);
                var support = state.Count(a => a.Magnitude > 1e-9);
                support.Should().BeLessThanOrEqualTo(1 << features.SupportTrajectory.Span[i], "seed {0}, operation {1}", seed, i);
                peak = Math.Max(peak, support);
                for (var cut = 0; cut < bonds.Length; cut++)
                {
                    var rank = SchmidtRank(state, circuit.NumQubits, cut + 1);
                    rank.Should().BeLessThanOrEqualTo(1 << features.BondLog2.Span[cut], "seed {0}, operation {1}, cut {2}", seed, i, cut);
                    bonds[cut] = Math.Max(bonds[cut], rank);
                }
            }

            all++;
            exactSupport += peak == 1 << features.PeakSupportLog2 ? 1 : 0;
            exactBond += bonds.DefaultIfEmpty(1).Max() == 1 << features.PeakBondLog2 ? 1 : 0;
        }

        output.WriteLine($"support exact in {100.0 * exactSupport / all:F0} %, bond exact in {100.0 * exactBond / all:F0} % of {all} circuits");
    }

    [Fact]
    public void Profile_ControlsOnNearlyAllQubits_BondIsNeverExceeded()
    {
        var below = 0;
        for (var seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            var n = 3 + (seed % 3);
            var circuit = ControlledByMost(random, n);
            var features = CircuitProfiler.Profile(circuit).Features!;
            var state = OracleSimulator.FinalState(new CircuitBuilder(n).Build());
            for (var i = 0; i < circuit.Operations.Length; i++)
            {
                state = Step(circuit, state, i);
                for (var cut = 0; cut < n - 1; cut++)
                {
                    SchmidtRank(state, n, cut + 1).Should().BeLessThanOrEqualTo(1 << features.BondLog2.Span[cut], "seed {0}, operation {1}, cut {2}", seed, i, cut);
                }
            }

            below += n > 3 && features.PeakBondLog2 < n / 2 ? 1 : 0;
        }

        below.Should().BeGreaterThan(40, "else it says no more than the sizes of the sides");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Profile_Grover_RankIsOneMoreThanTheMarkedStates(int marked)
    {
        // The uniform state and those that are marked, after any number of rounds.
        var circuit = Oracles.Grover(8, [.. Enumerable.Range(1, marked).Select(m => 37UL * (ulong)m)]);
        var state = OracleSimulator.FinalState(new CircuitBuilder(8).Build());
        for (var i = 0; i < circuit.Operations.Length && circuit.Operations[i].Kind != OperationKind.Measure; i++)
        {
            state = Step(circuit, state, i);
            SchmidtRank(state, 8, 4).Should().BeLessThanOrEqualTo(1 + marked);
        }

        CircuitProfiler.Profile(circuit).Features!.PeakBondLog2.Should().Be(marked == 1 ? 1 : 2);
    }

    [Fact]
    public void FewBasisStates_Walk_RankOfNoCutIsGreater()
    {
        // Positions about zero: whatever lies far above is all zeros or all ones.
        const int positions = 5, steps = 6;
        var circuit = Dynamics.QuantumWalk(positions, steps);
        var few = FewBasisStates.Begin(circuit.NumQubits)!;
        var state = OracleSimulator.FinalState(new CircuitBuilder(circuit.NumQubits).Build());
        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            state = Step(circuit, state, i);
            few.Apply(circuit, circuit.Operations[i]).Should().BeTrue();
            var bound = few.CountLog2;
            for (var again = 0; again < 10; again++)
            {
                // What is asked for often enough is counted anew.
                bound = few.RankLog2();
            }

            Enumerable.Range(1, positions).Max(left => SchmidtRank(state, circuit.NumQubits, left)).Should().BeLessThanOrEqualTo(1 << bound, "operation {0}", i);
            bound.Should().BeLessThanOrEqualTo(few.CountLog2);
        }

        few.CountLog2.Should().Be(4, "seven positions that are even, and a coin");
        few.RankLog2().Should().Be(2);
    }

    [Fact]
    public async Task Profile_MeasurementResetAndControlFlow_SupportIsNeverExceeded()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var options = new RandomCircuitOptions { Qubits = 2 + seed % 3, Operations = 16, Gates = ["h", .. RandomCircuits.MonomialGates], Unitaries = false, MidCircuit = true, ControlFlow = true };
            var circuit = RandomCircuits.Create(seed, options);
            var features = CircuitProfiler.Profile(circuit).Features!;
            var result = await new SparseStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 64, Seed = (ulong)seed });
            result.PeakNonZeros.Should().BeLessThanOrEqualTo(1L << features.PeakSupportLog2, "seed {0}", seed);
        }
    }

    // Turns, gates with two controls and more, and now and then one that joins two qubits or is on some alone.
    private static Circuit ControlledByMost(Random random, int n)
    {
        var builder = new CircuitBuilder(n);
        var left = random.Next(4) == 0 ? 1 : 0;
        for (var k = 0; k < 10; k++)
        {
            for (var q = 0; q < n; q++)
            {
                _ = random.Next(6) switch
                {
                    0 => builder.H(q),
                    1 => builder.X(q),
                    2 => k == 0 ? builder.RY(random.NextDouble(), q) : builder.H(q),
                    _ => builder,
                };
            }

            var qubits = Enumerable.Range(0, n).ToArray();
            random.Shuffle(qubits);
            var controls = qubits[..Math.Max(2, n - 1 - left)];
            _ = random.Next(9) switch
            {
                0 or 1 or 2 => builder.MCZ(controls, qubits[^1]),
                3 or 4 => builder.MCX(controls, qubits[^1]),
                5 => builder.MCP(random.NextDouble(), controls, qubits[^1]),
                6 => builder.Gate(GateCatalog.H, controls.Length, [], [.. controls, qubits[^1]]),
                7 => k > 4 ? builder.CX(qubits[0], qubits[^1]) : builder,
                _ => builder.Gate(GateCatalog.RZ, controls.Length, [0.3], [.. controls, qubits[^1]]),
            };
        }

        return builder.Build();
    }

    private static Complex[] Step(Circuit circuit, Complex[] state, int index)
    {
        var op = circuit.Operations[index];
        if (op.Kind == OperationKind.Barrier)
        {
            return state;
        }

        Complex[,] matrix;
        if (op.Kind == OperationKind.Gate)
        {
            matrix = OracleGates.Matrix(circuit.GateOf(op).Name, circuit.ParametersOf(op).ToArray());
        }
        else
        {
            var size = 1 << (op.QubitCount - op.ControlCount);
            matrix = new Complex[size, size];
            for (var k = 0; k < size * size; k++)
            {
                matrix[k / size, k % size] = circuit.MatrixOf(op)[k];
            }
        }

        return OracleSimulator.Transform(state, matrix, circuit.QubitsOf(op).ToArray(), op.ControlCount);
    }

    private static int SchmidtRank(Complex[] state, int qubits, int left)
    {
        var m = Matrix<Complex>.Build.Dense(1 << (qubits - left), 1 << left, (high, low) => state[high << left | low]);
        return m.Svd(false).S.Count(s => s.Real > 1e-9);
    }
}

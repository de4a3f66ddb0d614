using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Sparse;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Basis states that are few are counted: compared with what the sparse engine holds, and with closed formulas.</summary>
public sealed class FewBasisStatesTests
{
    [Theory]
    [InlineData(11)]
    [InlineData(40)]
    [InlineData(128)]
    public void Profile_WState_HasAsManyAmplitudesAsQubits(int n) =>
        CircuitProfiler.Profile(States.W(n)).Features!.PeakSupportLog2.Should().Be((int)Math.Ceiling(Math.Log2(n)));

    [Fact]
    public void Profile_WStateOfMoreQubitsThanAreCounted_IsBoundByTheRest()
    {
        // 128 states, and then each gate that mixes may double them.
        CircuitProfiler.Profile(States.W(130)).Features!.PeakSupportLog2.Should().BeInRange(8, 10);
    }

    [Fact]
    public async Task Profile_RandomCircuits_EngineHoldsNoMore()
    {
        var tighter = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var n = 11 + random.Next(3);
            var circuit = Random(random, n);
            var features = CircuitProfiler.Profile(circuit).Features!;
            var result = await new SparseStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 20, Seed = (ulong)seed });
            result.PeakNonZeros.Should().BeLessThanOrEqualTo(1L << features.PeakSupportLog2, "seed {0}", seed);
            result.Counts.Count.Should().BeLessThanOrEqualTo(1 << (int)features.RandomBits, "seed {0}", seed);
            var affine = new AffineSupportBound(n);
            var peak = 0;
            foreach (ref readonly var op in circuit.Operations)
            {
                if (op.Kind is OperationKind.Gate or OperationKind.Unitary)
                {
                    affine.Apply(circuit, op, false);
                }

                peak = Math.Max(peak, affine.Dimension);
            }

            tighter += features.PeakSupportLog2 < peak ? 1 : 0;
        }

        tighter.Should().BeGreaterThan(50);
    }

    // Few gates mix, and most of those have controls.
    private static Circuit Random(Random random, int n)
    {
        var builder = new CircuitBuilder(n);
        for (var g = 0; g < 60; g++)
        {
            var q = Enumerable.Range(0, n).ToArray();
            random.Shuffle(q);
            var angle = random.Next(4) == 0 ? Math.PI * random.Next(3) : 6 * random.NextDouble();
            _ = random.Next(14) switch
            {
                0 => builder.X(q[0]),
                1 => builder.CCX(q[0], q[1], q[2]),
                2 or 3 => builder.CX(q[0], q[1]),
                4 => builder.CSwap(q[0], q[1], q[2]),
                5 => builder.RY(angle, q[0]),
                6 => builder.CRY(angle, q[0], q[1]),
                7 => builder.Gate(GateCatalog.H, 2, [], [q[0], q[1], q[2]]),
                8 => builder.Gate(GateCatalog.RXX, 1, [angle], [q[0], q[1], q[2]]),
                9 => builder.Ecr(q[0], q[1]),
                10 => builder.T(q[0]),
                11 => builder.Swap(q[0], q[1]),
                12 => random.Next(5) == 0 ? builder.Reset(q[0]) : builder.Y(q[0]),
                _ => builder.CH(q[0], q[1]),
            };
        }

        return builder.Build();
    }
}

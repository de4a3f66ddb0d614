using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Sparse;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>What is surely not zero is compared with what the sparse engine holds.</summary>
public sealed class SureSupportTests
{
    [Fact]
    public async Task Profile_RandomCircuits_EngineHoldsAtLeastAsMany()
    {
        var some = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var n = 3 + random.Next(8);
            var builder = new CircuitBuilder(n);
            for (var g = 0; g < 30; g++)
            {
                var q = Enumerable.Range(0, n).ToArray();
                random.Shuffle(q);
                var angle = random.Next(4) == 0 ? Math.PI * random.Next(3) : Math.Pow(10, -8 * random.NextDouble());
                _ = random.Next(9) switch
                {
                    0 => builder.H(q[0]),
                    1 => builder.X(q[0]),
                    2 => builder.CCX(q[0], q[1], q[2]),
                    3 => builder.CX(q[0], q[1]),
                    4 => builder.T(q[0]),
                    5 => builder.Swap(q[0], q[1]),
                    6 => builder.RX(angle, q[0]),
                    _ => builder.RY(angle, q[0]),
                };
            }

            var circuit = builder.Build();
            var sure = CircuitProfiler.Profile(circuit).Features!.SureSupportLog2;
            var result = await new SparseStateSimulator().ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 1 });
            result.PeakNonZeros.Should().BeGreaterThanOrEqualTo(1L << sure, "seed {0}", seed);
            some += sure > 1 ? 1 : 0;
        }

        some.Should().BeGreaterThan(50);
    }

    [Fact]
    public void Predict_StateThatCannotFit_NeedsItsMemory()
    {
        var wide = new CircuitBuilder(50);
        var small = new CircuitBuilder(50);
        for (var q = 0; q < 50; q++)
        {
            wide.RY(1.5, q);
            small.RY(1e-9, q);
        }

        double Least(Circuit circuit, BackendDescriptor backend) => new PerformancePredictor(1, []).Predict(backend, CircuitProfiler.Profile(circuit), new JobShape(100, 1, 0, 0)).PeakBytes.Lower;
        var sparse = new SparseStateSimulator().Descriptor;
        Least(wide.Build(), sparse).Should().Be(24 * Math.ScaleB(1, 50));
        Least(small.Build(), sparse).Should().BeLessThan(1000, "what small angles leave is dropped where several of them meet");

        // Who drops more may do with less.
        Least(wide.Build(), new SparseStateSimulator(new SparseStateOptions { PruningThreshold = 1e-8 }).Descriptor).Should().BeLessThan(1000);
    }
}

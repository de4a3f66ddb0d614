using BenchmarkDotNet.Attributes;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Benchmarks.Micro;

/// <summary>Profiling circuits of a thousand and a million gates.</summary>
[MemoryDiagnoser]
public class ProfilerBenchmarks
{
    private Circuit _circuit = null!;

    /// <summary>Gets or sets the number of gates.</summary>
    [Params(1_000, 1_000_000)]
    public int Gates { get; set; }

    /// <summary>Gets or sets the family.</summary>
    [Params("random", "clifford", "permutation")]
    public string Family { get; set; } = "random";

    /// <summary>Makes the circuit.</summary>
    [GlobalSetup]
    public void Setup()
    {
        const int n = 20;
        var builder = new CircuitBuilder(n);
        var random = new Random(1);
        for (var i = 0; i < Gates; i++)
        {
            var (a, b) = (random.Next(n), random.Next(n - 1));
            b += b >= a ? 1 : 0;
            _ = (Family, random.Next(3)) switch
            {
                ("random", 0) => builder.RX(random.NextDouble(), a),
                ("random", 1) => builder.RZ(random.NextDouble(), a),
                ("clifford", 0) => builder.H(a),
                ("clifford", 1) => builder.S(a),
                ("permutation", 0) => builder.X(a),
                ("permutation", 1) => builder.T(a),
                _ => builder.CX(a, b),
            };
        }

        _circuit = builder.Build();
    }

    /// <summary>One profile.</summary>
    [Benchmark]
    public int Profile() => CircuitProfiler.Profile(_circuit).GateCount;
}

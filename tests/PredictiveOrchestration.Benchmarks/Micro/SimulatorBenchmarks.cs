using BenchmarkDotNet.Attributes;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.Micro;

/// <summary>Whole runs of 1,000 shots on the state-vector and the sparse engine.</summary>
public class SimulatorBenchmarks
{
    private readonly StateVectorSimulator _dense = new();
    private readonly SparseStateSimulator _sparse = new();
    private ExecutionRequest _request = null!;

    /// <summary>Gets or sets the circuit.</summary>
    [Params("ghz 20", "qft 16", "random 16", "w 20", "adder 16")]
    public string Circuit { get; set; } = "ghz 20";

    /// <summary>Makes the circuit.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Circuit circuit = Circuit switch
        {
            "ghz 20" => States.Ghz(20),
            "qft 16" => Fourier.Qft(16),
            "random 16" => RandomFamilies.Random(16, 10),
            "w 20" => States.W(20),
            _ => Adders.Cuccaro(7),
        };
        _request = new ExecutionRequest { Circuit = circuit, Shots = 1000, Seed = 1 };
    }

    /// <summary>The state-vector engine.</summary>
    [Benchmark(Baseline = true)]
    public Task<ExecutionResult> Dense() => _dense.ExecuteAsync(_request);

    /// <summary>The sparse engine.</summary>
    [Benchmark]
    public Task<ExecutionResult> Sparse() => _sparse.ExecuteAsync(_request);
}

using BenchmarkDotNet.Attributes;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.Micro;

/// <summary>What engines take to plan a circuit that they have not seen: what a decision pays where it asks for a plan. Beside it, the profile.</summary>
[MemoryDiagnoser]
public class PlanBenchmarks
{
    private readonly IWorkForecaster _chain = new MatrixProductStateSimulator();
    private readonly IWorkForecaster _dense = new StateVectorSimulator();
    private Circuit _circuit = null!;
    private CircuitProfile _profile = null!;

    /// <summary>Gets or sets the family.</summary>
    [Params("ghz 20", "qft 20", "random 20", "brickwork 20", "su2 18", "ising 14", "quantum volume 18", "clifford 20", "adder 20", "qaoa 20")]
    public string Family { get; set; } = "ghz 20";

    /// <summary>Makes the circuit.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _circuit = Family switch
        {
            "qft 20" => Fourier.Qft(20),
            "random 20" => RandomFamilies.Random(20, 10),
            "brickwork 20" => RandomFamilies.Brickwork(20, 12),
            "su2 18" => Variational.EfficientSU2(18, 2, Variational.RandomAngles(108, 1), Entanglement.Circular),
            "ising 14" => Dynamics.Ising(14, 10),
            "quantum volume 18" => RandomFamilies.QuantumVolume(18, 5),
            "clifford 20" => RandomFamilies.RandomClifford(20, 400),
            "adder 20" => Adders.Cuccaro(9),
            "qaoa 20" => Variational.Qaoa(20, Variational.RandomRegular(20, 3, 5), Variational.RandomAngles(3, 1), Variational.RandomAngles(3, 2)),
            _ => States.Ghz(20),
        };
        _profile = CircuitProfiler.Profile(_circuit);
    }

    /// <summary>A plan of the matrix product state.</summary>
    [Benchmark]
    public object? MatrixProductState() => _chain.Forecast(Fresh(), _profile);

    /// <summary>A plan of the state vector.</summary>
    [Benchmark]
    public object? StateVector() => _dense.Forecast(Fresh(), _profile);

    /// <summary>The profile.</summary>
    [Benchmark(Baseline = true)]
    public CircuitProfile Profile() => CircuitProfiler.Profile(_circuit);

    // Another object: an engine keeps what it found for the one it has seen.
    private Circuit Fresh() => _circuit.WithRegisters(_circuit.QuantumRegisters, _circuit.ClassicalRegisters);
}

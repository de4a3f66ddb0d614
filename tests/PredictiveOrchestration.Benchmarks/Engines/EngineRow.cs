using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>One line of the engine table.</summary>
/// <param name="Engine">The engine's short name.</param>
/// <param name="Name">The circuit.</param>
/// <param name="TargetMilliseconds">What the wall time should stay below.</param>
/// <param name="Circuit">Makes the circuit.</param>
/// <param name="Shots">The shots; 0 for the state alone.</param>
/// <param name="Observables">Expectation values to take.</param>
/// <param name="Measure">What is timed.</param>
/// <param name="SingleTargetMilliseconds">The target in single precision, where there is one.</param>
internal sealed record EngineRow(
    string Engine,
    string Name,
    double TargetMilliseconds,
    Func<Circuit> Circuit,
    int Shots = 0,
    IReadOnlyList<PauliSum>? Observables = null,
    EngineMeasure Measure = EngineMeasure.Run,
    double SingleTargetMilliseconds = double.NaN)
{
    /// <summary>Makes the request, the same each time.</summary>
    public ExecutionRequest Request() => new() { Circuit = Circuit(), Shots = Shots, Seed = 1, Observables = Observables ?? [] };
}

/// <summary>What is timed.</summary>
internal enum EngineMeasure
{
    /// <summary>A whole run, of the same circuit object each time.</summary>
    Run,

    /// <summary>Drawing the shots, without the state.</summary>
    Sampling,

    /// <summary>A whole run of a circuit that the engine has not seen, planning included.</summary>
    FreshCircuit,
}

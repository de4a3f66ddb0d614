using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration;

/// <summary>Adds simulated devices to an orchestrator.</summary>
public static class NoisyBuilderExtensions
{
    /// <summary>
    /// Adds a device that is simulated with its errors, on the built-in engines: the tableau for Clifford circuits, the state vector, and the matrix product state for
    /// circuits too large for it. It is chosen only for requests with <c>RequireExact = false</c>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">The device.</param>
    /// <exception cref="ArgumentException">The options are wrong.</exception>
    public static PredictiveOrchestratorBuilder AddNoisyDevice(this PredictiveOrchestratorBuilder builder, NoisySimulatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddBackend(Create(options, null));
    }

    /// <summary>Makes such a device.</summary>
    internal static NoisySimulator Create(NoisySimulatorOptions options, TimeProvider? time) =>
        new(options, new StabilizerSimulator(null, time), new StateVectorSimulator(null, time), new MatrixProductStateSimulator(null, time));
}

using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Chooses between the vector kernels and their scalar twins. The environment variable
/// <c>PREDICTIVE_ORCHESTRATION_KERNELS=scalar</c> forces the twins.
/// </summary>
internal static class DenseKernelSelector
{
    /// <summary>The kernels that can run here, best first, as the value of "accelerated".</summary>
    public static IReadOnlyList<bool> Available { get; } = DenseKernels.IsAccelerated ? [true, false] : [false];

    public static bool UseVectors { get; } =
        DenseKernels.IsAccelerated && Environment.GetEnvironmentVariable("PREDICTIVE_ORCHESTRATION_KERNELS") != "scalar";
}

using System.Runtime.Intrinsics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Lists the dense kernels that can run here and chooses the widest. The environment variable
/// <c>PREDICTIVE_ORCHESTRATION_KERNELS</c> takes one of <c>vector512</c>, <c>vector256</c>, <c>vector128</c>, <c>scalar</c>.
/// </summary>
internal static class DenseKernelSelector
{
    public const string Variable = "PREDICTIVE_ORCHESTRATION_KERNELS";

    /// <summary>The kernels that the processor accelerates, best first, and the scalar twin.</summary>
    public static IReadOnlyList<DenseKernelSet> Available { get; } = FindAvailable();

    /// <summary>The kernels in use.</summary>
    public static DenseKernelSet Best { get; } = Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Finds kernels by name; the best if none is named.</summary>
    /// <exception cref="InvalidOperationException">No such kernels can run here.</exception>
    public static DenseKernelSet Choose(string? name) => string.IsNullOrEmpty(name)
        ? Available[0]
        : Available.FirstOrDefault(k => k.Name == name) ?? throw new InvalidOperationException(
            $"{Variable} is '{name}'; this machine can run {string.Join(", ", Available.Select(k => $"'{k.Name}'"))}.");

    private static List<DenseKernelSet> FindAvailable()
    {
        var available = new List<DenseKernelSet>();
        if (Vector512.IsHardwareAccelerated)
        {
            available.Add(new DenseKernelSet<Vector512<double>, Lanes512>("vector512"));
        }

        if (Vector256.IsHardwareAccelerated)
        {
            available.Add(new DenseKernelSet<Vector256<double>, Lanes256>("vector256"));
        }

        if (Vector128.IsHardwareAccelerated)
        {
            available.Add(new DenseKernelSet<Vector128<double>, Lanes128>("vector128"));
        }

        available.Add(new DenseKernelSet<double, LanesScalar>("scalar"));
        return available;
    }
}

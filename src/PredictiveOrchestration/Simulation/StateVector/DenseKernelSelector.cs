using System.Numerics;
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
    public static IReadOnlyList<DenseKernelSet> Available { get; } = FindAvailable<double>();

    /// <summary>The same kernels for single precision.</summary>
    public static IReadOnlyList<DenseKernelSet> AvailableSingle { get; } = FindAvailable<float>();

    /// <summary>The kernels in use.</summary>
    public static DenseKernelSet Best(StateVectorPrecision precision) => Choose(Environment.GetEnvironmentVariable(Variable), precision);

    /// <summary>Finds kernels by name; the best if none is named.</summary>
    /// <exception cref="InvalidOperationException">No such kernels can run here.</exception>
    public static DenseKernelSet Choose(string? name, StateVectorPrecision precision = StateVectorPrecision.Double)
    {
        var available = precision == StateVectorPrecision.Single ? AvailableSingle : Available;
        return string.IsNullOrEmpty(name)
            ? available[0]
            : available.FirstOrDefault(k => k.Name == name) ?? throw new InvalidOperationException(
                $"{Variable} is '{name}'; this machine can run {string.Join(", ", available.Select(k => $"'{k.Name}'"))}.");
    }

    private static List<DenseKernelSet> FindAvailable<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var available = new List<DenseKernelSet>();
        if (Vector512.IsHardwareAccelerated)
        {
            available.Add(new DenseKernelSet<Vector512<T>, T, Lanes512<T>>("vector512"));
        }

        if (Vector256.IsHardwareAccelerated)
        {
            available.Add(new DenseKernelSet<Vector256<T>, T, Lanes256<T>>("vector256"));
        }

        if (Vector128.IsHardwareAccelerated)
        {
            available.Add(new DenseKernelSet<Vector128<T>, T, Lanes128<T>>("vector128"));
        }

        available.Add(new DenseKernelSet<T, T, LanesScalar<T>>("scalar"));
        return available;
    }
}

using System.Runtime.Intrinsics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>Lists the sparse kernels that can run here and chooses the widest, or the one that <c>PREDICTIVE_ORCHESTRATION_KERNELS</c> names.</summary>
internal static class SparseKernelSelector
{
    private const string Variable = "PREDICTIVE_ORCHESTRATION_KERNELS";

    /// <summary>The kernels that the processor accelerates, best first, and the scalar twin.</summary>
    public static IReadOnlyList<SparseKernelSet> Available { get; } = [.. Find()];

    /// <summary>The kernels in use.</summary>
    public static SparseKernelSet Best { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } name
            ? Available.FirstOrDefault(k => k.Name == name) ?? throw new InvalidOperationException(
                $"{Variable} is '{name}'; this machine can run {string.Join(", ", Available.Select(k => $"'{k.Name}'"))}.")
            : Available[0];

    private static IEnumerable<SparseKernelSet> Find()
    {
        if (Vector512.IsHardwareAccelerated)
        {
            yield return new SparseKernelSet<Vector512<double>, Lanes512<double>, Vector512<ulong>, IndexLanes512>("vector512");
        }

        if (Vector256.IsHardwareAccelerated)
        {
            yield return new SparseKernelSet<Vector256<double>, Lanes256<double>, Vector256<ulong>, IndexLanes256>("vector256");
        }

        if (Vector128.IsHardwareAccelerated)
        {
            yield return new SparseKernelSet<Vector128<double>, Lanes128<double>, Vector128<ulong>, IndexLanes128>("vector128");
        }

        yield return new SparseKernelSet<double, LanesScalar<double>, ulong, IndexLanesScalar>("scalar");
    }
}

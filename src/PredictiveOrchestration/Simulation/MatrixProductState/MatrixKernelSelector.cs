using System.Runtime.Intrinsics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Lists the matrix kernels that can run here and chooses the widest. The environment variable
/// <c>PREDICTIVE_ORCHESTRATION_KERNELS</c> takes one of <c>vector512</c>, <c>vector256</c>, <c>vector128</c>, <c>scalar</c>.
/// </summary>
internal static class MatrixKernelSelector
{
    public const string Variable = "PREDICTIVE_ORCHESTRATION_KERNELS";

    /// <summary>The kernels that the processor accelerates, best first, and the scalar twin.</summary>
    public static IReadOnlyList<MatrixKernelSet> Available { get; } = FindAvailable();

    /// <summary>The kernels in use.</summary>
    /// <exception cref="InvalidOperationException">The variable names kernels that cannot run here.</exception>
    public static MatrixKernelSet Best
    {
        get
        {
            var name = Environment.GetEnvironmentVariable(Variable);
            return string.IsNullOrEmpty(name)
                ? Available[0]
                : Available.FirstOrDefault(k => k.Name == name) ?? throw new InvalidOperationException(
                    $"{Variable} is '{name}'; this machine can run {string.Join(", ", Available.Select(k => $"'{k.Name}'"))}.");
        }
    }

    private static List<MatrixKernelSet> FindAvailable()
    {
        var available = new List<MatrixKernelSet>();
        if (Vector512.IsHardwareAccelerated)
        {
            available.Add(new MatrixKernelSet<Vector512<double>, Lanes512<double>>("vector512"));
        }

        if (Vector256.IsHardwareAccelerated)
        {
            available.Add(new MatrixKernelSet<Vector256<double>, Lanes256<double>>("vector256"));
        }

        if (Vector128.IsHardwareAccelerated)
        {
            available.Add(new MatrixKernelSet<Vector128<double>, Lanes128<double>>("vector128"));
        }

        available.Add(new MatrixKernelSet<double, LanesScalar<double>>("scalar"));
        return available;
    }
}

using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>Where the entries of a sparse state are: arrays side by side.</summary>
/// <param name="low">The low words of the indices.</param>
/// <param name="high">The high words; null up to 64 qubits.</param>
/// <param name="re">Real parts.</param>
/// <param name="im">Imaginary parts.</param>
internal readonly unsafe struct SparsePlanes(ulong* low, ulong* high, double* re, double* im)
{
    public readonly ulong* Low = low;
    public readonly ulong* High = high;
    public readonly double* Re = re;
    public readonly double* Im = im;

    public SparsePlanes From(long first) => new(Low + first, High == null ? null : High + first, Re + first, Im + first);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BasisIndex IndexAt(long i) => new(Low[i], High == null ? 0 : High[i]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(long i, BasisIndex index, double re, double im)
    {
        Low[i] = index.Low;
        if (High != null)
        {
            High[i] = index.High;
        }

        Re[i] = re;
        Im[i] = im;
    }
}

/// <summary>A matrix on one qubit, or on a pair of basis states: row-major.</summary>
internal readonly record struct PairMatrix(double Re00, double Im00, double Re01, double Im01, double Re10, double Im10, double Re11, double Im11);

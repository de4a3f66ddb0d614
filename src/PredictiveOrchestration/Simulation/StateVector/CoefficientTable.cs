using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>Numbers that kernels read: aligned to 64 bytes in an array that the garbage collector does not move.</summary>
internal sealed unsafe class CoefficientTable
{
    private const int Alignment = 64;
    private readonly double[] _array;

    public CoefficientTable(ReadOnlySpan<double> values)
    {
        _array = GC.AllocateUninitializedArray<double>(values.Length + Alignment / sizeof(double), pinned: true);
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
        Pointer = (double*)((address + Alignment - 1) & -Alignment);
        values.CopyTo(new Span<double>(Pointer, values.Length));
    }

    /// <summary>The first number; valid as long as this object is reachable.</summary>
    public double* Pointer { get; }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>Numbers that kernels read, in the kernels' precision: aligned to 64 bytes in an array that the garbage collector does not move.</summary>
internal sealed unsafe class CoefficientTable
{
    private const int Alignment = 64;
    private readonly byte[] _array;

    private CoefficientTable(int bytes)
    {
        _array = GC.AllocateUninitializedArray<byte>(bytes + Alignment, pinned: true);
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
        Pointer = (void*)((address + Alignment - 1) & -Alignment);
    }

    /// <summary>The first number; valid as long as this object is reachable.</summary>
    public void* Pointer { get; }

    /// <summary>Copies numbers, rounding them to the precision.</summary>
    public static CoefficientTable Create<T>(ReadOnlySpan<double> values)
        where T : unmanaged, INumberBase<T>
    {
        var table = new CoefficientTable(values.Length * sizeof(T));
        var target = new Span<T>(table.Pointer, values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            target[i] = T.CreateTruncating(values[i]);
        }

        return table;
    }
}

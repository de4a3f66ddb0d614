using System.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.Kernels;

/// <summary>
/// Numbers that kernels read, in the kernels' precision, in native memory aligned to 64 bytes. Whoever uses the pointer keeps the table
/// reachable; it is freed by its finaliser, since plans are shared and kept without an owner.
/// </summary>
internal sealed unsafe class CoefficientTable
{
    private const int Alignment = 64;

    private readonly long _bytes;

    private CoefficientTable(long bytes)
    {
        _bytes = bytes == 0 ? Alignment : bytes;
        Pointer = NativeBlocks.Allocate(_bytes, Alignment);
    }

    ~CoefficientTable() => NativeBlocks.Free(Pointer, _bytes);

    /// <summary>The first number; valid as long as this object is reachable.</summary>
    public void* Pointer { get; }

    /// <summary>Copies numbers, rounding them to the precision.</summary>
    public static CoefficientTable Create<T>(ReadOnlySpan<double> values)
        where T : unmanaged, INumberBase<T>
    {
        var table = new CoefficientTable((long)values.Length * sizeof(T));
        if (typeof(T) == typeof(double))
        {
            values.CopyTo(new Span<double>(table.Pointer, values.Length));
            return table;
        }

        var target = new Span<T>(table.Pointer, values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            target[i] = T.CreateTruncating(values[i]);
        }

        return table;
    }
}

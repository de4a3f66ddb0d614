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

    /// <summary>The bytes held.</summary>
    public long Bytes => _bytes;

    /// <summary>Copies numbers, rounding them to the precision; into <paramref name="room"/>, if that is given and large enough.</summary>
    public static CoefficientTable Create<T>(ReadOnlySpan<double> values, CoefficientTable? room)
        where T : unmanaged, INumberBase<T>
    {
        var bytes = (long)values.Length * sizeof(T);
        var table = room is not null && room._bytes >= bytes ? room : new CoefficientTable(bytes);
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

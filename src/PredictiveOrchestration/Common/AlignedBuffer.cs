using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Common;

/// <summary>Native memory for doubles, zeroed, aligned to 64 bytes. Freed once, on <see cref="Dispose"/> or finalisation.</summary>
internal sealed unsafe class AlignedBuffer : IDisposable
{
    private double* _pointer;

    public AlignedBuffer(long length)
    {
        Length = length;
        _pointer = (double*)NativeBlocks.Allocate(checked(length * sizeof(double)), 64);
        NativeMemory.Clear(_pointer, (nuint)length * sizeof(double));
    }

    ~AlignedBuffer() => Free();

    public long Length { get; }

    public double* Pointer
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _pointer;
    }

    public void CopyTo(AlignedBuffer other) => NativeMemory.Copy(_pointer, other._pointer, (nuint)Length * sizeof(double));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeBlocks.Free(_pointer, Length * sizeof(double));
        _pointer = null;
    }
}

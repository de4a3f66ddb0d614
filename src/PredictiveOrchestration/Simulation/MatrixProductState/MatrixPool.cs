using System.Numerics;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Native memory for matrices, booked in the run before it is allocated. Small blocks have sizes of powers of two and are kept for the
/// next matrix of their size when given back, since gates replace matrices by ones of about the same size; large ones are freed.
/// </summary>
internal sealed unsafe class MatrixPool(RunContext context) : IDisposable
{
    private const int SmallestClass = 4;

    // 1 MiB: above it the operating system's work does not count.
    private const int GreatestClass = 17;
    private readonly Stack<nint>?[] _free = new Stack<nint>?[GreatestClass + 1];
    private readonly Dictionary<nint, long> _held = [];

    ~MatrixPool() => Free();

    /// <summary>The bytes booked: in use and waiting.</summary>
    public long Bytes { get; private set; }

    /// <summary>Gives a matrix of zeros.</summary>
    public Matrix Rent(int rows, int columns)
    {
        var matrix = RentUndefined(rows, columns);
        NativeMemory.Clear(matrix.Re, (nuint)(8 * Math.Max(1L << SmallestClass, 2 * matrix.Length)));
        return matrix;
    }

    /// <summary>Gives a matrix of any content, for those who write before they read.</summary>
    public Matrix RentUndefined(int rows, int columns)
    {
        var stride = (columns + MatrixKernelSet.Alignment - 1) & -MatrixKernelSet.Alignment;

        // Rows a multiple of 512 bytes apart would fall into few sets of the cache.
        stride += stride >= 64 && stride % 64 == 0 ? MatrixKernelSet.Alignment : 0;
        var doubles = Math.Max(1L << SmallestClass, 2L * rows * stride);
        var sizeClass = 64 - BitOperations.LeadingZeroCount((ulong)doubles - 1);
        var memory = (double*)(sizeClass > GreatestClass ? Allocate(8 * doubles) : _free[sizeClass] is { } free && free.TryPop(out var block) ? block : Allocate(8L << sizeClass));
        return new Matrix(this, memory, sizeClass, rows, columns, stride);
    }

    public void Return(nint memory, int sizeClass)
    {
        if (sizeClass <= GreatestClass)
        {
            (_free[sizeClass] ??= new Stack<nint>()).Push(memory);
        }
        else if (_held.Remove(memory, out var bytes))
        {
            NativeBlocks.Free((void*)memory, bytes);
            Bytes -= bytes;
            context.Release(bytes);
        }
    }

    public void Dispose()
    {
        Free();
        context.Release(Bytes);
        Bytes = 0;
        GC.SuppressFinalize(this);
    }

    private nint Allocate(long bytes)
    {
        context.Reserve(bytes, "the tensors of the matrix product state");
        try
        {
            var memory = (nint)NativeBlocks.Allocate(bytes, 64);
            Bytes += bytes;
            _held.Add(memory, bytes);
            return memory;
        }
        catch (OutOfMemoryException exception)
        {
            context.Release(bytes);
            throw new OutOfMemoryException($"{ByteSize.Format(bytes)} of native memory could not be allocated for a tensor of a matrix product state.", exception);
        }
    }

    private void Free()
    {
        foreach (var (memory, bytes) in _held)
        {
            NativeBlocks.Free((void*)memory, bytes);
        }

        _held.Clear();
    }
}

using System.Numerics;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Native memory for matrices, in sizes of powers of two, booked in the run before it is allocated. Blocks given back are kept for the
/// next matrix of their size, since gates replace matrices by ones of the same or twice the size.
/// </summary>
internal sealed unsafe class MatrixPool(RunContext context) : IDisposable
{
    private const int SmallestClass = 4;
    private readonly Stack<nint>[] _free = [.. Enumerable.Range(0, 48).Select(_ => new Stack<nint>())];
    private readonly List<nint> _all = [];

    ~MatrixPool() => Free();

    /// <summary>The bytes booked: in use and waiting.</summary>
    public long Bytes { get; private set; }

    /// <summary>Gives a matrix of zeros.</summary>
    public Matrix Rent(int rows, int columns)
    {
        var stride = (columns + MatrixKernelSet.Alignment - 1) & -MatrixKernelSet.Alignment;

        // Rows a multiple of 512 bytes apart would fall into few sets of the cache.
        stride += stride >= 64 && stride % 64 == 0 ? MatrixKernelSet.Alignment : 0;
        var doubles = Math.Max(1L << SmallestClass, 2L * rows * stride);
        var sizeClass = 64 - BitOperations.LeadingZeroCount((ulong)doubles - 1);
        var memory = (double*)Take(sizeClass);
        NativeMemory.Clear(memory, (nuint)(8 * doubles));
        return new Matrix(this, memory, sizeClass, rows, columns, stride);
    }

    public void Return(nint memory, int sizeClass) => _free[sizeClass].Push(memory);

    public void Dispose()
    {
        Free();
        context.Release(Bytes);
        Bytes = 0;
        GC.SuppressFinalize(this);
    }

    private nint Take(int sizeClass)
    {
        if (_free[sizeClass].TryPop(out var memory))
        {
            return memory;
        }

        var bytes = 8L << sizeClass;
        context.Reserve(bytes, "the tensors of the matrix product state");
        try
        {
            memory = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        }
        catch (OutOfMemoryException exception)
        {
            context.Release(bytes);
            throw new OutOfMemoryException($"{ByteSize.Format(bytes)} of native memory could not be allocated for a tensor of a matrix product state.", exception);
        }

        Bytes += bytes;
        _all.Add(memory);
        return memory;
    }

    private void Free()
    {
        foreach (var memory in _all)
        {
            NativeMemory.AlignedFree((void*)memory);
        }

        _all.Clear();
    }
}

using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>Native memory, aligned to cache lines, booked in the run before it is allocated. What it holds is not kept when it grows.</summary>
internal sealed unsafe class BookedBuffer(RunContext context, string what) : IDisposable
{
    private const int CacheLine = 64;
    private void* _address;

    ~BookedBuffer() => NativeBlocks.Free(_address, Bytes);

    public long Bytes { get; private set; }

    public void* Address => _address;

    /// <summary>Makes room for at least as many bytes.</summary>
    public void Ensure(long bytes)
    {
        if (bytes <= Bytes)
        {
            return;
        }

        Free();
        context.Reserve(bytes, what);
        try
        {
            _address = NativeBlocks.Allocate(bytes, CacheLine);
        }
        catch (OutOfMemoryException exception)
        {
            context.Release(bytes);
            throw new OutOfMemoryException($"{ByteSize.Format(bytes)} of native memory could not be allocated for {what}.", exception);
        }

        Bytes = bytes;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeBlocks.Free(_address, Bytes);
        _address = null;
        context.Release(Bytes);
        Bytes = 0;
    }
}

using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// The real and the imaginary parts of 2^bits amplitudes in native memory, in either precision, zero at first. Large states ask the system for huge pages and
/// leave it to the system to zero a page when it is first touched.
/// </summary>
internal sealed unsafe class AmplitudeMemory : IDisposable
{
    private const nuint CacheLine = 64;
    private readonly long _bytes;
    private void* _allocation;

    public AmplitudeMemory(int bits, int elementBytes)
    {
        // The planes are moved apart by one line, so that equal indices do not fall into the same cache set.
        var plane = (nuint)elementBytes << bits;
        var size = 2 * plane + CacheLine;
        var alignment = size >= 2 * NativeBlocks.HugePage ? NativeBlocks.HugePage : CacheLine;
        try
        {
            _bytes = (long)(size + alignment);
            _allocation = NativeBlocks.AllocateZeroed(_bytes);
        }
        catch (OutOfMemoryException exception)
        {
            throw new OutOfMemoryException($"{ByteSize.Format(size)} of native memory could not be allocated for 2^{bits} amplitudes.", exception);
        }

        var address = ((nuint)_allocation + alignment - 1) & ~(alignment - 1);
        if (alignment == NativeBlocks.HugePage)
        {
            NativeBlocks.Advise((void*)address, (long)size);
        }

        Re = (byte*)address;
        Im = (byte*)(address + plane + CacheLine);
    }

    ~AmplitudeMemory() => Free();

    public byte* Re { get; }

    public byte* Im { get; }

    public bool IsDisposed => _allocation is null;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeBlocks.FreeZeroed(_allocation, _bytes);
        _allocation = null;
    }
}

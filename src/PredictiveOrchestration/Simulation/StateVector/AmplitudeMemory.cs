using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// The real and the imaginary parts of 2^bits amplitudes in native memory, in either precision, zero at first. It is left to the system to zero a page when it is
/// first touched; large states ask for huge pages, unless so few amplitudes will be other than zero that most of each page would be zeroed for nothing.
/// </summary>
internal sealed unsafe class AmplitudeMemory : IDisposable
{
    private const nuint CacheLine = 64;
    private readonly long _bytes;
    private readonly long _size;
    private readonly int _bits;
    private readonly int _elementBytes;
    private void* _allocation;

    public AmplitudeMemory(int bits, int elementBytes)
    {
        // The planes are moved apart by one line, so that equal indices do not fall into the same cache set.
        var plane = (nuint)elementBytes << bits;
        var size = 2 * plane + CacheLine;
        (_bits, _elementBytes, _size) = (bits, elementBytes, (long)size);
        var alignment = MemoryPages.IsLarge(bits, elementBytes) ? NativeBlocks.HugePage : CacheLine;
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
        Re = (byte*)address;
        Im = (byte*)(address + plane + CacheLine);
    }

    ~AmplitudeMemory() => Free();

    public byte* Re { get; }

    public byte* Im { get; }

    public bool IsDisposed => _allocation is null;

    /// <summary>Says which index bits will be 1 in some amplitude, before any is written.</summary>
    public void Prepare(long live)
    {
        if (MemoryPages.UsesHugePages(_bits, _elementBytes, live))
        {
            NativeBlocks.Advise(Re, _size);
        }
    }

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

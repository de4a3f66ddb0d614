using System.Runtime.InteropServices;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// The real and the imaginary parts of 2^bits amplitudes in native memory, in either precision, zero at first. Large states ask the system for huge pages and
/// leave it to the system to zero a page when it is first touched.
/// </summary>
internal sealed unsafe partial class AmplitudeMemory : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const nuint CacheLine = 64;
    private const int AdviseHugePages = 14;
    private readonly long _bytes;
    private void* _allocation;

    public AmplitudeMemory(int bits, int elementBytes)
    {
        // The planes are moved apart by one line, so that equal indices do not fall into the same cache set.
        var plane = (nuint)elementBytes << bits;
        var size = 2 * plane + CacheLine;
        var alignment = size >= 2 * HugePage ? HugePage : CacheLine;
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
        if (alignment == HugePage && OperatingSystem.IsLinux())
        {
            // Advice only: without huge pages the memory is the same.
            _ = Advise((void*)address, size & ~(HugePage - 1), AdviseHugePages);
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

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    private void Free()
    {
        NativeBlocks.FreeZeroed(_allocation, _bytes);
        _allocation = null;
    }
}

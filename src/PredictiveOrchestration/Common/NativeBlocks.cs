using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Common;

/// <summary>
/// All native memory of this library is taken and given back here, so that what is held can be counted. Whoever frees a block says how
/// large it was.
/// </summary>
internal static unsafe class NativeBlocks
{
    private static long _heldBytes;

    /// <summary>The bytes held by all runs of this process.</summary>
    public static long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>Takes memory whose content is undefined.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <param name="alignment">A power of two.</param>
    /// <exception cref="OutOfMemoryException">The system has not as much.</exception>
    public static void* Allocate(long bytes, int alignment)
    {
        var address = NativeMemory.AlignedAlloc(checked((nuint)bytes), (nuint)alignment);
        Interlocked.Add(ref _heldBytes, bytes);
        return address;
    }

    /// <summary>Frees what <see cref="Allocate"/> gave; null is nothing.</summary>
    public static void Free(void* address, long bytes)
    {
        if (address is not null)
        {
            NativeMemory.AlignedFree(address);
            Interlocked.Add(ref _heldBytes, -bytes);
        }
    }

    /// <summary>Takes zeroed memory, which the system may zero when it is first touched.</summary>
    /// <exception cref="OutOfMemoryException">The system has not as much.</exception>
    public static void* AllocateZeroed(long bytes)
    {
        var address = NativeMemory.AllocZeroed(checked((nuint)bytes));
        Interlocked.Add(ref _heldBytes, bytes);
        return address;
    }

    /// <summary>Frees what <see cref="AllocateZeroed"/> gave; null is nothing.</summary>
    public static void FreeZeroed(void* address, long bytes)
    {
        if (address is not null)
        {
            NativeMemory.Free(address);
            Interlocked.Add(ref _heldBytes, -bytes);
        }
    }
}

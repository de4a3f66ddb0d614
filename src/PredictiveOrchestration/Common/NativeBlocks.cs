using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Common;

/// <summary>
/// All native memory of this library is taken and given back here, so that what is held can be counted. Whoever frees a block says how
/// large it was.
/// </summary>
internal static unsafe partial class NativeBlocks
{
    /// <summary>The bytes of a huge page.</summary>
    public const int HugePage = 2 << 20;

    private const int AdviseHugePages = 14, ReadWrite = 3, PrivateAnonymous = 0x22;
    private static readonly void* MapFailed = (void*)-1;
    private static long _heldBytes;

    /// <summary>The bytes held by all runs of this process.</summary>
    public static long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>Takes memory whose content is undefined; on huge pages if it is large.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <param name="alignment">A power of two.</param>
    /// <exception cref="OutOfMemoryException">The system has not as much.</exception>
    public static void* Allocate(long bytes, int alignment)
    {
        var isLarge = bytes >= 2 * HugePage;
        var address = NativeMemory.AlignedAlloc(checked((nuint)bytes), (nuint)(isLarge ? HugePage : alignment));
        Interlocked.Add(ref _heldBytes, bytes);
        if (isLarge)
        {
            Advise(address, bytes);
        }

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

    /// <summary>Asks the system for huge pages; advice only, without them the memory is the same.</summary>
    /// <param name="address">A multiple of <see cref="HugePage"/>.</param>
    /// <param name="bytes">What does not fill a huge page is left out.</param>
    public static void Advise(void* address, long bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(address, (nuint)(bytes & -HugePage), AdviseHugePages);
        }
    }

    /// <summary>
    /// Takes zeroed memory. Where it is large, the system zeroes each page when it is first touched: a heap would give blocks of up to some 32 MB again that were freed before, and zero them whole.
    /// </summary>
    /// <exception cref="OutOfMemoryException">The system has not as much.</exception>
    public static void* AllocateZeroed(long bytes)
    {
        var size = checked((nuint)bytes);
        var address = IsMapped(bytes) ? Map(null, size, ReadWrite, PrivateAnonymous, -1, 0) : NativeMemory.AllocZeroed(size);
        if (address == MapFailed)
        {
            throw new OutOfMemoryException($"{ByteSize.Format(bytes)} of memory could not be mapped.");
        }

        Interlocked.Add(ref _heldBytes, bytes);
        return address;
    }

    /// <summary>Frees what <see cref="AllocateZeroed"/> gave; null is nothing.</summary>
    public static void FreeZeroed(void* address, long bytes)
    {
        if (address is not null)
        {
            if (IsMapped(bytes))
            {
                _ = Unmap(address, (nuint)bytes);
            }
            else
            {
                NativeMemory.Free(address);
            }

            Interlocked.Add(ref _heldBytes, -bytes);
        }
    }

    private static bool IsMapped(long bytes) => bytes >= 2 * (long)HugePage && OperatingSystem.IsLinux();

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}

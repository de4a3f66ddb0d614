using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// One device and its compiled kernels. Runs share it: each has a stream of its own, and a lock orders what they send, since the drivers'
/// kernel objects hold the arguments. After a fault the device is lost: every use says so, and the next run opens it anew.
/// </summary>
internal sealed class GpuDevice : IDisposable
{
    private const int CpuGroup = 64;
    private readonly Context _context;
    private readonly Dictionary<Type, object> _kernels = [];
    private readonly long _reserve;
    private long _held;

    public GpuDevice(Context context, Device device, int? groupSize = null)
    {
        _context = context;
        Accelerator = device.CreateAccelerator(context);
        Name = $"{device.Name} ({(device is CudaDevice ? "CUDA" : device is CLDevice ? "OpenCL" : "emulated")})";
        IsHost = device is not CudaDevice && (device is not CLDevice cl || cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU));
        GroupSize = groupSize ?? (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(IsHost ? CpuGroup : GpuKernels.MaxGroup, device.MaxNumThreadsPerGroup) / 2 + 1);
        TotalBytes = device.MemorySize;
        _reserve = TotalBytes / 16;
    }

    public Accelerator Accelerator { get; }

    /// <summary>The driver's name of the device, and the interface.</summary>
    public string Name { get; }

    /// <summary>Whether the device is the processor, and its memory the machine's.</summary>
    public bool IsHost { get; }

    public int GroupSize { get; }

    public long TotalBytes { get; }

    /// <summary>Orders what runs send to the device.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Called before each launch; tests make the driver fail in it.</summary>
    public Action? Sending { get; set; }

    /// <summary>Why the device can no longer be used, or null.</summary>
    public string? LostReason { get; private set; }

    /// <summary>The bytes that runs may still take: less what they hold, and a sixteenth for everybody else.</summary>
    public long AvailableBytes => IsHost ? MachineMemory.AvailableBytes : Math.Max(0, TotalBytes - _reserve - Interlocked.Read(ref _held));

    /// <summary>The kernels for a precision, compiled on first use.</summary>
    public GpuKernelSet<T> Kernels<T>()
        where T : unmanaged, IAmplitude<T>
    {
        lock (Gate)
        {
            if (!_kernels.TryGetValue(typeof(T), out var known))
            {
                _kernels.Add(typeof(T), known = new GpuKernelSet<T>(this));
            }

            return (GpuKernelSet<T>)known;
        }
    }

    public AcceleratorStream CreateStream()
    {
        lock (Gate)
        {
            return Accelerator.CreateStream();
        }
    }

    /// <summary>Takes memory, at least one element, of unknown content.</summary>
    public MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(long length)
        where T : unmanaged
    {
        lock (Gate)
        {
            var buffer = Accelerator.Allocate1D<T>(Math.Max(1, length));
            Interlocked.Add(ref _held, buffer.LengthInBytes);
            return buffer;
        }
    }

    public void Free(MemoryBuffer? buffer)
    {
        if (buffer is not null)
        {
            Interlocked.Add(ref _held, -buffer.LengthInBytes);
            Close(buffer);
        }
    }

    /// <summary>Frees something that belongs to the device; a lost device has nothing left to free.</summary>
    public void Close(AcceleratorObject? item)
    {
        if (item is null)
        {
            return;
        }

        try
        {
            lock (Gate)
            {
                item.Dispose();
            }
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            LostReason ??= exception.Message;
        }
    }

    /// <summary>Throws if the device was lost.</summary>
    public void Check(RunContext context)
    {
        if (LostReason is { } lost)
        {
            throw Fault(context, lost, null);
        }
    }

    /// <summary>Whether an exception comes from the driver or the device's compiler.</summary>
    public static bool IsFailure(Exception exception) =>
        exception is AcceleratorException or ObjectDisposedException or InternalCompilerException or NotSupportedException or OutOfMemoryException;

    /// <summary>The error of the backend for an error of the driver. Other than lack of memory it means that the device is lost.</summary>
    public BackendException Failure(Exception exception, RunContext context)
    {
        if (IsOutOfMemory(exception))
        {
            return new BackendException(
                BackendErrorKind.OutOfMemory, context.BackendId,
                $"Backend '{context.BackendId}' ran out of memory of {Name} with {ByteSize.Format(context.HeldBytes)} held by the run. Use fewer qubits or another backend.", exception)
            {
                RequiredBytes = context.HeldBytes,
                AvailableBytes = AvailableBytes,
            };
        }

        LostReason ??= exception.Message;
        return Fault(context, exception.Message, exception);
    }

    public void Dispose()
    {
        LostReason ??= "it was closed";
        Accelerator.Dispose();
        _context.Dispose();
    }

    // CUDA's error is the driver's text or the error's name.
    private static bool IsOutOfMemory(Exception exception) => exception switch
    {
        OutOfMemoryException => true,
        CLException { Error: CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_HOST_MEMORY or CLError.CL_OUT_OF_RESOURCES or CLError.CL_INVALID_BUFFER_SIZE } => true,
        CudaException cuda => $"{cuda.Error} {cuda.Message}".Replace('_', ' ').Contains("out of memory", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private BackendException Fault(RunContext context, string message, Exception? exception) => new(
        BackendErrorKind.Fault, context.BackendId, $"Backend '{context.BackendId}' failed on {Name}: {message} The run can go on elsewhere; the next one on this backend opens the device again.", exception);
}

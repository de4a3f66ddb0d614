using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// Where engines get their device: looked for when it is first asked for, kept for the life of the process, opened anew after it was lost.
/// Thread-safe. ILGPU is loaded only where a driver was found.
/// </summary>
internal sealed class GpuDeviceSource(GpuDeviceSource.Opener open)
{
    private readonly Lock _lock = new();
    private GpuDevice? _device;
    private string? _absent;

    /// <summary>Opens a device or says why there is none.</summary>
    public delegate GpuDevice? Opener(out string reason);

    /// <summary>GPUs only.</summary>
    public static GpuDeviceSource Gpu { get; } = new(static (out string reason) => Open(false, out reason));

    /// <summary>GPUs, or the processor through OpenCL.</summary>
    public static GpuDeviceSource GpuOrCpu { get; } = new(static (out string reason) => Open(true, out reason));

    /// <summary>The device, or null with the reason why there is none.</summary>
    public GpuDevice? Find(out string reason)
    {
        lock (_lock)
        {
            reason = _absent ?? string.Empty;
            if (_absent is not null || _device is { LostReason: null })
            {
                return _device;
            }

            // Runs may still hold what belongs to a lost device: it is left to them.
            _device = open(out reason);
            _absent = _device is null ? reason : null;
            return _device;
        }
    }

    private static GpuDevice? Open(bool allowCpuOpenCl, out string reason) => GpuDrivers.Any(allowCpuOpenCl, out reason) ? Load(allowCpuOpenCl, out reason) : null;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static GpuDevice? Load(bool allowCpuOpenCl, out string reason) => GpuDiscovery.Open(allowCpuOpenCl, out reason);
}

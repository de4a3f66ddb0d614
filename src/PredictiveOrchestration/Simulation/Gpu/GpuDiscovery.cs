using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>Opens a device through ILGPU. Nothing here may run before <see cref="GpuDrivers"/> has found a driver: it loads ILGPU.</summary>
internal static class GpuDiscovery
{
    private static int _resolverIsSet;

    /// <summary>Opens the best device: CUDA before OpenCL, a GPU before the processor, large memory before small.</summary>
    /// <param name="allowCpuOpenCl">Whether an OpenCL device that is the processor will do.</param>
    /// <param name="reason">Why there is none.</param>
    public static GpuDevice? Open(bool allowCpuOpenCl, out string reason)
    {
        var seen = new List<string>();
        reason = string.Empty;
        Context? context = null;
        try
        {
            ResolveOpenCl();
            context = Context.Create(builder => builder
                .Cuda()
                .OpenCL(device => Accept(device, allowCpuOpenCl, seen))
                .Optimize(OptimizationLevel.O2)
                .Math(MathMode.Default));
            var best = context.Devices.Where(d => d is CudaDevice or CLDevice).OrderByDescending(d => d is CudaDevice).ThenByDescending(d => d is CLDevice { DeviceType: CLDeviceType.CL_DEVICE_TYPE_GPU })
                .ThenByDescending(d => d.MemorySize).FirstOrDefault();
            if (best is not null)
            {
                return new GpuDevice(context, best);
            }

            reason = seen.Count == 0 ? "the drivers know no device" : $"no device is suitable: {string.Join("; ", seen)}";
        }
        catch (Exception exception) when (exception is not (StackOverflowException or AccessViolationException))
        {
            // A broken driver must not take the application down, whatever it throws.
            reason = $"the driver failed: {exception.Message}";
        }

        context?.Dispose();
        return null;
    }

    /// <summary>Opens ILGPU's emulation, which starts a thread for each lane: for tests of kernels on a few qubits only.</summary>
    public static GpuDevice OpenEmulated()
    {
        const int lanes = 32;
        var context = Context.Create(builder => builder.CPU(new CPUDevice(lanes, 1, 1)));
        return new GpuDevice(context, context.Devices[0], lanes);
    }

    private static bool Accept(CLDevice device, bool allowCpuOpenCl, List<string> seen)
    {
        var isCpu = device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU);
        if (isCpu && !allowCpuOpenCl)
        {
            seen.Add($"'{device.Name}' is the processor, and AllowCpuOpenCl is false");
            return false;
        }

        if (!device.Capabilities.Float64)
        {
            seen.Add($"'{device.Name}' has no 64-bit floating point");
            return false;
        }

        if (isCpu && !device.Capabilities.GenericAddressSpace)
        {
            // pocl compiles generic pointers, but does not report it; our kernels need none.
            SetGenericAddressSpace(device.Capabilities, true);
        }

        if (!device.Capabilities.GenericAddressSpace)
        {
            seen.Add($"'{device.Name}' has no generic address space");
            return false;
        }

        return true;
    }

    // ILGPU asks for 'OpenCL'; Linux distributions install 'libOpenCL.so.1', and the name without number only with development files.
    private static void ResolveOpenCl()
    {
        if (Interlocked.Exchange(ref _resolverIsSet, 1) != 0 || !OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // The application has set a resolver of its own.
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "OpenCL" && NativeLibrary.TryLoad("libOpenCL.so.1", out var handle) ? handle : 0;

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_GenericAddressSpace")]
    [SuppressMessage("Style", "IDE0060", Justification = "The accessor's signature.")]
    private static extern void SetGenericAddressSpace(CLCapabilityContext capabilities, bool value);
}

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>Looks for drivers without loading any: some file checks, well below a millisecond.</summary>
internal static class GpuDrivers
{
    /// <summary>Where Linux keeps libraries.</summary>
    public static readonly string[] LinuxFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/cuda/compat", "/usr/lib/wsl/lib"];

    // Drivers whose only device is the processor: opening them takes a good part of a second, for nothing where that will not do.
    private static readonly string[] ProcessorDrivers = ["pocl", "intelocl", "intel64"];

    /// <summary>Whether this machine has a CUDA or OpenCL driver that may do; if not, what was looked for.</summary>
    /// <param name="allowCpuOpenCl">Whether a driver of the processor will do.</param>
    /// <param name="reason">What is missing.</param>
    public static bool Any(bool allowCpuOpenCl, out string reason)
    {
        reason = string.Empty;
        try
        {
            if (OperatingSystem.IsWindows())
            {
                if (File.Exists(Path.Combine(Environment.SystemDirectory, "nvcuda.dll")) || File.Exists(Path.Combine(Environment.SystemDirectory, "OpenCL.dll")))
                {
                    return true;
                }

                reason = "there is no CUDA driver (nvcuda.dll) and no OpenCL (OpenCL.dll) on this machine";
                return false;
            }

            if (OperatingSystem.IsMacOS())
            {
                if (Directory.Exists("/System/Library/Frameworks/OpenCL.framework"))
                {
                    return true;
                }

                reason = "there is no OpenCL framework on this machine";
                return false;
            }

            var folders = (Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries).Concat(LinuxFolders).ToList();
            return AnyOnLinux(folders, Environment.GetEnvironmentVariable("OCL_ICD_VENDORS") is { Length: > 0 } own ? own : "/etc/OpenCL/vendors", allowCpuOpenCl, out reason);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            reason = $"looking for drivers failed: {exception.Message}";
        }

        return false;
    }

    /// <summary>Looks in given places.</summary>
    /// <param name="folders">Where libraries are.</param>
    /// <param name="vendors">The folder that lists OpenCL drivers, or one driver's file.</param>
    /// <param name="allowCpuOpenCl">Whether a driver of the processor will do.</param>
    /// <param name="reason">What is missing.</param>
    public static bool AnyOnLinux(List<string> folders, string vendors, bool allowCpuOpenCl, out string reason)
    {
        reason = string.Empty;
        if (folders.Exists(f => File.Exists(Path.Combine(f, "libcuda.so.1"))))
        {
            return true;
        }

        string[] drivers = File.Exists(vendors) ? [vendors] : Directory.Exists(vendors) ? Directory.GetFiles(vendors, "*.icd") : [];
        if (drivers.Length == 0)
        {
            reason = $"there is no CUDA driver (libcuda.so.1) and no OpenCL driver ({vendors}) on this machine";
        }
        else if (!folders.Exists(f => File.Exists(Path.Combine(f, "libOpenCL.so.1"))))
        {
            reason = "there is an OpenCL driver but no loader (libOpenCL.so.1), and no CUDA driver (libcuda.so.1)";
        }
        else if (!allowCpuOpenCl && Array.TrueForAll(drivers, d => Array.Exists(ProcessorDrivers, Path.GetFileName(d).Contains)))
        {
            reason = $"the only OpenCL driver is the processor's ({string.Join(", ", drivers.Select(Path.GetFileName))}), and AllowCpuOpenCl is false; there is no CUDA driver (libcuda.so.1)";
        }
        else
        {
            return true;
        }

        return false;
    }
}

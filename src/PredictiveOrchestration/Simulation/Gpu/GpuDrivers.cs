namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>Looks for drivers without loading any: some file checks, well below a millisecond.</summary>
internal static class GpuDrivers
{
    private static readonly string[] LinuxFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/cuda/compat", "/usr/lib/wsl/lib"];

    /// <summary>Whether this machine has a CUDA or OpenCL driver; if not, what was looked for.</summary>
    public static bool Any(out string reason)
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
            return AnyOnLinux(folders, Environment.GetEnvironmentVariable("OCL_ICD_VENDORS") is { Length: > 0 } own ? own : "/etc/OpenCL/vendors", out reason);
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
    /// <param name="reason">What is missing.</param>
    public static bool AnyOnLinux(List<string> folders, string vendors, out string reason)
    {
        reason = string.Empty;
        if (folders.Exists(f => File.Exists(Path.Combine(f, "libcuda.so.1"))))
        {
            return true;
        }

        var hasVendor = File.Exists(vendors) || (Directory.Exists(vendors) && Directory.EnumerateFiles(vendors, "*.icd").Any());
        if (hasVendor && folders.Exists(f => File.Exists(Path.Combine(f, "libOpenCL.so.1"))))
        {
            return true;
        }

        reason = hasVendor
            ? "there is an OpenCL driver but no loader (libOpenCL.so.1), and no CUDA driver (libcuda.so.1)"
            : $"there is no CUDA driver (libcuda.so.1) and no OpenCL driver ({vendors}) on this machine";
        return false;
    }
}

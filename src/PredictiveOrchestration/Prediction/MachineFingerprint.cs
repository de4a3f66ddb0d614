using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Prediction;

/// <summary>What measured constants depend on: processor, cores, runtime, vector width, library.</summary>
internal static class MachineFingerprint
{
    public static string Current { get; } = string.Join(
        '|',
        RuntimeInformation.OSDescription,
        RuntimeInformation.ProcessArchitecture,
        Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        RuntimeInformation.FrameworkDescription,
        Vector512.IsHardwareAccelerated ? "512" : Vector256.IsHardwareAccelerated ? "256" : Vector128.IsHardwareAccelerated ? "128" : "scalar",
        ProcessorName(),
        typeof(MachineFingerprint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");

    private static string ProcessorName()
    {
        try
        {
            return File.Exists("/proc/cpuinfo")
                ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown"
                : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}

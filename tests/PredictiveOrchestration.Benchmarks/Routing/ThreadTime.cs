using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>The processor time of the current thread, which neighbours on the machine do not lengthen; wall time where the system does not tell.</summary>
internal static partial class ThreadTime
{
    private const int ThreadClock = 3;

    public static double Microseconds =>
        OperatingSystem.IsLinux() && GetTime(ThreadClock, out var time) == 0 ? (time.Seconds * 1e6) + (time.Nanoseconds / 1e3) : Stopwatch.GetTimestamp() * 1e6 / Stopwatch.Frequency;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

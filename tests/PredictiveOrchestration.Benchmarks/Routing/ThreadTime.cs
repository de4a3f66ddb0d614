using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>The processor time of the current thread, which neighbours on the machine do not lengthen; wall time where the system does not tell.</summary>
internal static partial class ThreadTime
{
    private const int ThreadClock = 3;

    public static double Microseconds =>
        OperatingSystem.IsLinux() && GetTime(ThreadClock, out var time) == 0 ? (time.Seconds * 1e6) + (time.Nanoseconds / 1e3) : Stopwatch.GetTimestamp() * 1e6 / Stopwatch.Frequency;

    // What a look at the clock itself takes.
    private static readonly double Look = Enumerable.Range(0, 1000).Select(_ => Microseconds).ToArray() is var looks ? looks.Zip(looks.Skip(1), (a, b) => b - a).Order().ElementAt(looks.Length / 2) : 0;

    /// <summary>The seconds since the clock showed so many microseconds, without what looking at it takes.</summary>
    public static double SecondsSince(double microseconds) => Math.Max(0, Microseconds - microseconds - Look) / 1e6;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

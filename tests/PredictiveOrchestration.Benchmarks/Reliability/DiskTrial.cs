using System.Diagnostics;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>What the disk alone takes: an accepted job is synchronised to it once.</summary>
internal static class DiskTrial
{
    private const int Writes = 500, Bytes = 4096, Places = 64;

    /// <summary>Writes and synchronises blocks of 4 KiB, one after the other.</summary>
    /// <param name="folder">Where.</param>
    /// <returns>Median and 99th percentile in milliseconds.</returns>
    public static (double P50Ms, double P99Ms) Synchronise(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, "disk-trial"), FileMode.Create, FileAccess.Write, FileShare.None, 1);
        var block = new byte[Bytes];
        var times = new double[Writes];
        for (var i = 0; i < Writes; i++)
        {
            file.Position = i % Places * Bytes;
            file.Write(block);
            var start = Stopwatch.GetTimestamp();
            file.Flush(flushToDisk: true);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return (times[Writes / 2], times[Writes * 99 / 100]);
    }
}

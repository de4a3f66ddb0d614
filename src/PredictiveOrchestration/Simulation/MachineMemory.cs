namespace PredictiveOrchestration.Simulation;

/// <summary>How much memory runs may take on this machine.</summary>
internal static class MachineMemory
{
    /// <summary>
    /// The bytes that can still be taken now: what the runtime may use (physical memory, or the container's limit) less what is in
    /// use, less a reserve of a sixteenth for everybody else.
    /// </summary>
    public static long AvailableBytes
    {
        get
        {
            var info = GC.GetGCMemoryInfo();
            var total = info.TotalAvailableMemoryBytes;
            var used = Math.Max(info.MemoryLoadBytes, Environment.WorkingSet);
            return Math.Max(0, total - used - total / 16);
        }
    }
}

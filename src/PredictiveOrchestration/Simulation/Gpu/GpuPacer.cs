using ILGPU.Runtime;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// Sends a device no more than some milliseconds of work at a time, so that cancellation and deadlines are noticed: how much that is,
/// it learns from waiting.
/// </summary>
internal sealed class GpuPacer(RunContext context)
{
    private const double TargetSeconds = 0.008;
    private const long Least = 1 << 18;
    private const long Most = 1L << 44;
    private long _sent;
    private TimeSpan _since = context.Elapsed;

    /// <summary>The amplitude updates that may be sent before the next wait.</summary>
    public long Allowed { get; private set; } = 1 << 22;

    /// <summary>Notes a launch, and waits for the device if enough is under way.</summary>
    public void Sent(AcceleratorStream stream, long work, int operation)
    {
        if (_sent == 0)
        {
            _since = context.Elapsed;
        }

        _sent += work;
        if (_sent >= Allowed)
        {
            Finish(stream, operation);
        }
    }

    /// <summary>Waits for the device.</summary>
    public void Finish(AcceleratorStream stream, int operation)
    {
        stream.Synchronize();
        if (_sent >= Allowed)
        {
            var seconds = (context.Elapsed - _since).TotalSeconds;
            Allowed = Math.Clamp((long)(Allowed * Math.Clamp(TargetSeconds / Math.Max(1e-9, seconds), 0.25, 4)), Least, Most);
        }

        _sent = 0;
        context.Check(operation);
    }
}

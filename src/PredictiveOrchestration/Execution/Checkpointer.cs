using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>
/// Decides when a run writes its state down: not before the interval is over, and never so that all checkpoints together take more than their share of the time so far. What one will
/// take is learned from those before.
/// </summary>
internal sealed class Checkpointer(CheckpointSlot slot, double memoryBytes, TimeProvider time)
{
    // Writing through takes time however little is written.
    private const double LeastBytes = 1 << 18;
    private readonly long _start = time.GetTimestamp();
    private long _last = time.GetTimestamp();

    // At first: a slow disk.
    private double _secondsPerByte = 1e-8;
    private double _spent;
    private bool _refused;

    /// <summary>How many were written.</summary>
    public int Written { get; private set; }

    /// <summary>The least time between two.</summary>
    public TimeSpan Interval => slot.Policy.Interval;

    /// <summary>The time until a state of this size may be written; infinite if it never may.</summary>
    public double SecondsUntilDue(double stateBytes, double snapshotBytes)
    {
        if (_refused || snapshotBytes > slot.Policy.MaxFileBytes || stateBytes + snapshotBytes > memoryBytes)
        {
            return double.PositiveInfinity;
        }

        var byInterval = slot.Policy.Interval.TotalSeconds - time.GetElapsedTime(_last).TotalSeconds;
        var byShare = slot.Policy.MaxShare >= 1 ? 0 : (_spent + _secondsPerByte * (snapshotBytes + LeastBytes)) / slot.Policy.MaxShare - time.GetElapsedTime(_start).TotalSeconds;
        return Math.Max(0, Math.Max(byInterval, byShare));
    }

    /// <summary>Writes the state.</summary>
    public void Write(IBackendSession session, Func<StateSnapshot, Checkpoint> describe, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        StateSnapshot snapshot;
        try
        {
            snapshot = session.TakeSnapshot(compact: true);
        }
        catch (BackendException)
        {
            // This engine's states cannot be written as amplitudes, or there is no room for the copy: the run goes on without.
            _refused = true;
            return;
        }

        _refused = !slot.Save(describe(snapshot), cancellationToken);
        Written += _refused ? 0 : 1;
        var seconds = time.GetElapsedTime(begin).TotalSeconds;
        _spent += seconds;
        _secondsPerByte = seconds / (snapshot.SizeBytes + LeastBytes);
        _last = time.GetTimestamp();
    }

    /// <summary>Reads the state written last; null if there is none.</summary>
    public Checkpoint? Read() => Written > 0 ? slot.Load(memoryBytes) : null;

    /// <summary>Another engine holds the state now; what the last one could not may be possible.</summary>
    public void EngineChanged() => _refused = false;
}

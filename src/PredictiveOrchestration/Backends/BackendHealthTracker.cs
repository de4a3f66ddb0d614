using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Backends;

/// <summary>
/// Keeps failing backends out: a backend whose latest runs failed more often than not is closed for a while, then tried with one run.
/// Only faults count: never a cancellation, a refusal, or a circuit beyond its limits. Thread-safe.
/// </summary>
internal sealed class BackendHealthTracker(TimeProvider time)
{
    private const int Window = 20;
    private const int MinimumSamples = 4;
    private static readonly TimeSpan ClosedFor = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private int _version;
    private int _closed;

    /// <summary>Grows whenever what the tracker says of any backend changes, but for the passing of time while one is closed.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Whether any backend is closed, or not yet tried again after the pause.</summary>
    public bool IsAnyClosed => Volatile.Read(ref _closed) > 0;

    /// <summary>The share of successes among the latest runs, 1 if there were none.</summary>
    public double SuccessRate(string backendId)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(backendId, out var entry) ? entry.SuccessRate : 1;
        }
    }

    /// <summary>Why the backend must not be used now, or null.</summary>
    public string? Reason(string backendId)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(backendId, out var entry) || entry.ClosedAt is not { } closed)
            {
                return null;
            }

            // A clock that goes backwards must not lengthen the pause.
            var left = ClosedFor - time.GetElapsedTime(closed);
            left = left > ClosedFor ? ClosedFor : left;
            return left <= TimeSpan.Zero
                ? null
                : $"it failed in {entry.Outcomes.Failures} of its last {entry.Outcomes.Count} runs and is closed for {left.TotalSeconds:F0} s more";
        }
    }

    /// <summary>Why the backend takes no work now, or null: what it depends on is missing, or it fails too often.</summary>
    public string? Reason(IQuantumBackend backend) => (backend as IConditionalBackend)?.UnavailableReason ?? Reason(backend.Descriptor.Id);

    public void Report(string backendId, bool succeeded)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(backendId, out var entry))
            {
                _entries.Add(backendId, entry = new Entry());
            }

            var (rate, closed) = (entry.SuccessRate, entry.ClosedAt);
            if (entry.ClosedAt is not null && succeeded)
            {
                // The run that was let through after the pause succeeded: start afresh.
                entry.Outcomes.Clear();
                entry.ClosedAt = null;
            }

            entry.Outcomes.Add(succeeded);
            if (entry.Outcomes.Count >= MinimumSamples && entry.Outcomes.Failures * 2 > entry.Outcomes.Count)
            {
                entry.ClosedAt = time.GetTimestamp();
            }

            _closed += (entry.ClosedAt is null ? 0 : 1) - (closed is null ? 0 : 1);
            _version += rate != entry.SuccessRate || closed != entry.ClosedAt ? 1 : 0;
        }
    }

    private sealed class Entry
    {
        public OutcomeWindow Outcomes { get; } = new(Window);

        public long? ClosedAt { get; set; }

        public double SuccessRate => Outcomes.Count == 0 ? 1 : 1 - (double)Outcomes.Failures / Outcomes.Count;
    }
}

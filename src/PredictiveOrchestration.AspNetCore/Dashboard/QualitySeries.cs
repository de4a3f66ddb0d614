using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>
/// How good predictions were over time: for each backend the median error and the share of times that lay in the predicted interval, over its latest runs, one point for each interval with runs.
/// Not thread-safe.
/// </summary>
internal sealed class QualitySeries(TimeSpan interval)
{
    private const int Window = 64, MaxPoints = 360, MaxBackends = 64;
    private readonly Dictionary<string, Track> _tracks = new(StringComparer.Ordinal);

    /// <summary>Takes a record in; what did not complete says nothing.</summary>
    public void Add(ExecutionRecord record)
    {
        if (record.Outcome != ExecutionOutcome.Completed || record.ServiceTime <= TimeSpan.Zero || !(record.PredictedSeconds > 0))
        {
            return;
        }

        if (!_tracks.TryGetValue(record.BackendId, out var track))
        {
            if (_tracks.Count == MaxBackends)
            {
                return;
            }

            _tracks.Add(record.BackendId, track = new Track());
        }

        var seconds = record.ServiceTime.TotalSeconds;
        track.Runs.Enqueue((record.PredictionError, seconds >= record.PredictedLowerSeconds && seconds <= record.PredictedUpperSeconds));
        track.ModelVersion = record.ModelVersion;
        track.IsNew = true;
        if (track.Runs.Count > Window)
        {
            track.Runs.Dequeue();
        }
    }

    /// <summary>Adds the points that are due.</summary>
    public IReadOnlyList<WireQuality> Advance(DateTimeOffset now)
    {
        var points = new List<WireQuality>();
        foreach (var (backend, track) in _tracks)
        {
            if (!track.IsNew || now - track.LatestAt < interval)
            {
                continue;
            }

            var errors = track.Runs.Select(r => r.Error).Order().ToArray();
            var point = new WireQuality(
                backend, now.ToUnixTimeMilliseconds(), errors[errors.Length / 2], track.Runs.Average(r => r.Inside ? 1.0 : 0), errors.Length, track.ModelVersion);
            (track.IsNew, track.LatestAt) = (false, now);
            track.Points.Enqueue(point);
            if (track.Points.Count > MaxPoints)
            {
                track.Points.Dequeue();
            }

            points.Add(point);
        }

        return points;
    }

    /// <summary>All points, oldest first for each backend.</summary>
    public IReadOnlyList<WireQuality> All() => [.. _tracks.Values.SelectMany(t => t.Points)];

    private sealed class Track
    {
        public Queue<(double Error, bool Inside)> Runs { get; } = new();

        public Queue<WireQuality> Points { get; } = new();

        public int ModelVersion { get; set; }

        public bool IsNew { get; set; }

        public DateTimeOffset LatestAt { get; set; } = DateTimeOffset.MinValue;
    }
}

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>
/// Jobs that wait, first in first out for each owner, and owners served in turn by the time that they have used (start-time fair queueing): who sends a
/// thousand jobs does not keep others from their first. Bounded. Thread-safe.
/// </summary>
internal sealed class FairQueue(int maxLength)
{
    private const double LeastSeconds = 1e-3;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _items = new(0);
    private double _clock;
    private int _count;
    private long _nextPlace;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>The predicted seconds of all that waits.</summary>
    public double Seconds
    {
        get
        {
            lock (_lock)
            {
                return _lines.Values.Sum(l => l.Seconds);
            }
        }
    }

    /// <summary>Whether so many jobs of an owner find room; null, or what is full.</summary>
    public string? Refusal(string owner, int jobs, int ownersMost)
    {
        lock (_lock)
        {
            return _count + jobs > maxLength ? $"{_count} jobs wait and {maxLength} may"
                : (_lines.GetValueOrDefault(owner)?.Jobs.Count ?? 0) + jobs > ownersMost ? $"{_lines[owner].Jobs.Count} of your jobs wait and {ownersMost} may" : null;
        }
    }

    public void Add(ActiveJob job)
    {
        lock (_lock)
        {
            var line = _lines.TryGetValue(job.Record.Owner, out var found) ? found : _lines[job.Record.Owner] = new Line();
            if (line.Jobs.Count == 0)
            {
                // Time not used while nothing waited is not saved up.
                line.Used = Math.Max(line.Used, _clock);
            }

            job.Place = _nextPlace++;
            line.Jobs.AddLast(job);
            line.Seconds += Expected(job);
            _count++;
        }

        _items.Release();
    }

    /// <summary>Waits for a job and takes it: the first of the owner who has used least.</summary>
    public async Task<ActiveJob> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _items.WaitAsync(cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                Line? next = null;
                foreach (var line in _lines.Values)
                {
                    if (line.Jobs.Count > 0 && (next is null || line.Used < next.Used || (line.Used == next.Used && line.Jobs.First!.Value.Place < next.Jobs.First!.Value.Place)))
                    {
                        next = line;
                    }
                }

                // A job that was cancelled while it waited leaves its signal behind.
                if (next is not null)
                {
                    var job = next.Jobs.First!.Value;
                    next.Jobs.RemoveFirst();
                    next.Seconds -= Expected(job);
                    _count--;
                    _clock = Math.Max(_clock, next.Used);
                    next.Used += Expected(job);
                    Sweep();
                    return job;
                }
            }
        }
    }

    /// <summary>Takes a job out that waits.</summary>
    public void Remove(ActiveJob job)
    {
        lock (_lock)
        {
            if (_lines.TryGetValue(job.Record.Owner, out var line) && line.Jobs.Remove(job))
            {
                line.Seconds -= Expected(job);
                _count--;
            }
        }
    }

    /// <summary>Corrects what an owner has used by what a job really took.</summary>
    public void Settle(ActiveJob job, double seconds)
    {
        lock (_lock)
        {
            if (_lines.TryGetValue(job.Record.Owner, out var line))
            {
                line.Used += Math.Max(LeastSeconds, seconds) - Expected(job);
            }
        }
    }

    /// <summary>About how many jobs come before one, and the predicted seconds of work in them.</summary>
    public (int Ahead, double Seconds) Before(ActiveJob job)
    {
        lock (_lock)
        {
            if (!_lines.TryGetValue(job.Record.Owner, out var own) || own.Jobs.First is not { } first)
            {
                return (0, 0);
            }

            var place = (int)Math.Min(own.Jobs.Count, Math.Max(0, job.Place - first.Value.Place));
            var ahead = place;
            var seconds = own.Seconds * place / own.Jobs.Count;
            foreach (var line in _lines.Values)
            {
                if (line != own && line.Jobs.Count > 0)
                {
                    // Owners are served in turn: about as many of each other's jobs come first.
                    var others = Math.Min(line.Jobs.Count, place + 1);
                    ahead += others;
                    seconds += line.Seconds * others / line.Jobs.Count;
                }
            }

            return (ahead, seconds);
        }
    }

    private static double Expected(ActiveJob job) => Math.Max(LeastSeconds, job.Record.PredictedSeconds);

    private void Sweep()
    {
        if (_lines.Count > 64)
        {
            foreach (var owner in _lines.Where(l => l.Value.Jobs.Count == 0 && l.Value.Used <= _clock).Select(l => l.Key).ToList())
            {
                _lines.Remove(owner);
            }
        }
    }

    private sealed class Line
    {
        public LinkedList<ActiveJob> Jobs { get; } = new();

        public double Seconds { get; set; }

        public double Used { get; set; }
    }
}

namespace PredictiveOrchestration.Execution;

/// <summary>
/// Jobs that wait, first in first out for each owner, and owners served in turn by the time that they have used (start-time fair queueing): who sends a
/// thousand jobs does not keep others from their first. An owner of twice the weight gets twice the time. Bounded. Thread-safe.
/// </summary>
/// <param name="maxLength">The most jobs that may wait.</param>
/// <param name="weight">An owner's weight, more than 0; null for 1.</param>
internal sealed class FairQueue<T>(int maxLength, Func<string, double>? weight = null)
    where T : class, IQueued
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
                return _lines.Values.Sum(l => l.Jobs.Count == 0 ? 0 : l.Seconds);
            }
        }
    }

    /// <summary>The predicted seconds of what waits, for each owner who waits.</summary>
    public IReadOnlyDictionary<string, double> SecondsByOwner()
    {
        lock (_lock)
        {
            return _lines.Where(l => l.Value.Jobs.Count > 0).ToDictionary(l => l.Key, l => l.Value.Seconds, StringComparer.Ordinal);
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

    public void Add(T job)
    {
        lock (_lock)
        {
            var line = _lines.TryGetValue(job.Owner, out var found) ? found : _lines[job.Owner] = new Line();
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
    public async Task<T> TakeAsync(CancellationToken cancellationToken)
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
                    next.Used += Charge(job, Expected(job));
                    Sweep();
                    return job;
                }
            }
        }
    }

    /// <summary>Takes a job out that waits.</summary>
    public void Remove(T job)
    {
        lock (_lock)
        {
            if (_lines.TryGetValue(job.Owner, out var line) && line.Jobs.Remove(job))
            {
                line.Seconds -= Expected(job);
                _count--;
            }
        }
    }

    /// <summary>Takes jobs out that wait, the latest of the owner with the most work first.</summary>
    /// <param name="take">Whether a job is taken; null to end.</param>
    public List<T> TakeLatest(Func<T, bool?> take)
    {
        var taken = new List<T>();
        lock (_lock)
        {
            foreach (var line in _lines.Values.OrderByDescending(l => l.Seconds))
            {
                for (var node = line.Jobs.Last; node is not null;)
                {
                    var (at, wanted) = (node, take(node.Value));
                    node = node.Previous;
                    if (wanted is null)
                    {
                        return taken;
                    }

                    if (wanted.Value)
                    {
                        line.Jobs.Remove(at);
                        line.Seconds -= Expected(at.Value);
                        _count--;
                        taken.Add(at.Value);
                    }
                }
            }
        }

        return taken;
    }

    /// <summary>Corrects what an owner has used by what a job really took.</summary>
    public void Settle(T job, double seconds)
    {
        lock (_lock)
        {
            if (_lines.TryGetValue(job.Owner, out var line))
            {
                line.Used += Charge(job, Math.Max(LeastSeconds, seconds) - Expected(job));
            }
        }
    }

    /// <summary>About how many jobs come before one, and the predicted seconds of work in them.</summary>
    public (int Ahead, double Seconds) Before(T job)
    {
        lock (_lock)
        {
            if (!_lines.TryGetValue(job.Owner, out var own) || own.Jobs.First is not { } first)
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

    private static double Expected(T job) => Math.Max(LeastSeconds, job.ExpectedSeconds);

    private double Charge(T job, double seconds) => weight is null ? seconds : seconds / weight(job.Owner);

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
        public LinkedList<T> Jobs { get; } = new();

        public double Seconds { get; set; }

        public double Used { get; set; }
    }
}

/// <summary>A job that waits in a line.</summary>
internal interface IQueued
{
    /// <summary>Whose it is.</summary>
    string Owner { get; }

    /// <summary>How long it is predicted to take, in seconds.</summary>
    double ExpectedSeconds { get; }

    /// <summary>Its place in its owner's line; the queue sets it.</summary>
    long Place { get; set; }
}

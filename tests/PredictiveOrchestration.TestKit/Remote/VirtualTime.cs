namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>
/// A clock that jumps to the next timer as soon as nothing else can run. Timers fire on the thread that calls <see cref="Run"/>, so a program whose
/// continuations run inline is deterministic: the same seeds give the same run.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<(Timer Timer, int Version), (long At, long Order)> _timers = new();
    private readonly Lock _lock = new();
    private long _order;
    private long _now = new DateTimeOffset(2026, 11, 2, 9, 0, 0, TimeSpan.Zero).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _now), TimeSpan.Zero);

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets a task run to its end, and gives its result.</summary>
    public T Run<T>(Task<T> task)
    {
        Run((Task)task);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Lets a task run to its end.</summary>
    public void Run(Task task)
    {
        // Under a context of the test runner continuations would go to the thread pool, and the time would run away from them.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var idle = 0;
            while (!task.IsCompleted)
            {
                if (Next() is { } due)
                {
                    idle = 0;
                    due();
                }
                else if (++idle < 20_000)
                {
                    // A delay that is cancelled ends on the thread pool.
                    Thread.Sleep(1);
                }
                else
                {
                    throw new InvalidOperationException("Nothing is waiting for the time, and the task has not ended.");
                }
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        task.GetAwaiter().GetResult();
    }

    /// <summary>Moves the time on, and fires what is due.</summary>
    public void Advance(TimeSpan time) => Run(Task.Delay(time, this));

    private Action? Next()
    {
        lock (_lock)
        {
            while (_timers.TryDequeue(out var entry, out var key))
            {
                if (entry.Timer.Version == entry.Version)
                {
                    _now = Math.Max(_now, key.At);
                    return entry.Timer.Fire;
                }
            }
        }

        return null;
    }

    private sealed class Timer(VirtualTime owner, TimerCallback callback, object? state) : ITimer
    {
        public int Version { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                Version++;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    owner._timers.Enqueue((this, Version), (owner._now + dueTime.Ticks, owner._order++));
                }

                return true;
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (owner._lock)
            {
                Version++;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

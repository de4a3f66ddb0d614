using System.Globalization;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Execution;

/// <summary>
/// The local queue: a run begins only when its predicted peak memory and its cores are free, in the order of arrival, so that concurrent
/// runs never exhaust the machine together. Thread-safe.
/// </summary>
internal sealed class LocalAdmission(long memoryBytes, int cores, int maxQueueLength)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _queue = new();
    private long _usedBytes;
    private int _usedCores;
    private int _running;
    private double _pendingSeconds;

    /// <summary>What local runs take of the processor.</summary>
    public ProcessorTimeMeter Processor { get; } = new(static () => Environment.CpuUsage.TotalTime);

    public int QueueLength
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    public int Running
    {
        get
        {
            lock (_lock)
            {
                return _running;
            }
        }
    }

    /// <summary>The runs that wait, by the backend that they wait for.</summary>
    public IReadOnlyDictionary<string, int> Waiting()
    {
        lock (_lock)
        {
            return _queue.CountBy(w => w.BackendId).ToDictionary();
        }
    }

    /// <summary>The share of cores in use, 0 to 1.</summary>
    public double Load
    {
        get
        {
            lock (_lock)
            {
                return Math.Min(1, (double)_usedCores / cores);
            }
        }
    }

    /// <summary>Waits for room; disposing what it returns gives the room back.</summary>
    /// <param name="backendId">The backend that shall run it.</param>
    /// <param name="bytes">The peak memory; counts as all there is if it is more.</param>
    /// <param name="threads">The threads; count as all there are if they are more.</param>
    /// <param name="expectedSeconds">The predicted time, for telling others how long they would wait.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <exception cref="QueueFullException">The queue is full.</exception>
    public async Task<IDisposable> EnterAsync(string backendId, double bytes, int threads, double expectedSeconds, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(this, backendId, (long)Math.Min(bytes, memoryBytes), Math.Clamp(threads, 1, cores), expectedSeconds);
        lock (_lock)
        {
            if (_queue.Count == 0 && Fits(waiter))
            {
                Begin(waiter);
                return waiter;
            }

            if (_queue.Count >= maxQueueLength)
            {
                throw new QueueFullException(maxQueueLength, TimeSpan.FromSeconds(Math.Min(1e9, _pendingSeconds / cores)));
            }

            _pendingSeconds += expectedSeconds;
            _queue.AddLast(waiter);
        }

        await using var registration = cancellationToken.Register(() => Leave(waiter, cancellationToken)).ConfigureAwait(false);
        await waiter.Admitted.Task.ConfigureAwait(false);
        return waiter;
    }

    private bool Fits(Waiter waiter) => _running == 0 || (_usedBytes + waiter.Bytes <= memoryBytes && _usedCores + waiter.Threads <= cores);

    private void Begin(Waiter waiter)
    {
        _running++;
        _usedBytes += waiter.Bytes;
        _usedCores += waiter.Threads;
    }

    private void Leave(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_queue.Remove(waiter))
            {
                _pendingSeconds -= waiter.ExpectedSeconds;
                waiter.Admitted.TrySetCanceled(cancellationToken);
                AdmitNext();
            }
        }
    }

    private void Exit(Waiter waiter)
    {
        lock (_lock)
        {
            _running--;
            _usedBytes -= waiter.Bytes;
            _usedCores -= waiter.Threads;
            AdmitNext();
        }
    }

    private void AdmitNext()
    {
        while (_queue.First is { } first && Fits(first.Value))
        {
            _queue.RemoveFirst();
            _pendingSeconds -= first.Value.ExpectedSeconds;
            Begin(first.Value);
            first.Value.Admitted.TrySetResult();
        }
    }

    private sealed class Waiter(LocalAdmission owner, string backendId, long bytes, int threads, double expectedSeconds) : IDisposable
    {
        private int _disposed;

        public string BackendId => backendId;

        public long Bytes => bytes;

        public int Threads => threads;

        public double ExpectedSeconds => expectedSeconds;

        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                owner.Exit(this);
            }
        }
    }
}

/// <summary>The local queue is full; try again later.</summary>
public sealed class QueueFullException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="length">The number of runs waiting.</param>
    /// <param name="expectedWait">How long the queue is expected to take.</param>
    public QueueFullException(int length, TimeSpan expectedWait)
        : base(string.Create(CultureInfo.InvariantCulture, $"The queue is full: {length} runs are waiting. Try again in about {expectedWait.TotalSeconds:G3} s, or raise PredictiveOrchestratorOptions.MaxQueueLength."))
    {
        Length = length;
        ExpectedWait = expectedWait;
    }

    /// <summary>Gets the number of runs waiting.</summary>
    public int Length { get; }

    /// <summary>Gets how long the queue is expected to take.</summary>
    public TimeSpan ExpectedWait { get; }
}

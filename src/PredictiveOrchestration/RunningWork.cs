namespace PredictiveOrchestration;

/// <summary>Counts calls under way, and says when the last one ends after closing. Thread-safe.</summary>
internal sealed class RunningWork
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private bool _open;
    private bool _closed;

    /// <summary>Whether starting is still to be done.</summary>
    /// <exception cref="ObjectDisposedException">It was stopped.</exception>
    public bool CanStart()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(PredictiveOrchestrator));
            return !_open;
        }
    }

    /// <summary>Whether calls are let in.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _open && !_closed;
            }
        }
    }

    /// <summary>Whether any call is under way.</summary>
    public bool Any
    {
        get
        {
            lock (_lock)
            {
                return _count > 0;
            }
        }
    }

    public void Open()
    {
        lock (_lock)
        {
            _open = true;
        }
    }

    /// <summary>Begins a call; disposing what it returns ends it.</summary>
    public Call Enter()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(PredictiveOrchestrator));
            if (!_open)
            {
                throw new InvalidOperationException("The orchestrator is not started. Call StartAsync first.");
            }

            _count++;
        }

        return new Call(this);
    }

    /// <summary>Lets no more calls in; the task ends with the last call under way.</summary>
    public Task Close()
    {
        lock (_lock)
        {
            _closed = true;
            if (_count == 0)
            {
                _idle.TrySetResult();
            }
        }

        return _idle.Task;
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_count == 0 && _closed)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>A call under way; a value, so that entering takes no memory. Dispose it once.</summary>
    public readonly struct Call(RunningWork owner) : IDisposable
    {
        public void Dispose() => owner.Leave();
    }
}

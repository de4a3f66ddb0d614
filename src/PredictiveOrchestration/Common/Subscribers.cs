namespace PredictiveOrchestration.Common;

/// <summary>Who is told when something happens, on the thread where it happens. What one of them throws goes to <paramref name="failed"/> and no further. Thread-safe.</summary>
internal sealed class Subscribers<T>(Action<Exception, T> failed)
{
    private readonly Lock _lock = new();
    private Action<T>[] _receivers = [];

    /// <summary>Whether there is anybody to tell.</summary>
    public bool Any => Volatile.Read(ref _receivers).Length > 0;

    /// <summary>Adds one; disposing what it returns takes it away again.</summary>
    public IDisposable Add(Action<T> receiver)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        lock (_lock)
        {
            _receivers = [.. _receivers, receiver];
        }

        return new Subscription(this, receiver);
    }

    /// <summary>Tells everybody.</summary>
    public void Tell(T happened)
    {
        foreach (var receiver in Volatile.Read(ref _receivers))
        {
            try
            {
                receiver(happened);
            }
            catch (Exception exception)
            {
                // A subscriber's fault must not fail the run that caused the event.
                failed(exception, happened);
            }
        }
    }

    private void Remove(Action<T> receiver)
    {
        lock (_lock)
        {
            var at = Array.IndexOf(_receivers, receiver);
            _receivers = at < 0 ? _receivers : [.. _receivers[..at], .. _receivers[(at + 1)..]];
        }
    }

    private sealed class Subscription(Subscribers<T> owner, Action<T> receiver) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                owner.Remove(receiver);
            }
        }
    }
}

namespace PredictiveOrchestration.Execution;

/// <summary>
/// Divides the processor time of the process among the local runs under way, by the threads that each may use: alone, a run gets all of it. What is divided is what the operating system
/// measured, so that the shares add up to no more than that. Thread-safe.
/// </summary>
/// <param name="total">The processor time of the process so far, user and kernel.</param>
internal sealed class ProcessorTimeMeter(Func<TimeSpan> total)
{
    private readonly Lock _lock = new();
    private TimeSpan _last;
    private double _perThread;
    private int _threads;

    /// <summary>Begins a run; ended by <see cref="Run.End"/>, or never counted if that is not called.</summary>
    public Run Begin(int threads)
    {
        lock (_lock)
        {
            Share();
            _threads += threads;
            return new Run(this, threads, _perThread);
        }
    }

    private void Share()
    {
        var now = total();
        if (_threads > 0 && now > _last)
        {
            _perThread += (now - _last).TotalSeconds / _threads;
        }

        _last = now;
    }

    /// <summary>A run under way.</summary>
    public sealed class Run(ProcessorTimeMeter meter, int threads, double begin)
    {
        private TimeSpan? _took;

        /// <summary>Ends it and says what it took; at most what its threads could take in the time that passed. Repeating it changes nothing.</summary>
        public TimeSpan End(TimeSpan elapsed)
        {
            lock (meter._lock)
            {
                if (_took is null)
                {
                    meter.Share();
                    meter._threads -= threads;
                    _took = TimeSpan.FromSeconds(Math.Min(meter._perThread - begin, Math.Max(0, elapsed.TotalSeconds)) * threads);
                }

                return _took.Value;
            }
        }
    }
}

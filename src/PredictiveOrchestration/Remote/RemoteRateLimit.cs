namespace PredictiveOrchestration.Remote;

/// <summary>
/// How many calls an account may make: a bucket of <see cref="Burst"/> tokens that fills at <see cref="CallsPerSecond"/>. Backends of one account share one
/// object. Thread-safe.
/// </summary>
public sealed class RemoteRateLimit
{
    private readonly Lock _lock = new();
    private double _tokens;
    private long? _at;

    /// <summary>Makes a full bucket.</summary>
    /// <param name="callsPerSecond">The rate, more than 0.</param>
    /// <param name="burst">Calls that may be made at once, 1 or more.</param>
    public RemoteRateLimit(double callsPerSecond, int burst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(callsPerSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        CallsPerSecond = callsPerSecond;
        Burst = burst;
        _tokens = burst;
    }

    /// <summary>Gets the rate.</summary>
    public double CallsPerSecond { get; }

    /// <summary>Gets the size of the bucket.</summary>
    public int Burst { get; }

    /// <summary>Takes a token, and waits until it is there: those who come first go first.</summary>
    internal async ValueTask TakeAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(Burst, _tokens + (_at is { } at ? time.GetElapsedTime(at, now).TotalSeconds * CallsPerSecond : 0)) - 1;
            _at = now;
            wait = _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / CallsPerSecond);
        }

        if (wait > TimeSpan.Zero)
        {
            try
            {
                await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                lock (_lock)
                {
                    _tokens++;
                }

                throw;
            }
        }
    }
}

namespace PredictiveOrchestration.AspNetCore.Access;

/// <summary>A bucket of tokens that fills at a rate; who finds none is told when there will be one. Thread-safe.</summary>
internal sealed class SubmissionRate(double perSecond, int burst, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _tokens = burst;
    private long _at = time.GetTimestamp();

    /// <summary>Takes tokens.</summary>
    /// <returns>Zero if they were there, else how long until they are; then none are taken.</returns>
    public TimeSpan TryTake(int tokens = 1)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(burst, _tokens + time.GetElapsedTime(_at, now).TotalSeconds * perSecond);
            _at = now;
            var wanted = Math.Min(tokens, burst);
            if (_tokens < wanted)
            {
                return TimeSpan.FromSeconds((wanted - _tokens) / perSecond);
            }

            _tokens -= wanted;
            return TimeSpan.Zero;
        }
    }
}

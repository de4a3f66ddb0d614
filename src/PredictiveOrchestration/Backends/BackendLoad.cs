using System.Collections.Concurrent;

namespace PredictiveOrchestration.Backends;

/// <summary>The live load of one backend. Thread-safe.</summary>
internal sealed class BackendLoad(TimeProvider time)
{
    // Half a minute until what was seen is a third of what it was; whole seconds, so that a decision can be kept for one.
    private const double Decay = 30, Most = 100, Negligible = 0.01, Rate = 0.2;
    private readonly Lock _lock = new();
    private int _inFlight;
    private Seen? _seen;

    /// <summary>Runs under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    public void Began() => Interlocked.Increment(ref _inFlight);

    public void Ended() => Interlocked.Decrement(ref _inFlight);

    /// <summary>
    /// Takes a finished run: the time to its result relative to the longest that 90 % of such runs take, and the error of the prediction in units of its
    /// standard deviation. What is not a number is ignored.
    /// </summary>
    public void Observe(double pressure, double score)
    {
        if (double.IsNaN(pressure) || double.IsNaN(score))
        {
            return;
        }

        pressure = Math.Clamp(pressure, 0, Most);
        score = Math.Min(10, Math.Abs(score));
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var (peak, drift) = At(_seen, now);

            // Up at once, down slowly: the peak-EWMA.
            peak = pressure > peak ? pressure : peak + (Rate * (Math.Max(1, pressure) - peak));
            drift += Rate * (score - drift);
            _seen = new Seen(peak, drift, now);
        }
    }

    /// <summary>How many times slower than the pessimistic prediction it was lately, at least 1: jumps up at once and fades.</summary>
    public double Pressure => Volatile.Read(ref _seen) is not { Peak: > 1 + Negligible } seen || At(seen, time.GetTimestamp()).Peak is not (> 1 + Negligible and var peak) ? 1 : peak;

    /// <summary>A factor of 1 to 4 on the loss of a backend whose latest errors are far greater than its intervals allow: its predictions are not to be trusted.</summary>
    public double DriftDiscount => Volatile.Read(ref _seen) is not { Drift: > 2 } seen || At(seen, time.GetTimestamp()).Drift is not (> 2 and var drift) ? 1 : Math.Min(4, Math.Exp(0.25 * (drift - 2)));

    // What is left of what was seen. A clock that goes backwards lets nothing fade.
    private (double Peak, double Drift) At(Seen? seen, long now)
    {
        if (seen is null)
        {
            return (1, 0.8);
        }

        var seconds = Math.Floor(Math.Max(0, time.GetElapsedTime(seen.At, now).TotalSeconds));
        var left = Math.Exp(-seconds / Decay);
        return (1 + ((seen.Peak - 1) * left), 0.8 + ((seen.Drift - 0.8) * left));
    }

    private sealed record Seen(double Peak, double Drift, long At);
}

/// <summary>The live load of all backends. Thread-safe.</summary>
internal sealed class BackendLoadTracker(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, BackendLoad> _loads = new(StringComparer.Ordinal);

    /// <summary>The load of a backend; the same object each time.</summary>
    public BackendLoad Of(string backendId) => _loads.TryGetValue(backendId, out var load) ? load : _loads.GetOrAdd(backendId, static (_, t) => new BackendLoad(t), time);

    /// <summary>Runs under way on all backends.</summary>
    public int Running => _loads.Values.Sum(l => l.InFlight);
}

namespace PredictiveOrchestration.Common;

/// <summary>Reading clocks.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>The time since a timestamp: a clock may go backwards, time does not.</summary>
    public static TimeSpan Since(this TimeProvider time, long start) => time.GetElapsedTime(start) is { Ticks: > 0 } elapsed ? elapsed : TimeSpan.Zero;
}

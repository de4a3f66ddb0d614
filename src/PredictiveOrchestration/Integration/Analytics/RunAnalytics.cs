using MathNet.Numerics.Distributions;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Prediction.Forecasting;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Integration.Analytics;

/// <summary>Keeps the latest records of each backend and finds trends, forecasts, health and anomalies in them. Thread-safe; memory is bounded.</summary>
public sealed class RunAnalytics : IAnalyticsSink
{
    private const int KeptRuns = 300, MostBackends = 1000, Intervals = 120, LeastRuns = 8;
    private const double Outlying = 6;
    private readonly Dictionary<string, Queue<ExecutionRecord>> _runs = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;

    /// <summary>Creates analytics without records.</summary>
    /// <param name="interval">The length of an interval of forecasts; null for a minute. At least a millisecond.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval is too short.</exception>
    public RunAnalytics(TimeSpan? interval = null, TimeProvider? time = null)
    {
        _interval = interval ?? TimeSpan.FromMinutes(1);
        _time = time ?? TimeProvider.System;
        ArgumentOutOfRangeException.ThrowIfLessThan(_interval, TimeSpan.FromMilliseconds(1), nameof(interval));
    }

    /// <inheritdoc/>
    public void Record(ExecutionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        lock (_lock)
        {
            if (!_runs.TryGetValue(record.BackendId, out var runs))
            {
                if (_runs.Count >= MostBackends)
                {
                    return;
                }

                _runs[record.BackendId] = runs = new Queue<ExecutionRecord>();
            }

            runs.Enqueue(record);
            if (runs.Count > KeptRuns)
            {
                runs.Dequeue();
            }
        }
    }

    /// <summary>Analyses what is kept: at most 300 runs of a backend.</summary>
    /// <param name="horizon">The number of intervals to forecast, 1 to 10,000.</param>
    public AnalyticsInsights GetInsights(int horizon = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(horizon, 10_000);
        ExecutionRecord[][] all;
        lock (_lock)
        {
            all = [.. _runs.Values.Select(r => r.ToArray())];
        }

        var now = _time.GetUtcNow();
        return new AnalyticsInsights
        {
            Backends = [.. all.Select(r => Of(r, now, horizon)).OrderBy(b => b.Health).ThenBy(b => b.BackendId, StringComparer.Ordinal)],
            Anomalies = [.. all.SelectMany(Anomalies).OrderByDescending(a => a.At)],
        };
    }

    private BackendInsight Of(ExecutionRecord[] runs, DateTimeOffset now, int horizon)
    {
        var judged = runs.Where(r => r.Outcome is not (ExecutionOutcome.Cancelled or ExecutionOutcome.Refused or ExecutionOutcome.Swapped)).ToList();
        var timed = runs.Where(IsTimed).ToList();
        var counts = new double[Intervals];
        var (sums, means) = (new double[Intervals], new List<double>());
        foreach (var run in timed)
        {
            var age = (now - run.Timestamp) / _interval;
            if (age is >= 0 and < Intervals)
            {
                counts[Intervals - 1 - (int)age]++;
                sums[Intervals - 1 - (int)age] += run.ServiceTime.TotalSeconds;
            }
        }

        // History begins with the first run; an interval without runs has the time of the one before.
        var first = Math.Max(0, Array.FindIndex(counts, c => c > 0));
        for (var i = first; i < Intervals; i++)
        {
            means.Add(counts[i] > 0 ? sums[i] / counts[i] : means.Count > 0 ? means[^1] : 0);
        }

        return new BackendInsight
        {
            BackendId = runs[0].BackendId,
            Runs = runs.Length,
            Health = judged.Count == 0 ? 1 : judged.Count(r => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime.TotalSeconds <= r.PredictedUpperSeconds) / (double)judged.Count,
            Trends = [TrendOf("actual over predicted time", timed, Slowness), TrendOf("wait", timed, r => r.QueueTime.TotalSeconds), TrendOf("cost", timed, r => (double)r.Cost)],
            RunsForecast = SeriesForecaster.Forecast(counts[first..], horizon).Steps,
            SecondsForecast = SeriesForecaster.Forecast([.. means], horizon).Steps,
        };
    }

    private static IEnumerable<RunAnomaly> Anomalies(ExecutionRecord[] runs)
    {
        var timed = runs.Where(IsTimed).ToList();
        if (timed.Count < LeastRuns)
        {
            yield break;
        }

        var values = timed.ConvertAll(Slowness);
        var median = Median(values);

        // Runs repeat within some percent at best: less spread than that is no measure.
        var spread = Math.Max(0.05, 1.4826 * Median(values.ConvertAll(v => Math.Abs(v - median))));
        for (var i = 0; i < timed.Count; i++)
        {
            var score = Math.Abs(values[i] - median) / spread;
            if (score > Outlying)
            {
                yield return new RunAnomaly(timed[i].BackendId, timed[i].Timestamp, Math.Exp(values[i] - median), score);
            }
        }
    }

    internal static Trend TrendOf(string quantity, IReadOnlyList<ExecutionRecord> runs, Func<ExecutionRecord, double> value)
    {
        var n = runs.Count;
        var points = runs.Select(r => (Hours: (r.Timestamp - runs[0].Timestamp).TotalHours, Value: value(r))).OrderBy(p => p.Hours).ToArray();
        var slopes = new List<double>();
        var s = 0;
        for (var i = 0; i < n; i++)
        {
            for (var j = i + 1; j < n; j++)
            {
                if (points[j].Hours > points[i].Hours)
                {
                    s += Math.Sign(points[j].Value - points[i].Value);
                    slopes.Add((points[j].Value - points[i].Value) / (points[j].Hours - points[i].Hours));
                }
            }
        }

        double Sum(int size) => (double)size * (size - 1) * ((2 * size) + 5);
        var variance = (Sum(n) - points.GroupBy(p => p.Value).Sum(g => Sum(g.Count()))) / 18;
        var z = variance <= 0 || n < LeastRuns ? 0 : (s - Math.Sign(s)) / Math.Sqrt(variance);
        return new Trend(quantity, slopes.Count == 0 ? 0 : Median(slopes), 2 * Normal.CDF(0, 1, -Math.Abs(z)));
    }

    private static bool IsTimed(ExecutionRecord r) => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime > TimeSpan.Zero && r.PredictedSeconds > 0;

    private static double Slowness(ExecutionRecord r) => Math.Log(r.ServiceTime.TotalSeconds / r.PredictedSeconds);

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

using System.Runtime.InteropServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Prediction.Forecasting;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>Counts decisions and runs, and keeps the latest records for the reports. Thread-safe.</summary>
internal sealed class RunJournal(int retention, TimeSpan interval, BackendLoadTracker loads, TimeProvider time)
{
    private const int KeptDecisions = 32;
    private const int RecentIntervals = 60;
    private readonly Lock _lock = new();
    private readonly Queue<ExecutionRecord> _records = new();
    private readonly Queue<RoutingDecision> _decisions = new();
    private readonly Dictionary<string, long> _byBackend = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _byStrategy = new(StringComparer.Ordinal);
    private RoutingDecision? _latest;
    private volatile KeptForecasts? _forecasts;
    private long _total;
    private TimeSpan _decisionTime;
    private long _completed;
    private long _failed;
    private long _swaps;

    public void Decided(RoutingDecision decision, TimeSpan took)
    {
        lock (_lock)
        {
            _total++;
            _decisionTime += took > TimeSpan.Zero ? took : TimeSpan.Zero;
            var id = decision.Chosen.Candidate.Backend.Id;
            CollectionsMarshal.GetValueRefOrAddDefault(_byBackend, id, out _)++;
            CollectionsMarshal.GetValueRefOrAddDefault(_byStrategy, decision.Strategy, out _)++;
            if (ReferenceEquals(decision, _latest))
            {
                // A decision that is made again and again fills no list.
                return;
            }

            _latest = decision;
            _decisions.Enqueue(decision);
            if (_decisions.Count > KeptDecisions)
            {
                _decisions.Dequeue();
            }
        }
    }

    public void Recorded(ExecutionRecord record)
    {
        lock (_lock)
        {
            _records.Enqueue(record);
            if (_forecasts?.ByBackend.ContainsKey(record.BackendId) == false)
            {
                _forecasts = null;
            }

            if (_records.Count > retention)
            {
                _records.Dequeue();
            }
        }
    }

    /// <summary>The records that are kept, oldest first.</summary>
    public ExecutionRecord[] Records() => Snapshot();

    public void Finished(bool succeeded, int swaps)
    {
        lock (_lock)
        {
            _completed += succeeded ? 1 : 0;
            _failed += succeeded ? 0 : 1;
            _swaps += swaps;
        }
    }

    public RoutingStatistics Statistics(string strategy, int modelsTrained, long learned, long dropped, long explored)
    {
        lock (_lock)
        {
            return new RoutingStatistics
            {
                TotalRoutingDecisions = _total,
                DecisionsByBackend = new Dictionary<string, long>(_byBackend),
                DecisionsByStrategy = new Dictionary<string, long>(_byStrategy),
                AverageDecisionTime = _total == 0 ? TimeSpan.Zero : _decisionTime / _total,
                CompletedRuns = _completed,
                FailedRuns = _failed,
                FallBacks = _swaps,
                ModelsTrained = modelsTrained,
                RecordsLearned = learned,
                RecordsDropped = dropped,
                BackendGroups = BackendGroups.Of(_decisions),
                ExploredRuns = explored,
                Strategy = strategy,
            };
        }
    }

    /// <summary>The forecasts of backends that have records; made once for each interval.</summary>
    public IReadOnlyDictionary<string, BackendForecast> Forecasts(int horizon) => Forecasts(null, horizon);

    /// <summary>The forecast of what all backends together cost.</summary>
    /// <param name="horizon">The number of steps.</param>
    /// <param name="left">What is left of the budget, or null without one.</param>
    public CostForecast CostForecast(int horizon, decimal? left)
    {
        var now = time.GetUtcNow();
        var forecast = BackendHistory.Cost(Snapshot(), now, interval, horizon);
        var (sum, lower, upper) = (0.0, 0.0, 0.0);
        DateTimeOffset? exhausted = left <= 0 ? now : null;
        for (var i = 0; i < forecast.Steps.Count; i++)
        {
            var step = forecast.Steps[i];
            (sum, lower, upper) = (sum + step.Median, lower + step.Lower, upper + step.Upper);
            if (exhausted is null && left is { } money && sum >= (double)money)
            {
                exhausted = now + ((i + 1) * interval);
            }
        }

        return new CostForecast { Step = interval, Steps = forecast.Steps, Method = forecast.Method, Total = new Estimate(sum, lower, upper), BudgetExhaustedAt = exhausted };
    }

    public RealTimeMetrics Metrics(double load, int active, int queue, int horizon)
    {
        var records = Snapshot();
        var times = records.Where(r => r.Outcome == ExecutionOutcome.Completed).Select(r => r.QueueTime + r.ServiceTime).Order().ToArray();
        TimeSpan At(double level) => times.Length == 0 ? TimeSpan.Zero : times[(int)Math.Min(times.Length - 1, Math.Floor(level * times.Length))];
        var perInterval = PerInterval(records);
        return new RealTimeMetrics
        {
            CurrentLoad = load,
            ActiveBackends = active,
            QueueLength = queue,
            RunningJobs = loads.Running,
            AverageResponseTime = times.Length == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)times.Average(t => t.Ticks)),
            ResponseTimeP50 = At(0.5),
            ResponseTimeP95 = At(0.95),
            ResponseTimeP99 = At(0.99),
            ThroughputPerSecond = perInterval.Sum() / (RecentIntervals * interval.TotalSeconds),
            BackendUtilization = Utilization(records),
            ThroughputForecast = [.. SeriesForecaster.Forecast(perInterval, horizon).Steps.Select(s => s.Median)],
            BackendForecasts = Forecasts(records, horizon),
        };
    }

    public DebugInfo Debug(int modelVersion, int registryVersion, IReadOnlyDictionary<string, ModelStatus> models)
    {
        var records = Snapshot();
        var done = records.Where(r => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime > TimeSpan.Zero && r.PredictedSeconds > 0).GroupBy(r => r.BackendId).ToList();
        string[] decisions;
        lock (_lock)
        {
            decisions = [.. _decisions.Select(d => d.Explain())];
        }

        return new DebugInfo
        {
            RecentDecisions = decisions,
            ModelAccuracy = done.ToDictionary(g => g.Key, g => g.Average(r => r.ServiceTime.TotalSeconds >= r.PredictedLowerSeconds && r.ServiceTime.TotalSeconds <= r.PredictedUpperSeconds ? 1.0 : 0)),
            PredictionErrors = done.ToDictionary(g => g.Key, g => Median(g.Select(r => (double?)r.PredictionError))!.Value),
            PredictionErrorDetails = done.ToDictionary(g => g.Key, g => new PredictionErrorSummary(
                g.Count(), Median(g.Select(r => (double?)r.PredictionError))!.Value, Median(g.Select(r => (double?)Math.Abs(r.PredictedQueueSeconds - r.QueueTime.TotalSeconds)))!.Value,
                Median(g.Select(r => r.MemoryPredictionError)), Median(g.Select(r => r.CostPredictionError)), Median(g.Select(r => r.FidelityPredictionError)))),
            BackendUtilization = Utilization(records),
            ModelVersion = modelVersion,
            Models = models,
            RegistryVersion = registryVersion,
        };
    }

    private static double? Median(IEnumerable<double?> values)
    {
        var known = values.OfType<double>().Where(v => !double.IsNaN(v)).Order().ToArray();
        return known.Length == 0 ? null : known[known.Length / 2];
    }

    private IReadOnlyDictionary<string, BackendForecast> Forecasts(ExecutionRecord[]? records, int horizon)
    {
        var now = time.GetUtcNow();
        if (_forecasts is { } made && made.At <= now && now - made.At < interval)
        {
            return made.ByBackend;
        }

        var byBackend = (records ?? Snapshot()).GroupBy(r => r.BackendId).ToDictionary(g => g.Key, g => BackendHistory.Forecast(g.Key, [.. g], now, interval, horizon));
        _forecasts = new KeptForecasts(now, byBackend);
        return byBackend;
    }

    private ExecutionRecord[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _records];
        }
    }

    // Completed runs in each of the last intervals, oldest first.
    private double[] PerInterval(ExecutionRecord[] records)
    {
        var now = time.GetUtcNow();
        var counts = new double[RecentIntervals];
        foreach (var record in records)
        {
            var age = (now - record.Timestamp) / interval;
            if (record.Outcome == ExecutionOutcome.Completed && age is >= 0 and < RecentIntervals)
            {
                counts[RecentIntervals - 1 - (int)age]++;
            }
        }

        return counts;
    }

    private Dictionary<string, double> Utilization(ExecutionRecord[] records)
    {
        var window = RecentIntervals * interval;
        var since = time.GetUtcNow() - window;
        return records.Where(r => r.Timestamp >= since).GroupBy(r => r.BackendId).ToDictionary(g => g.Key, g => g.Sum(r => r.ServiceTime / window));
    }

    private sealed record KeptForecasts(DateTimeOffset At, IReadOnlyDictionary<string, BackendForecast> ByBackend);
}

using System.Globalization;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Costs;

/// <summary>What one run could have been: the feasible backends with their predictions, the chosen one among them.</summary>
/// <param name="BackendId">The backend.</param>
/// <param name="Seconds">The predicted time to the result, wait included.</param>
/// <param name="Cost">The predicted cost.</param>
internal readonly record struct CostAlternative(string BackendId, double Seconds, decimal Cost);

/// <summary>
/// Adds up what runs cost, by backend, strategy, day and tag, against what they would have cost elsewhere. Amounts are in one currency.
/// Thread-safe.
/// </summary>
internal sealed class CostAnalyzer(string currency)
{
    /// <summary>A cheaper backend that takes up to this many times as long is worth recommending.</summary>
    private const double AcceptableSlowdown = 2;

    private const int KeptAnomalies = 32;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, decimal> _byBackend = new(StringComparer.Ordinal);
    private readonly Dictionary<string, decimal> _byStrategy = new(StringComparer.Ordinal);
    private readonly Dictionary<DateOnly, decimal> _byDay = [];
    private readonly Dictionary<string, decimal> _byTag = new(StringComparer.Ordinal);
    private readonly Dictionary<(string From, string To), (long Runs, decimal Saved, double Seconds)> _cheaper = [];
    private readonly Queue<CostAnomaly> _anomalies = new();
    private decimal _total;
    private decimal _failed;
    private long _runs;
    private double _seconds;
    private Tally _cheapest;
    private Tally _fastest;
    private Tally _worst;

    /// <summary>What has been spent so far, with the budget's state and what is to come.</summary>
    public CostAnalysis GetCostAnalysis(Balance balance, decimal? budget, CostForecast forecast)
    {
        lock (_lock)
        {
            return new CostAnalysis
            {
                Currency = currency,
                TotalCost = _total,
                FailedRunsCost = _failed,
                ReservedCost = balance.Reserved,
                CostPerOperation = _runs == 0 ? 0 : _total / _runs,
                CostEfficiency = _total == 0 ? null : _runs / (double)_total,
                Budget = budget,
                BudgetUtilization = budget is > 0 ? (double)(balance.Spent / budget) : null,
                Runs = _runs,
                ComputeTime = TimeSpan.FromSeconds(_seconds),
                ByBackend = new Dictionary<string, decimal>(_byBackend),
                ByStrategy = new Dictionary<string, decimal>(_byStrategy),
                ByDay = new Dictionary<DateOnly, decimal>(_byDay),
                ByTag = new Dictionary<string, decimal>(_byTag),
                AgainstAlwaysCheapest = _cheapest.ToComparison(),
                AgainstAlwaysFastest = _fastest.ToComparison(),
                AgainstWorst = _worst.ToComparison(),
                Forecast = forecast,
                Anomalies = [.. _anomalies],
                Recommendations = [.. _cheaper.OrderByDescending(c => c.Value.Saved).Take(5).Select(c => Recommend(c.Key.From, c.Key.To, c.Value))],
            };
        }
    }

    /// <summary>Takes in a finished attempt.</summary>
    /// <param name="record">What happened.</param>
    /// <param name="predictedUpper">The upper end of its predicted cost.</param>
    /// <param name="alternatives">The feasible backends, the one that ran among them.</param>
    public void Settle(ExecutionRecord record, decimal predictedUpper, IReadOnlyList<CostAlternative> alternatives)
    {
        lock (_lock)
        {
            _total += record.Cost;
            _seconds += record.ServiceTime.TotalSeconds;
            Add(_byBackend, record.BackendId, record.Cost);
            Add(_byStrategy, record.Strategy, record.Cost);
            Add(_byDay, DateOnly.FromDateTime(record.Timestamp.UtcDateTime), record.Cost);
            if (record.Tag is { } tag)
            {
                Add(_byTag, tag, record.Cost);
            }

            if (record.Cost > predictedUpper)
            {
                _anomalies.Enqueue(new CostAnomaly(record.Timestamp, record.BackendId, record.Cost, predictedUpper));
                if (_anomalies.Count > KeptAnomalies)
                {
                    _anomalies.Dequeue();
                }
            }

            if (record.Outcome != ExecutionOutcome.Completed)
            {
                _failed += record.Cost;
                return;
            }

            _runs++;
            Compare(record, alternatives);
        }
    }

    private void Compare(ExecutionRecord record, IReadOnlyList<CostAlternative> alternatives)
    {
        if (alternatives.Count == 0)
        {
            return;
        }

        var seconds = (record.QueueTime + record.ServiceTime).TotalSeconds;
        var cheapest = alternatives.MinBy(static a => (a.Cost, a.Seconds));
        _cheapest.Add(cheapest, record, seconds);
        _fastest.Add(alternatives.MinBy(static a => (a.Seconds, a.Cost)), record, seconds);
        _worst.Add(alternatives.MaxBy(static a => (a.Cost, a.Seconds)), record, seconds);
        if (cheapest.Cost >= record.Cost)
        {
            return;
        }

        // Prediction against prediction: what the chosen one really took says nothing about how wrong the others are.
        var predicted = alternatives.FirstOrDefault(a => a.BackendId == record.BackendId).Seconds;
        var cheaper = alternatives.Where(a => a.BackendId != record.BackendId && a.Cost < record.Cost && a.Seconds <= AcceptableSlowdown * predicted).OrderBy(a => a.Cost).FirstOrDefault();
        if (cheaper.BackendId is not null)
        {
            var (runs, saved, more) = _cheaper.GetValueOrDefault((record.BackendId, cheaper.BackendId));
            _cheaper[(record.BackendId, cheaper.BackendId)] = (runs + 1, saved + record.Cost - cheaper.Cost, more + cheaper.Seconds - predicted);
        }
    }

    private CostRecommendation Recommend(string from, string to, (long Runs, decimal Saved, double Seconds) sum) => new(
        from, to, sum.Runs, sum.Saved, TimeSpan.FromSeconds(sum.Seconds),
        string.Create(CultureInfo.InvariantCulture, $"{sum.Runs} run(s) on '{from}' would have cost {sum.Saved:0.######} {currency} less on '{to}', in {Math.Abs(sum.Seconds):G3} s {(sum.Seconds < 0 ? "less" : "more")} altogether. Use the strategy 'cost', or raise CostWeight."));

    private static void Add<TKey>(Dictionary<TKey, decimal> sums, TKey key, decimal amount)
        where TKey : notnull => sums[key] = sums.GetValueOrDefault(key) + amount;

    private struct Tally
    {
        private decimal _cost;
        private double _seconds;

        public void Add(CostAlternative alternative, ExecutionRecord actual, double seconds)
        {
            if (alternative.BackendId == actual.BackendId)
            {
                // It is what ran: nothing was saved, and how wrong its prediction was does not count.
                return;
            }

            _cost += alternative.Cost - actual.Cost;
            _seconds += Math.Min(alternative.Seconds, 1e9) - seconds;
        }

        public readonly CostComparison ToComparison() => new(_cost, TimeSpan.FromSeconds(Math.Clamp(_seconds, -1e11, 1e11)));
    }
}

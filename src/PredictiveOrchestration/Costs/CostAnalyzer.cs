using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Costs;

/// <summary>Adds up what runs cost, and keeps money reserved while they are under way. Amounts are in one currency. Thread-safe.</summary>
public sealed class CostAnalyzer
{
    private readonly Lock _lock = new();
    private readonly decimal? _budget;
    private readonly Dictionary<string, decimal> _byBackend = new(StringComparer.Ordinal);
    private readonly Dictionary<string, decimal> _byStrategy = new(StringComparer.Ordinal);
    private decimal _reserved;
    private decimal _total;
    private long _runs;
    private double _seconds;

    internal CostAnalyzer(string currency, decimal? budget)
    {
        Currency = currency;
        _budget = budget;
    }

    /// <summary>Gets the account's currency.</summary>
    public string Currency { get; }

    /// <summary>Gets what has been spent so far.</summary>
    public CostAnalysis GetCostAnalysis()
    {
        lock (_lock)
        {
            return new CostAnalysis
            {
                Currency = Currency,
                TotalCost = _total,
                ReservedCost = _reserved,
                CostPerOperation = _runs == 0 ? 0 : _total / _runs,
                CostEfficiency = _total == 0 ? null : _runs / (double)_total,
                BudgetUtilization = _budget is { } budget and > 0 ? (double)(_total / budget) : null,
                Runs = _runs,
                ComputeTime = TimeSpan.FromSeconds(_seconds),
                ByBackend = new Dictionary<string, decimal>(_byBackend),
                ByStrategy = new Dictionary<string, decimal>(_byStrategy),
            };
        }
    }

    /// <summary>Sets money aside for a run; false, and how much is left, if the budget does not allow it.</summary>
    internal bool TryReserve(decimal amount, out decimal left)
    {
        lock (_lock)
        {
            left = _budget is { } budget ? budget - _total - _reserved : decimal.MaxValue;
            if (amount > left)
            {
                return false;
            }

            _reserved += amount;
            return true;
        }
    }

    /// <summary>Gives back what was set aside.</summary>
    internal void Release(decimal amount)
    {
        lock (_lock)
        {
            _reserved -= amount;
        }
    }

    /// <summary>Takes in a finished run.</summary>
    internal void Settle(ExecutionRecord record)
    {
        lock (_lock)
        {
            _total += record.Cost;
            _runs += record.Outcome == ExecutionOutcome.Completed ? 1 : 0;
            _seconds += record.ServiceTime.TotalSeconds;
            _byBackend[record.BackendId] = _byBackend.GetValueOrDefault(record.BackendId) + record.Cost;
            _byStrategy[record.Strategy] = _byStrategy.GetValueOrDefault(record.Strategy) + record.Cost;
        }
    }
}

/// <summary>What runs have cost.</summary>
public sealed record CostAnalysis
{
    /// <summary>Gets the currency of all amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>Gets what has been spent.</summary>
    public required decimal TotalCost { get; init; }

    /// <summary>Gets what is set aside for runs under way.</summary>
    public required decimal ReservedCost { get; init; }

    /// <summary>Gets the mean cost of a completed run; 0 before the first.</summary>
    public required decimal CostPerOperation { get; init; }

    /// <summary>Gets the completed runs for each unit of money; null if nothing was spent.</summary>
    public required double? CostEfficiency { get; init; }

    /// <summary>Gets the share of the budget that is spent, 0 to 1; null without a budget.</summary>
    public required double? BudgetUtilization { get; init; }

    /// <summary>Gets the number of completed runs.</summary>
    public required long Runs { get; init; }

    /// <summary>Gets the service time of all runs together.</summary>
    public required TimeSpan ComputeTime { get; init; }

    /// <summary>Gets the amounts by backend id.</summary>
    public required IReadOnlyDictionary<string, decimal> ByBackend { get; init; }

    /// <summary>Gets the amounts by routing strategy.</summary>
    public required IReadOnlyDictionary<string, decimal> ByStrategy { get; init; }
}

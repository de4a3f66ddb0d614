using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>Everything that concerns money: prices, the ledger or what stands in its place, and what was spent.</summary>
internal sealed partial class Money : IAsyncDisposable
{
    private readonly PredictiveOrchestratorOptions _options;
    private readonly BudgetLedger _ledger;
    private readonly ISpendGate _gate;
    private readonly MeteredSpending _account;
    private readonly CostAnalyzer _costs;
    private readonly ILogger _logger;

    /// <summary>Opens the ledger.</summary>
    /// <param name="options">Prices, caps, files.</param>
    /// <param name="gate">What stands in the ledger's place, or null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where troubles are told.</param>
    public Money(PredictiveOrchestratorOptions options, ISpendGate? gate, TimeProvider time, ILogger logger)
    {
        (_options, _logger) = (options, logger);
        Prices = new PriceTable(new Dictionary<string, PriceModel>(options.Prices), options.PriceList, options.Currency, time, options.BudgetLedgerPath is { } ledger ? ledger + ".allowances" : null, logger);
        _costs = new CostAnalyzer(options.Currency);
        IEnumerable<BudgetCap> total = options.Budget is { } budget ? [new BudgetCap(BudgetScope.Total, budget)] : [];
        _ledger = new BudgetLedger(options.Currency, [.. total, .. options.BudgetCaps], options.BudgetLedgerPath, time);
        _gate = gate ?? _ledger;
        _account = new MeteredSpending(_gate, Prices);
    }

    /// <summary>What backends charge.</summary>
    public PriceTable Prices { get; }

    /// <summary>The share of the budget that is spent or set aside; null without one.</summary>
    public double? BudgetUse
    {
        get
        {
            if (_options.Budget is not { } budget || budget == 0)
            {
                return null;
            }

            var balance = _ledger.Known();
            return (double)((balance.Spent + balance.Reserved) / budget);
        }
    }

    /// <summary>Where one job reserves and settles.</summary>
    public ISpendGate GateOf(RoutingDecision decision, CircuitProfile profile) => new MeteredSpending(_gate, Prices, decision, profile);

    /// <summary>What runs leave open on a backend is settled here when it is cleared up later.</summary>
    public void OpenAccount(IQuantumBackend? backend) => (backend as IPayingBackend)?.UseAccount(_account);

    /// <summary>The same for all backends that a job may run on.</summary>
    public void OpenAccounts(RoutingDecision decision, BackendSet backends)
    {
        for (var i = 0; i < decision.Made.Count; i++)
        {
            if (decision.Made[i].Candidate.Backend is { IsLocal: false, Id: var id })
            {
                OpenAccount(backends.Find(id));
            }
        }
    }

    /// <summary>Takes in a finished attempt. A result is never thrown away because the ledger cannot be written: the reservation then stays until it is reconciled.</summary>
    public async Task BookAsync(ExecutionRecord record, decimal predictedUpper, IReadOnlyList<CostAlternative> alternatives, string? key)
    {
        _costs.Settle(record, predictedUpper, alternatives);
        if (key is null)
        {
            return;
        }

        try
        {
            await _gate.SettleAsync(key, record.Cost).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is BackendException or ObjectDisposedException)
        {
            NotSettled(exception, key, record.Cost, _options.Currency);
        }
    }

    /// <summary>What was spent, and is to be spent.</summary>
    public CostAnalysis Analyse(RunJournal journal)
    {
        var balance = _ledger.Known();
        return _costs.GetCostAnalysis(balance, _options.Budget, journal.CostForecast(_options.PredictionHorizon, _options.Budget - balance.Spent - balance.Reserved));
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync().ConfigureAwait(false);
        Prices.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Job '{Key}' cost {Amount} {Currency}, which could not be settled; its reservation stays until reconciled")]
    private partial void NotSettled(Exception exception, string key, decimal amount, string currency);
}

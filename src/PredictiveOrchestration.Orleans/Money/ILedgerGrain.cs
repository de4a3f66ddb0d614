using Orleans;

namespace PredictiveOrchestration.Orleans.Money;

/// <summary>The one ledger of a cluster. Whoever cannot reach it within a few seconds spends nothing.</summary>
[Alias("po.ILedgerGrain")]
internal interface ILedgerGrain : IGrainWithIntegerKey
{
    /// <summary>Sets money aside for a try of a job; written when this returns.</summary>
    [Alias("Reserve")]
    [ResponseTimeout("00:00:05")]
    Task<LedgerAnswer> ReserveAsync(string key, string attempt, decimal amount, string provider, string? tag);

    /// <summary>Books what a job cost and frees the rest; with null it is freed without a cost.</summary>
    [Alias("Close")]
    [ResponseTimeout("00:00:05")]
    Task<LedgerAnswer> CloseAsync(string key, decimal? amount);

    /// <summary>Keeps a reservation of unknown outcome.</summary>
    [Alias("Hold")]
    [ResponseTimeout("00:00:05")]
    Task<LedgerAnswer> HoldAsync(string key);

    /// <summary>What was spent and is reserved in one place.</summary>
    [Alias("Balance")]
    [ResponseTimeout("00:00:05")]
    Task<PlaceBalance> GetBalanceAsync(int scope, string name);

    /// <summary>What is reserved.</summary>
    [Alias("Open")]
    [ResponseTimeout("00:00:05")]
    Task<OpenEntry[]> GetOpenAsync();
}

using PredictiveOrchestration.Costs;

namespace PredictiveOrchestration.Orleans;

/// <summary>The budget of a cluster; the same on all silos.</summary>
public sealed class ClusterLedgerOptions
{
    /// <summary>Gets or sets the currency of all amounts; default USD. That of the silos' orchestrators.</summary>
    public string Currency { get; set; } = "USD";

    /// <summary>Gets or sets the most that all paid runs together may cost; null (default) for no limit.</summary>
    public decimal? Budget { get; set; }

    /// <summary>Gets further hard caps: on each job, day, month, tenant (scope <see cref="BudgetScope.Tag"/>) or provider.</summary>
    public IList<BudgetCap> Caps { get; } = [];

    /// <summary>Gets or sets how long it is remembered that a job was paid, so that no try of it pays again; default 30 days. Longer than any job may take.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    internal IReadOnlyList<BudgetCap> All => [.. Budget is { } budget ? [new BudgetCap(BudgetScope.Total, budget)] : Array.Empty<BudgetCap>(), .. Caps];
}

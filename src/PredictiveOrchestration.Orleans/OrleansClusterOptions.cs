namespace PredictiveOrchestration.Orleans;

/// <summary>How an orchestrator uses a cluster's engines as its backends.</summary>
public sealed record OrleansClusterOptions
{
    /// <summary>Gets whose runs these are at the silos, where tenants are served by their weights; default <c>direct</c>.</summary>
    public string Tenant { get; init; } = "direct";

    /// <summary>Gets how often the silos and their load are looked at; default 1 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets which engines are taken, by the names of silo and engine; null (default) for all.</summary>
    public Func<string, string, bool>? Filter { get; init; }

    internal bool Includes(string silo, string engine) => Filter?.Invoke(silo, engine) ?? true;
}

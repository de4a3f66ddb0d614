namespace PredictiveOrchestration.Routing;

/// <summary>Ranks backends that can do a job. Implementations are thread-safe and depend on nothing but the context.</summary>
public interface IBackendRouter
{
    /// <summary>Gets the unique name by which the router is chosen.</summary>
    string Name { get; }

    /// <summary>Ranks all candidates, best first.</summary>
    /// <param name="context">The candidates and preferences.</param>
    /// <returns>Every candidate once.</returns>
    IReadOnlyList<RankedBackend> Rank(RoutingContext context);
}

/// <summary>A router whose choice is kept while others promise to gain less than the margin of hysteresis. It ranks by predictions, money and health, not by how slow a backend was lately.</summary>
internal interface IIncumbentRouter : IBackendRouter;

/// <summary>The names of the built-in routers.</summary>
public static class BackendRouters
{
    /// <summary>Least expected weighted loss of time and cost.</summary>
    public const string Predictive = "predictive";

    /// <summary>Least pessimistic time under the present load and health.</summary>
    public const string Adaptive = "adaptive";

    /// <summary>Least money within the deadline.</summary>
    public const string CostOptimized = "cost";

    /// <summary>Least time.</summary>
    public const string PerformanceOptimized = "performance";

    /// <summary>Best product of time, cost and fidelity relative to the best of each.</summary>
    public const string Balanced = "balanced";
}

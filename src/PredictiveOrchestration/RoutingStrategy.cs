using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>The built-in ways of choosing a backend.</summary>
public enum RoutingStrategy
{
    /// <summary>Least expected weighted loss of time and cost.</summary>
    Predictive,

    /// <summary>Least pessimistic time under the present load and health.</summary>
    Adaptive,

    /// <summary>Least money within the deadline.</summary>
    CostOptimized,

    /// <summary>Least time.</summary>
    PerformanceOptimized,

    /// <summary>Best product of time, cost and fidelity.</summary>
    Balanced,
}

/// <summary>From strategies to the names of routers.</summary>
internal static class RoutingStrategies
{
    private static readonly Dictionary<RoutingStrategy, string> Names = new()
    {
        [RoutingStrategy.Predictive] = BackendRouters.Predictive,
        [RoutingStrategy.Adaptive] = BackendRouters.Adaptive,
        [RoutingStrategy.CostOptimized] = BackendRouters.CostOptimized,
        [RoutingStrategy.PerformanceOptimized] = BackendRouters.PerformanceOptimized,
        [RoutingStrategy.Balanced] = BackendRouters.Balanced,
    };

    public static string? NameOf(RoutingStrategy strategy) => Names.GetValueOrDefault(strategy);
}

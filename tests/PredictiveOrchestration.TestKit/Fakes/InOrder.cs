using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.TestKit.Fakes;

/// <summary>A router that takes backends in the order of their registration.</summary>
public sealed class InOrder : IBackendRouter
{
    public string Name => "in-order";

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) => [.. context.Candidates.Select((c, i) => new RankedBackend(c, i + 1, 0.1, "in order"))];
}

/// <summary>Short ways to set an orchestrator up.</summary>
public static class OrchestratorSetup
{
    /// <summary>Changes the strategy and returns the orchestrator.</summary>
    public static PredictiveOrchestrator WithStrategy(this PredictiveOrchestrator orchestrator, string router)
    {
        orchestrator.SetRoutingStrategy(router);
        return orchestrator;
    }
}

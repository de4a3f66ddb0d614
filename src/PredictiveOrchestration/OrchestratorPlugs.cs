using System.Diagnostics.Metrics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>What is plugged into an orchestrator besides backends and routers.</summary>
internal sealed record OrchestratorPlugs
{
    /// <summary>The host's meters, or null.</summary>
    public IMeterFactory? Meters { get; init; }

    /// <summary>The host's store of execution records, or null.</summary>
    public TelemetryStore? Store { get; init; }

    /// <summary>Where paid work reserves and settles in place of a ledger of its own, or null.</summary>
    public ISpendGate? Spending { get; init; }

    /// <summary>What brings backends from elsewhere while it runs.</summary>
    public IReadOnlyList<IBackendSource> Sources { get; init; } = [];

    /// <summary>Who makes circuits cheaper, or null.</summary>
    public ICircuitOptimizer? Optimizer { get; init; }

    /// <summary>Who gets the records of runs.</summary>
    public IReadOnlyList<IAnalyticsSink> Sinks { get; init; } = [];

    /// <summary>Who gives advice.</summary>
    public IStrategyAdvisor Advisor { get; init; } = new StrategyAdvisor();
}

/// <summary>Meters under a name that nobody listens to.</summary>
internal sealed class HiddenMeters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new("PredictiveOrchestration.WarmUp");

    public void Dispose()
    {
    }
}

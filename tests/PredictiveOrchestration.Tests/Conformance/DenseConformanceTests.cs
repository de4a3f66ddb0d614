using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class DenseConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new StateVectorSimulator();
}

using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class DenseConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new StateVectorSimulator();
}

public sealed class DenseReferenceTests(ITestOutputHelper output) : ReferenceConformance(output)
{
    protected override ISnapshotBackend Create() => new StateVectorSimulator();

    protected override string? ReasonNotToRun(ReferenceCircuit reference) =>
        reference.Circuit.NumQubits <= 22 ? null : $"2^{reference.Circuit.NumQubits} amplitudes take too long";
}

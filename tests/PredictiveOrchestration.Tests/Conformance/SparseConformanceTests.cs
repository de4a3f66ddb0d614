using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class SparseConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new SparseStateSimulator();
}

public sealed class SparseReferenceTests(ITestOutputHelper output) : ReferenceConformance(output)
{
    protected override IQuantumBackend Create() => new SparseStateSimulator();

    protected override bool CanRun(ReferenceCircuit reference) => reference.MaxSparseSupport is { } support && support * (long)reference.Circuit.Operations.Length < 20_000_000;
}

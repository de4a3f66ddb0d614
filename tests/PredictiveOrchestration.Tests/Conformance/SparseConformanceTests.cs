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
    protected override ISnapshotBackend Create() => new SparseStateSimulator();

    protected override string? ReasonNotToRun(ReferenceCircuit reference) =>
        reference.Circuit.NumQubits <= 12 || reference.MaxSparseSupport is { } support && support * (long)reference.Circuit.Operations.Length < 50_000_000 ? null
        : reference.MaxSparseSupport is { } many ? $"{many} amplitudes through {reference.Circuit.Operations.Length} operations take too long" : "the number of amplitudes is not known to be small";
}

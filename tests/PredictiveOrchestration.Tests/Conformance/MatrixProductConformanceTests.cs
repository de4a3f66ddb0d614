using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class MatrixProductConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new MatrixProductStateSimulator();
}

public sealed class MatrixProductReferenceTests(ITestOutputHelper output) : ReferenceConformance(output)
{
    protected override ISnapshotBackend Create() => new MatrixProductStateSimulator();

    protected override string? ReasonNotToRun(ReferenceCircuit reference) =>
        reference.Circuit.NumQubits <= 12 || (reference.MaxBond is <= 16 && reference.Circuit.Operations.Length < 40_000) ? null
        : reference.MaxBond is { } bond ? $"bonds of {bond} through {reference.Circuit.Operations.Length} operations take too long" : "the bonds are not known to be small";
}

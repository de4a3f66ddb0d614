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
    protected override IQuantumBackend Create() => new MatrixProductStateSimulator();

    protected override bool CanRun(ReferenceCircuit reference) => reference.Circuit.NumQubits <= 12;
}

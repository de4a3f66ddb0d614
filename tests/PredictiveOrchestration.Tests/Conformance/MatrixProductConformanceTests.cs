using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class MatrixProductConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new MatrixProductStateSimulator();
}

/// <summary>Every circuit in an order of the qubits that has nothing to do with it, swaps taken as names or applied.</summary>
public sealed class MatrixProductShuffledConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new MatrixProductStateSimulator(null, null, MatrixKernelSelector.Best, (circuit, _) =>
    {
        var sites = Enumerable.Range(0, circuit.NumQubits).ToArray();
        new Random(circuit.Operations.Length).Shuffle(sites);
        return new ChainLayout(sites, circuit.Operations.Length % 2 == 0, ChainLayout.Choose(circuit).Forecast);
    });
}

public sealed class MatrixProductReferenceTests(ITestOutputHelper output) : ReferenceConformance(output)
{
    protected override IQuantumBackend Create() => new MatrixProductStateSimulator();

    protected override bool CanRun(ReferenceCircuit reference) => reference.Circuit.NumQubits <= 12;
}

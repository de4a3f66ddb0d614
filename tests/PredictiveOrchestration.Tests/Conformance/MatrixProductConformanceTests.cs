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
    protected override ISnapshotBackend Create() => new MatrixProductStateSimulator();

    protected override string? ReasonNotToRun(ReferenceCircuit reference) =>
        reference.Circuit.NumQubits <= 12 || (reference.MaxBond is <= 16 && reference.Circuit.Operations.Length < 40_000) ? null
        : reference.MaxBond is { } bond ? $"bonds of {bond} through {reference.Circuit.Operations.Length} operations take too long" : "the bonds are not known to be small";
}

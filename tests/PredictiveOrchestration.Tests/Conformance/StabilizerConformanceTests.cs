using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class StabilizerConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => new StabilizerSimulator();

    protected override RandomCircuitOptions Restrict(RandomCircuitOptions options) =>
        options with { Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 0, Unitaries = false };
}

public sealed class StabilizerReferenceTests(ITestOutputHelper output) : ReferenceConformance(output)
{
    protected override ISnapshotBackend Create() => new StabilizerSimulator();

    protected override string? ReasonNotToRun(ReferenceCircuit reference)
    {
        foreach (ref readonly var op in reference.Circuit.Operations)
        {
            if (op.Kind is OperationKind.Unitary || (op.Kind is OperationKind.Gate && !CliffordCheck.IsClifford(reference.Circuit, op)))
            {
                return $"'{(op.Kind == OperationKind.Gate ? reference.Circuit.GateOf(op).Name : "unitary")}' is no Clifford gate";
            }
        }

        return null;
    }
}

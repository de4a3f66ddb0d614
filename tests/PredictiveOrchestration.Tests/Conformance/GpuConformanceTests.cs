using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

public sealed class GpuConformanceTests : BackendConformance
{
    protected override ISnapshotBackend Create() => OpenClDevice.Simulator();
}

public sealed class GpuReferenceTests(ITestOutputHelper output) : ReferenceConformance(output)
{
    protected override ISnapshotBackend Create() => OpenClDevice.Simulator();

    protected override string? ReasonNotToRun(ReferenceCircuit reference) =>
        reference.Circuit.NumQubits <= 16 ? null : $"2^{reference.Circuit.NumQubits} amplitudes take too long on a processor that stands in for a device";
}

/// <summary>The device of this machine for tests: a GPU, or the processor through OpenCL.</summary>
internal static class OpenClDevice
{
    /// <summary>An engine on the device; without a device the test is skipped with the reason.</summary>
    public static GpuStateVectorSimulator Simulator(GpuPrecision precision = GpuPrecision.Double)
    {
        var engine = new GpuStateVectorSimulator(new GpuStateVectorOptions { AllowCpuOpenCl = true, Precision = precision });
        Skip.IfNot(engine.UnavailableReason is null, engine.UnavailableReason);
        return engine;
    }
}

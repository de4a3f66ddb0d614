using System.Diagnostics;
using ILGPU.Runtime.OpenCL;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;
using PredictiveOrchestration.Tests.Conformance;

namespace PredictiveOrchestration.Tests.Simulation.Gpu;

/// <summary>Drivers that fail in mid-run, devices that are too small, runs that are stopped.</summary>
public sealed class GpuFaultTests
{
    private static readonly Circuit Circuit = TestKit.RandomCircuits.Create(9, new RandomCircuitOptions { Qubits = 13, Operations = 60 });

    [SkippableFact]
    public async Task Run_DriverFails_IsAFaultAndTheNextRunOpensTheDeviceAnew()
    {
        var (engine, device) = Failing(new CLException(CLError.CL_DEVICE_NOT_AVAILABLE), 2);
        var request = new ExecutionRequest { Circuit = Circuit, Shots = 0 };
        var act = () => engine.ExecuteAsync(request);
        var fault = (await act.Should().ThrowAsync<BackendException>()).Which;
        fault.Kind.Should().Be(BackendErrorKind.Fault);
        fault.Message.Should().Contain(device().Name);
        device().LostReason.Should().NotBeNull();
        engine.UnavailableReason.Should().BeNull("the device is opened again");
        device().LostReason.Should().BeNull();
        var snapshot = await engine.RunToSnapshotAsync(request, null, Circuit.Operations.Length);
        StateComparison.Distance(StateComparison.Dense(snapshot), OracleSimulator.FinalState(Circuit)).Should().BeLessThan(1e-12);
    }

    [SkippableFact]
    public async Task Run_DriverOutOfMemory_SaysSoAndKeepsTheDevice()
    {
        var (engine, device) = Failing(new CLException(CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE), 1);
        var act = () => engine.ExecuteAsync(new ExecutionRequest { Circuit = Circuit, Shots = 0 });
        var error = (await act.Should().ThrowAsync<BackendException>()).Which;
        error.Kind.Should().Be(BackendErrorKind.OutOfMemory);
        error.AvailableBytes.Should().BePositive();
        device().LostReason.Should().BeNull();
        device().Sending = null;
        (await engine.ExecuteAsync(new ExecutionRequest { Circuit = Circuit, Shots = 10 })).Counts.Values.Sum().Should().Be(10);
    }

    [SkippableFact]
    public async Task Orchestrator_DriverFailsInMidRun_GoesOnElsewhereAndSaysWhy()
    {
        var (engine, _) = Failing(new CLException(CLError.CL_DEVICE_NOT_AVAILABLE), 2);
        await using var orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(engine).AddBackend(new StateVectorSimulator()).AddRouter(new InOrder())
            
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning, o.PerformanceThreshold, o.Swap) = (string.Empty, TimeSpan.Zero, false, 0, new SwapPolicy { Enabled = false })).Build().WithStrategy("in-order");
        await orchestrator.StartAsync();
        var result = await orchestrator.ExecuteAsync(Circuit, new OrchestrationRequest { Shots = 0, TopProbabilities = int.MaxValue });
        result.Execution.BackendId.Should().Be("local-dense");
        StateComparison.Distance(result.Execution.Probabilities, OracleSimulator.OutcomeDistribution(Circuit)).Should().BeLessThan(1e-12);
        var swap = result.SwapEvents.Should().ContainSingle().Subject;
        (swap.From, swap.To, swap.Trigger).Should().Be(("gpu", "local-dense", SwapTrigger.Fault));
        swap.Reason.Should().Contain("gpu");
    }

    [SkippableFact]
    public async Task Run_StateLargerThanAllowed_IsRefusedBeforeItIsAllocated()
    {
        Skip.If(OpenClDevice.Simulator().UnavailableReason is not null);
        var engine = new GpuStateVectorSimulator(new GpuStateVectorOptions { AllowCpuOpenCl = true, MaxMemoryBytes = 1 << 20 });
        var act = () => engine.ExecuteAsync(new ExecutionRequest { Circuit = States.Ghz(17), Shots = 0 });
        var error = (await act.Should().ThrowAsync<BackendException>()).Which;
        error.Kind.Should().Be(BackendErrorKind.OutOfMemory);
        error.RequiredBytes.Should().BeGreaterThanOrEqualTo(16 << 17);
        error.AvailableBytes.Should().BeLessThanOrEqualTo(1 << 20);
    }

    // The caller's token is looked at between launches: a long circuit ends after a few of them.
    [SkippableFact]
    public async Task Run_CancelledInMidRun_StopsBetweenLaunches()
    {
        var engine = OpenClDevice.Simulator();
        using var source = new CancellationTokenSource();
        var reports = 0;
        var request = new ExecutionRequest
        {
            Circuit = RandomFamilies.Random(16, 400, 1), Shots = 0,
            Progress = new Immediate(_ =>
            {
                reports++;
                source.Cancel();
            }),
        };
        var act = () => engine.ExecuteAsync(request, source.Token);
        await act.Should().ThrowAsync<OperationCanceledException>();
        reports.Should().BeInRange(1, 20);
    }

    // An engine on a device of its own, whose driver fails at a launch.
    private static (GpuStateVectorSimulator Engine, Func<GpuDevice> Device) Failing(Exception exception, int launch)
    {
        _ = OpenClDevice.Simulator();
        GpuDevice? device = null;
        var source = new GpuDeviceSource((out reason) =>
        {
            var isFirst = device is null;
            device = GpuDiscovery.Open(true, out reason) ?? throw new UnreachableException(reason);
            var launches = 0;
            device.Sending = isFirst ? () => _ = ++launches == launch ? throw exception : 0 : null;
            return device;
        });
        source.Find(out _).Should().NotBeNull();
        return (new GpuStateVectorSimulator(new GpuStateVectorOptions(), null, source), () => device!);
    }

    private sealed class Immediate(Action<ExecutionProgress> report) : IProgress<ExecutionProgress>
    {
        public void Report(ExecutionProgress value) => report(value);
    }
}

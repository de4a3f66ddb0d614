using System.Diagnostics;
using ILGPU.Runtime.OpenCL;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;
using PredictiveOrchestration.Tests.Conformance;
using PredictiveOrchestration.Tests.Execution;

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

    // A sparse beginning is handed to the device, which is lost, or has no memory left, when it has run a part: nothing before the hand-over is run again.
    [SkippableTheory]
    [InlineData(CLError.CL_DEVICE_NOT_AVAILABLE, SwapTrigger.Fault)]
    [InlineData(CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE, SwapTrigger.MemoryThreshold)]
    public void SegmentedRun_DeviceFailsAfterTheHandOver_GoesOnElsewhereFromTheLastSnapshot(CLError error, SwapTrigger trigger)
    {
        var builder = new CircuitBuilder(13).H(0);
        for (var i = 0; i < 200; i++)
        {
            builder.CX(i % 13, (i + 1) % 13).T(i % 13);
        }

        for (var i = 0; i < 130; i++)
        {
            builder.RY(0.3 + i, i % 13).CX(i % 13, (i + 4) % 13);
        }

        var circuit = builder.Build();
        var (engine, _) = Failing(new CLException(error), 3);
        ISegmentedBackend[] engines = [engine, new SparseStateSimulator()];
        var planner = new HotSwapPlanner(new WorkTrajectory(circuit), 13, new FakeCosts { Dense = 1e-9 }, new ConversionCosts(TimeProvider.System), engines, 1e9, 1);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
        var plan = new HotSwapPlan([new PlannedSegment(engines[1], 0, 300), new PlannedSegment(engines[0], 300, circuit.Operations.Length)], 1, 0, 1);
        var report = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), request, null, 1e9, new SteppedTime()).Run(plan, CancellationToken.None);
        StateComparison.Distance(report.Result!.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);
        report.Parts.Select(p => p.Backend.Descriptor.Id).Should().Equal("local-sparse", "gpu", "local-sparse");
        report.Parts[1].Error.Should().BeOfType<BackendException>();
        var (handOver, resumed) = (report.Swaps[0], report.Swaps[1]);
        (resumed.From, resumed.To, resumed.Trigger, resumed.OperationIndex).Should().Be(("gpu", "local-sparse", trigger, handOver.OperationIndex));
        resumed.OperationIndex.Should().BePositive();
        report.Parts[2].Start.Should().Be(handOver.OperationIndex);
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

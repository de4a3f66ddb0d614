using System.Reflection;
using System.Runtime.Loader;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Conformance;

namespace PredictiveOrchestration.Tests.Simulation.Gpu;

public sealed class GpuDiscoveryTests
{
    [Fact]
    public void Drivers_NothingInstalled_SaysWhatIsMissing()
    {
        var empty = Directory.CreateTempSubdirectory("gpu-drivers-").FullName;
        try
        {
            GpuDrivers.AnyOnLinux([empty], empty, false, out var reason).Should().BeFalse();
            reason.Should().Contain("libcuda.so.1").And.Contain(empty);
            File.WriteAllText(Path.Combine(empty, "some.icd"), "libsome.so");
            GpuDrivers.AnyOnLinux([empty], empty, false, out reason).Should().BeFalse();
            reason.Should().Contain("libOpenCL.so.1");
            File.WriteAllText(Path.Combine(empty, "libOpenCL.so.1"), string.Empty);
            GpuDrivers.AnyOnLinux([empty], empty, false, out reason).Should().BeTrue();
            reason.Should().BeEmpty();
            File.Move(Path.Combine(empty, "some.icd"), Path.Combine(empty, "pocl.icd"));
            GpuDrivers.AnyOnLinux([empty], empty, false, out reason).Should().BeFalse("nothing is opened to learn that it is the processor");
            reason.Should().Contain("pocl.icd").And.Contain("AllowCpuOpenCl");
            GpuDrivers.AnyOnLinux([empty], empty, true, out _).Should().BeTrue();
        }
        finally
        {
            Directory.Delete(empty, true);
        }
    }

    [SkippableFact]
    public void Discovery_OnlyTheProcessorAndNotAllowed_SaysSo()
    {
        Skip.IfNot(GpuDrivers.Any(true, out var missing), missing);
        var engine = new GpuStateVectorSimulator();
        Skip.If(engine.UnavailableReason is null, "this machine has a GPU");
        engine.UnavailableReason.Should().ContainAny("AllowCpuOpenCl", "knows no device", "know no device", "the driver failed");
        engine.DeviceName.Should().BeNull();
    }

    [Fact]
    public async Task Orchestrator_NoDevice_ListsTheReasonAndRunsOnTheOthers()
    {
        var asked = 0;
        var engine = new GpuStateVectorSimulator(new GpuStateVectorOptions(), null, new GpuDeviceSource((out reason) =>
        {
            asked++;
            reason = "there is no driver";
            return null;
        }));
        await using var orchestrator = new PredictiveOrchestratorBuilder().AddBackend(engine).Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.FromSeconds(0.2))).Build();
        await orchestrator.StartAsync();
        var status = orchestrator.GetAvailableBackends().Single(b => b.Descriptor.Id == "gpu");
        status.IsAvailable.Should().BeFalse();
        status.Reason.Should().Be("there is no driver");
        asked.Should().Be(1, "the answer is kept");
        var result = await orchestrator.ExecuteAsync(States.Ghz(5), new OrchestrationRequest { Shots = 100 });
        result.Execution.BackendId.Should().NotBe("gpu");
        var decision = orchestrator.GetRoutingRecommendation(States.Ghz(5)).Decision;
        decision.Refused.Should().ContainSingle(r => r.Candidate.Backend.Id == "gpu" && r.Reason == "there is no driver");
        var act = () => engine.ExecuteAsync(new ExecutionRequest { Circuit = States.Ghz(5) });
        (await act.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.Unavailable);
    }

    // A whole orchestrator starts and runs in a load context of its own, where the assemblies it loaded can be seen.
    [SkippableTheory]
    [InlineData("none", false)]
    [InlineData("absent", false)]
    [InlineData("present", true)]
    public async Task Orchestrator_Started_LoadsIlgpuOnlyForADevice(string gpu, bool expected)
    {
        if (expected)
        {
            _ = OpenClDevice.Simulator();
        }

        var context = new Isolated(Assembly.GetExecutingAssembly().Location);
        var run = context.LoadFromAssemblyPath(Assembly.GetExecutingAssembly().Location).GetType(typeof(IsolatedStart).FullName!)!.GetMethod(nameof(IsolatedStart.RunAsync))!;
        var loaded = await (Task<string[]>)run.Invoke(null, [gpu])!;
        loaded.Should().Contain("PredictiveOrchestration");
        loaded.Contains("ILGPU").Should().Be(expected, "loaded are {0}", string.Join(", ", loaded));
    }

    private sealed class Isolated(string path) : AssemblyLoadContext("gpu discovery")
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName) => _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;

        protected override nint LoadUnmanagedDll(string unmanagedDllName) => _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } found ? LoadUnmanagedDllFromPath(found) : 0;
    }
}

/// <summary>Runs in the load context of its own.</summary>
public static class IsolatedStart
{
    public static async Task<string[]> RunAsync(string gpu)
    {
        var builder = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.FromSeconds(0.1)));
        if (gpu == "absent")
        {
            // As on a machine without drivers: the way to ILGPU is there, but not taken.
            builder.AddBackend(new GpuStateVectorSimulator(
                new GpuStateVectorOptions(), null, new GpuDeviceSource((out reason) => GpuDrivers.AnyOnLinux([], "/nowhere", false, out reason) ? GpuDiscovery.Open(false, out reason) : null)));
        }
        else if (gpu == "present")
        {
            builder.AddGpu(new GpuStateVectorOptions { AllowCpuOpenCl = true });
        }

        await using (var orchestrator = builder.Build())
        {
            await orchestrator.StartAsync();
            orchestrator.GetAvailableBackends();
            await orchestrator.ExecuteAsync(new CircuitBuilder(2).H(0).CX(0, 1).Build());
        }

        return [.. AssemblyLoadContext.GetLoadContext(typeof(IsolatedStart).Assembly)!.Assemblies.Select(a => a.GetName().Name!)];
    }
}

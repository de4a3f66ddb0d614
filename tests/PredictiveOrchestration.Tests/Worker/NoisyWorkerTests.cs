using System.Diagnostics;
using System.Net;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Noise;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>A worker that stands in for hardware, by its own protocol and by IonQ's.</summary>
public sealed class NoisyWorkerTests
{
    // On the line no exchange is needed, so that the device runs as many errors as are written.
    private const string Source = "OPENQASM 3.0; include \"stdgates.inc\"; qubit[3] q; bit[3] c; x q[0]; cx q[0], q[1]; cx q[1], q[2]; cx q[0], q[1]; c = measure q;";

    [Fact]
    public async Task Job_ByBothProtocols_HasTheNoiseOfTheCalibration()
    {
        await using var worker = await StartAsync();
        var expected = Expected(Source, NoiseModel.FromCalibration(DeviceCalibration.Parse(CalibrationTests.IonQ)));

        expected["101"].Should().BeLessThan(0.95, "the noise must show");

        // Our own protocol.
        var job = await worker.RunAsync(WorkerHost.Job(Source, 20_000, ",\"device\":\"test-1\",\"requireExact\":false,\"seed\":3"));
        job.GetProperty("status").GetString().Should().Be("succeeded", job.ToString());
        job.GetProperty("backend").GetString().Should().Be("test-1");
        var counts = (await worker.GetAsync($"/v1/jobs/{job.GetProperty("id").GetString()}/result")).Json;
        counts.GetProperty("isExact").GetBoolean().Should().BeFalse();
        ShouldFollow(counts.GetProperty("counts").EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetInt64()), expected);

        // IonQ's: as a noise model of the simulator, and as a device.
        foreach (var (backend, noise) in new[] { ("simulator", ",\"noise\":{\"model\":\"test-1\",\"seed\":7}"), ("qpu.test-1", string.Empty) })
        {
            var body = $$"""{"type":"ionq.qasm3.v1","backend":"{{backend}}","shots":20000{{noise}},"input":{"data":{{JsonSerializer.Serialize(Source)}} } }""";
            var created = await worker.PostAsync("/v0.4/jobs", body);
            created.Status.Should().Be(HttpStatusCode.Created, created.Text);
            var id = created.Json.GetProperty("id").GetString()!;
            var ended = await IonQFacadeTests.EndAsync(worker, id);
            ended.GetProperty("status").GetString().Should().Be("completed", ended.ToString());
            ended.GetProperty("backend").GetString().Should().Be(backend);
            ended.GetProperty("noise").GetProperty("model").GetString().Should().Be(backend == "simulator" ? "test-1" : "ideal");
            var histogram = (await worker.GetAsync($"/v0.4/jobs/{id}/results/histogram")).Json;
            ShouldFollow(histogram.EnumerateObject().ToDictionary(c => Convert.ToString(int.Parse(c.Name), 2).PadLeft(3, '0'), c => c.Value.GetInt64()), expected);
            (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities")).Json.EnumerateObject().Sum(p => p.Value.GetDouble()).Should().BeApproximately(1, 1e-9);
        }
    }

    [Fact]
    public async Task Job_ExactOrUnknownNoise_IsRefused()
    {
        await using var worker = await StartAsync();
        (await worker.PostAsync("/v1/jobs", WorkerHost.Job(Source, 10, ",\"device\":\"test-1\""))).Problem.Should().Be("infeasible", "exact answers are the default");
        var wrong = await worker.PostAsync("/v0.4/jobs", "{\"backend\":\"simulator\",\"noise\":{\"model\":\"aria-9\"},\"input\":{\"qubits\":1,\"circuit\":[]}}");
        wrong.Status.Should().Be(HttpStatusCode.BadRequest);
        wrong.Json.GetProperty("message").GetString().Should().Contain("'ideal'").And.Contain("'test-1'");
        var device = await worker.PostAsync("/v0.4/jobs", "{\"backend\":\"qpu.other\",\"input\":{\"qubits\":1,\"circuit\":[]}}");
        device.Json.GetProperty("message").GetString().Should().Contain("'qpu.test-1'");

        // Two devices of one name, and the names that mean something else.
        foreach (var id in new[] { "simulator", "ideal", "auto" })
        {
            await FluentActions.Awaiting(() => WorkerHost.StartAsync(o => o.NoisyDevices.Add(new NoisySimulatorOptions { Id = id, Noise = new NoiseModel() }))).Should().ThrowAsync<ArgumentException>().WithMessage("*NoisyDevices*");
        }
    }

    [Fact]
    public async Task DevicesAndCalibration_SayWhatTheDeviceIs()
    {
        await using var worker = await StartAsync();
        var device = (await worker.GetAsync("/v1/devices/ibm-line")).Json;
        device.GetProperty("kind").GetString().Should().Be("hardware");
        device.GetProperty("isExact").GetBoolean().Should().BeFalse();
        device.GetProperty("maxQubits").GetInt32().Should().Be(5);

        // What is served is what was given, to the last pair, and reads back.
        var text = (await worker.GetAsync("/v1/devices/ibm-line/calibration")).Text;
        DeviceCalibration.Parse(text).Should().BeEquivalentTo(DeviceCalibration.Parse(CalibrationTests.Ibm) with { Device = "ibm-line" });
        (await worker.GetAsync("/v1/devices/local-dense/calibration")).Json.GetProperty("twoQubitError").GetDouble().Should().Be(0);

        var backends = (await worker.GetAsync("/v0.4/backends")).Json.EnumerateArray().ToList();
        backends.Select(b => b.GetProperty("backend").GetString()).Should().Equal("simulator", "qpu.test-1", "qpu.ibm-line");
        backends[0].GetProperty("noise_models").EnumerateArray().Select(n => n.GetString()).Should().Equal("ideal", "test-1", "ibm-line");
        (await worker.GetAsync("/v0.4/backends/qpu.test-1")).Json.GetProperty("qubits").GetInt32().Should().Be(5);
        (await worker.GetAsync("/v0.4/backends/qpu.none")).Status.Should().Be(HttpStatusCode.NotFound);
        var characterization = (await worker.GetAsync("/v0.4/backends/qpu.test-1/characterizations?limit=1")).Text;
        DeviceCalibration.Parse(characterization).Should().BeEquivalentTo(DeviceCalibration.Parse(CalibrationTests.IonQ), o => o.Excluding(c => c.MeasuredAt).Using<double>(x => x.Subject.Should().BeApproximately(x.Expectation, 1e-12)).WhenTypeIs<double>());
    }

    [Fact]
    public async Task Client_ConnectedToADevice_PredictsItsFidelityAndRunsOnIt()
    {
        await using var worker = await StartAsync();
        await using var backend = await WorkerBackend.ConnectAsync(new WorkerBackendOptions { Endpoint = worker.Address, Target = "ibm-line" });
        backend.Descriptor.Type.Should().Be(BackendType.HardwareBackend);
        var circuit = OpenQasmReader.Read(Source).GetCircuitOrThrow();
        var here = new NoisySimulator(NoisySimulatorOptions.For(DeviceCalibration.Parse(CalibrationTests.Ibm)), new StateVectorSimulator());
        backend.Compile(circuit).Should().Be(here.Compile(circuit), "both know the same calibration");

        var request = new ExecutionRequest { Circuit = circuit, Shots = 2_000, Seed = 12, RequireExact = false };
        var there = await backend.ExecuteAsync(request);
        there.IsExact.Should().BeFalse();
        there.Counts.Values.Sum().Should().Be(2_000);
        (await FluentActions.Awaiting(() => backend.ExecuteAsync(request with { RequireExact = true })).Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.Unsupported);

        // IonQ's client on IonQ's façade learns the same from the characterization.
        await using var ionq = await IonQBackend.ConnectAsync(new IonQOptions { Endpoint = new Uri(worker.Address, "v0.4"), Target = "qpu.test-1", MaxQubits = 5, Credential = PredictiveOrchestration.Remote.RemoteCredential.FromSecret("any") });
        ionq.Descriptor.Errors!.TwoQubit.Should().BeApproximately(0.015, 1e-12);
        var ran = await ionq.ExecuteAsync(request with { Circuit = new CircuitBuilder(3, 3).X(0).CX(0, 2).Measure(0, 0).Measure(1, 1).Measure(2, 2).Build() });
        ran.Counts.MaxBy(c => c.Value).Key.Should().Be(BitString.Parse("101"));
        ran.Counts.Count.Should().BeGreaterThan(1, "it errs");
    }

    [Fact]
    public async Task ServeCommand_WithNoise_ServesTheDevice()
    {
        var folder = Directory.CreateTempSubdirectory("serve-").FullName;
        var file = Path.Combine(folder, "device.json");
        await File.WriteAllTextAsync(file, CalibrationTests.IonQ);
        var program = Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", "RemoteWorker", new DirectoryInfo(AppContext.BaseDirectory).Name, "RemoteWorker.dll");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { program, "serve", "--urls", "http://127.0.0.1:0", "--db", Path.Combine(folder, "jobs.db"), "--noise", file, "--no-calibration" })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        try
        {
            // The line that says where it listens.
            string? line;
            do
            {
                line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());
            }
            while (!line.Contains("http://127.0.0.1:", StringComparison.Ordinal));
            using var client = new HttpClient { BaseAddress = new Uri(line[line.IndexOf("http://", StringComparison.Ordinal)..].Trim()) };
            using var calibration = JsonDocument.Parse(await client.GetStringAsync("/v1/devices/test-1/calibration"));
            calibration.RootElement.GetProperty("twoQubitError").GetDouble().Should().BeApproximately(0.015, 1e-12);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            Directory.Delete(folder, true);
        }
    }

    private static Task<WorkerHost> StartAsync() => WorkerHost.StartAsync(o =>
    {
        // The IonQ device runs circuits as they are, so that the test knows what errs.
        o.NoisyDevices.Add(NoisySimulatorOptions.For(DeviceCalibration.Parse(CalibrationTests.IonQ)) with { Device = null });
        o.NoisyDevices.Add(NoisySimulatorOptions.For(DeviceCalibration.Parse(CalibrationTests.Ibm)));
    });

    private static Dictionary<string, double> Expected(string source, NoiseModel noise) => DensityMatrixOracle.OutcomeDistribution(OpenQasmReader.Read(source).GetCircuitOrThrow(), noise);

    // Five standard deviations for each of eight outcomes; the one ideal outcome, 101, would miss by far more.
    private static void ShouldFollow(Dictionary<string, long> counts, Dictionary<string, double> expected)
    {
        var shots = counts.Values.Sum();
        foreach (var (outcome, p) in expected)
        {
            ((double)counts.GetValueOrDefault(outcome)).Should().BeApproximately(p * shots, 1 + (5 * Math.Sqrt(p * (1 - p) * shots)), outcome);
        }
    }
}

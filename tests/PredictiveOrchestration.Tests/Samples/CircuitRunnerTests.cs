using System.Diagnostics;
using System.Text.Json;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Samples;

/// <summary>The command-line tool as its user meets it: arguments in; standard output, standard error and an exit status out.</summary>
public sealed class CircuitRunnerTests(CircuitRunnerTests.FirstStart first) : IClassFixture<CircuitRunnerTests.FirstStart>, IDisposable
{
    private const string Bell = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("circuit-runner-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    // Where there is no GPU, its absence is the error of that run; nothing else changes.
    [Fact]
    public async Task Gpu_AskedFor_RunsOrSaysWhyNot()
    {
        var run = await RunAsync(Add("bell.qasm", Bell), "--jsonl", "--backend", "gpu", "--shots", "200");
        using var json = JsonDocument.Parse(run.Output);
        if (run.Status == 0)
        {
            json.RootElement.GetProperty("runs")[0].GetProperty("backend").GetString().Should().Be("gpu");
            return;
        }

        run.Status.Should().Be(1, run.Error);
        json.RootElement.GetProperty("error").GetProperty("code").GetString().Should().Be("no-feasible-backend");
        run.Error.Should().Contain("'gpu': ");
        var other = await RunAsync(Add("bell.qasm", Bell), "--jsonl", "--gpu", "--shots", "200");
        other.Status.Should().Be(0, other.Error);
    }

    [Fact]
    public async Task JsonLines_AllBackends_HasEveryField()
    {
        var run = await RunAsync(Add("bell.qasm", Bell), "--jsonl", "--backend", "all", "--probabilities", "--shots", "200", "--repeat", "2", "--seed", "7");
        run.Status.Should().Be(0, run.Error);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var json = JsonDocument.Parse(lines.Should().ContainSingle().Subject);
        var root = json.RootElement;
        root.GetProperty("file").GetString().Should().EndWith("bell.qasm");
        root.GetProperty("ok").GetBoolean().Should().BeTrue();
        root.TryGetProperty("error", out _).Should().BeFalse();
        root.GetProperty("decisionSeconds").GetDouble().Should().BeGreaterThan(0);
        foreach (var value in new[] { "numQubits", "circuitDepth", "gateCount", "entanglementComplexity", "memoryRequirement" })
        {
            root.GetProperty("profile").GetProperty(value).ValueKind.Should().Be(JsonValueKind.Number);
        }

        var recommendation = root.GetProperty("recommendation");
        recommendation.GetProperty("strategy").GetString().Should().Be("predictive");
        recommendation.GetProperty("confidence").GetDouble().Should().BeInRange(0, 1);
        var predictions = recommendation.GetProperty("predictions").EnumerateArray().ToList();
        predictions.Select(p => p.GetProperty("backend").GetString()).Should().Contain(recommendation.GetProperty("backend").GetString());
        foreach (var prediction in predictions)
        {
            if (!prediction.GetProperty("feasible").GetBoolean())
            {
                prediction.GetProperty("reason").GetString().Should().NotBeNullOrEmpty();
                continue;
            }

            foreach (var estimate in new[] { "seconds", "peakBytes", "cost", "fidelity" }.Select(e => prediction.GetProperty(e)))
            {
                estimate.GetProperty("lower").GetDouble().Should().BeLessThanOrEqualTo(estimate.GetProperty("median").GetDouble());
                estimate.GetProperty("median").GetDouble().Should().BeLessThanOrEqualTo(estimate.GetProperty("upper").GetDouble());
            }
        }

        var runs = root.GetProperty("runs").EnumerateArray().ToList();
        runs.Should().HaveCount(2 * predictions.Count(p => p.GetProperty("feasible").GetBoolean()));
        foreach (var one in runs)
        {
            one.GetProperty("ok").GetBoolean().Should().BeTrue();
            one.GetProperty("backend").GetString().Should().NotBeNullOrEmpty();
            one.GetProperty("exact").GetBoolean().Should().BeTrue();
            one.GetProperty("swaps").GetArrayLength().Should().Be(0);
            foreach (var value in new[] { "seconds", "prepareSeconds", "sampleSeconds", "peakBytes" })
            {
                one.GetProperty(value).GetDouble().Should().BeGreaterThanOrEqualTo(0);
            }

            one.GetProperty("counts").EnumerateObject().Sum(c => c.Value.GetInt64()).Should().Be(200);
            one.GetProperty("counts").EnumerateObject().Select(c => c.Name).Should().BeSubsetOf(["00", "11"]);
            one.GetProperty("probabilities").EnumerateArray().Should().AllSatisfy(p => p.GetProperty("p").GetDouble().Should().BeApproximately(0.5, 1e-12));
            one.GetProperty("probabilities").EnumerateArray().Select(p => p.GetProperty("outcome").GetString()).Should().BeEquivalentTo("00", "11");
        }
    }

    [Fact]
    public async Task Outcomes_BitZero_IsRightmost()
    {
        var run = await RunAsync(Add("bits.qasm", "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[3];\ncreg c[3];\nx q[0];\nmeasure q -> c;"), "--jsonl");
        run.Output.Should().Contain("\"counts\":{\"001\":1000}");
        run = await RunAsync(Add("unmeasured.qasm", "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[3];\nx q[0];"), "--jsonl");
        run.Output.Should().Contain("\"counts\":{\"001\":1000}");
    }

    [Fact]
    public async Task Backend_AddressOfAWorker_RunsThere()
    {
        await using var worker = await Worker.WorkerHost.StartAsync();
        var run = await RunAsync(Add("bits.qasm", "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[5] q;\nbit[4] c;\nx q[0];\nx q[3];\ncx q[3], q[4];\nc[0] = measure q[4];\nc[1] = measure q[1];\nc[2] = measure q[0];\nc[3] = measure q[2];\n"), "--jsonl", "--backend", worker.Address.ToString().TrimEnd('/'), "--shots", "300");
        run.Status.Should().Be(0, run.Error);
        using var json = JsonDocument.Parse(run.Output);
        var one = json.RootElement.GetProperty("runs")[0];
        one.GetProperty("backend").GetString().Should().Be(worker.Address.ToString().TrimEnd('/'));
        one.GetProperty("counts").EnumerateObject().Select(c => (c.Name, c.Value.GetInt32())).Should().Equal(("0101", 300));
        (await worker.GetAsync("/v1/jobs")).Json.GetProperty("jobs").EnumerateArray().Should().ContainSingle("it ran over the wire").Which.GetProperty("status").GetString().Should().Be("succeeded");

        // Nobody serves there any more.
        await worker.StopAsync();
        var gone = await RunAsync(Add("bell.qasm", Bell), "--backend", worker.Address.ToString());
        gone.Status.Should().Be(2);
        gone.Error.Should().Contain(worker.Address.Host).And.NotContain("   at ");
    }

    [Fact]
    public async Task ProfileOnlyAndRecommendOnly_RunNothing()
    {
        var file = Add("bell.qasm", Bell);
        using var profile = JsonDocument.Parse((await RunAsync(file, "--jsonl", "--profile-only")).Output);
        profile.RootElement.TryGetProperty("recommendation", out _).Should().BeFalse();
        profile.RootElement.GetProperty("runs").GetArrayLength().Should().Be(0);
        using var recommendation = JsonDocument.Parse((await RunAsync(file, "--jsonl", "--recommend-only", "--strategy", "performance")).Output);
        recommendation.RootElement.GetProperty("recommendation").GetProperty("strategy").GetString().Should().Be("performance");
        recommendation.RootElement.GetProperty("runs").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public async Task Files_SomeBad_EachIsReportedTheGoodOnesRunAndTheStatusIsOne()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "folder.qasm"));
        File.WriteAllBytes(Path.Combine(_folder, "binary.qasm"), [0, 255, 254, 1, 128, 10, 0]);
        var run = await RunAsync(Add("empty.qasm", string.Empty), Path.Combine(_folder, "binary.qasm"), Path.Combine(_folder, "folder.qasm"), Path.Combine(_folder, "missing.qasm"), Add("bad.qasm", "qubit[2] q;\nfoo q[0];\nbar q[1];\n"), Add("bell.qasm", Bell), "--jsonl");
        run.Status.Should().Be(1);
        var reports = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<JsonElement>(l)).ToList();
        reports.Select(r => r.GetProperty("ok").GetBoolean()).Should().Equal(false, false, false, false, false, true);
        reports.Take(5).Select(r => r.GetProperty("error").GetProperty("code").GetString()).Should().Equal("OQ1006", "OQ1001", "file-unreadable", "file-not-found", "OQ2001");
        reports[4].GetProperty("error").GetProperty("line").GetInt32().Should().Be(2);
        reports[4].GetProperty("error").GetProperty("column").GetInt32().Should().Be(1);
        run.Error.Should().Contain("bad.qasm(2,1): OQ2001").And.Contain("bad.qasm(3,1): OQ2001", "all errors of a file are shown").And.NotContain("   at ");
    }

    [Theory]
    [InlineData("No file")]
    [InlineData("--bogus", "x.qasm", "--bogus")]
    [InlineData("--shots", "x.qasm", "--shots", "many")]
    [InlineData("--shots", "x.qasm", "--shots", "-1")]
    [InlineData("--timeout", "x.qasm", "--timeout", "0")]
    [InlineData("--strategy", "x.qasm", "--strategy", "lucky")]
    [InlineData("--backend", "x.qasm", "--backend", "nowhere")]
    [InlineData("--seed", "x.qasm", "--seed")]
    public async Task Usage_Wrong_NamesTheOptionAndTheStatusIsTwo(string named, params string[] arguments)
    {
        var run = await RunAsync(arguments);
        run.Status.Should().Be(2);
        run.Output.Should().BeEmpty();
        run.Error.Should().Contain(named).And.NotContain("   at ");
    }

    [Fact]
    public async Task Timeout_EndlessLoop_EndsWithItsCode()
    {
        var run = await RunAsync(Add("forever.qasm", "qubit q; bit c; while (c == 0) { }"), "--timeout", "0.3", "--shots", "5", "--jsonl", "--no-learning");
        run.Status.Should().Be(1);
        run.Output.Should().Contain("\"code\":\"time-limit\"");
        run.Error.Should().Contain("time-limit").And.NotContain("   at ");
    }

    [Fact]
    public async Task Learning_StateFolder_IsWrittenUnlessForbidden()
    {
        var file = Add("bell.qasm", Bell);
        var records = (string folder) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length) : 0;
        var (first, second) = (Path.Combine(_folder, "first"), Path.Combine(_folder, "second"));
        await RunAsync([file, "--no-learning"], first);
        await RunAsync([file, "--repeat", "20"], second);
        records(second).Should().BeGreaterThan(records(first));
    }

    private string Add(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public async Task Checkpoints_ProcessKilledInMidCircuit_GoesOnWithTheSameCounts()
    {
        // A second of work and more.
        var file = Add(
            "long.qasm",
            """
            OPENQASM 3.0;
            include "stdgates.inc";
            qubit[18] q;
            for int i in [1:700] {
              for int j in [0:17] { u3(0.1 + j, 0.01 * i, 0.3) q[j]; cp(0.1 * i + j) q[j], q[(j + 1 + i % 17) % 18]; }
            }
            """);
        var state = Path.Combine(_folder, "state");
        var checkpoints = Path.Combine(_folder, "checkpoints");
        string[] plain = [file, "--jsonl", "--backend", "local-dense", "--seed", "11", "--no-learning"];
        string[] kept = [.. plain, "--checkpoints", checkpoints, "--checkpoint-interval", "0.05"];
        var expected = Counts(await RunAsync(plain, state), out var resumedAt);
        resumedAt.Should().BeNull();

        using (var process = Begin(kept, state))
        {
            _ = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

            // On a thread of its own, which waits for no other test.
            var wasOver = await Task.Factory.StartNew(
                () =>
                {
                    while (!process.HasExited && !(Directory.Exists(checkpoints) && Directory.EnumerateFiles(checkpoints, "*.checkpoint").Any()))
                    {
                        Thread.Sleep(1);
                    }

                    var isOver = process.HasExited;
                    process.Kill();
                    return isOver;
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            wasOver.Should().BeFalse("a checkpoint is written while the run goes on");
            await process.WaitForExitAsync();
            process.ExitCode.Should().NotBe(0);
        }

        Counts(await RunAsync(kept, state), out resumedAt).Should().BeEquivalentTo(expected);
        resumedAt.Should().BePositive("it went on in the middle");
        Directory.EnumerateFiles(checkpoints, "*.checkpoint").Should().BeEmpty("the run is done");

        static Dictionary<string, long> Counts((int Status, string Output, string Error) run, out int? resumedAt)
        {
            run.Status.Should().Be(0, run.Error);
            using var json = JsonDocument.Parse(run.Output);
            var one = json.RootElement.GetProperty("runs")[0];
            resumedAt = one.TryGetProperty("resumedAtOperation", out var at) && at.ValueKind == JsonValueKind.Number ? at.GetInt32() : null;
            return one.GetProperty("counts").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt64());
        }
    }

    // The runtime writes down which assemblies a whole process loaded.
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Gpu_OfferedWhereThereIsNoDriver_LoadsNoIlgpu(bool offered)
    {
        Skip.If(offered && !OperatingSystem.IsLinux(), "where drivers are looked for can be told on Linux only");
        Skip.If(offered && GpuDrivers.AnyOnLinux([.. GpuDrivers.LinuxFolders], "/nowhere", false, out _), "this machine has a CUDA driver");
        var trace = Path.Combine(_folder, "loaded.nettrace");
        using var process = Begin(["--no-learning", .. offered ? new[] { "--gpu" } : [], Add("bell.qasm", Bell)], Path.Combine(_folder, "state"), new()
        {
            ["OCL_ICD_VENDORS"] = "/nowhere", ["DOTNET_EnableEventPipe"] = "1", ["DOTNET_EventPipeOutputPath"] = trace, ["DOTNET_EventPipeConfig"] = "Microsoft-Windows-DotNETRuntime:0x8:4",
        });
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0, await error);
        var loaded = System.Text.Encoding.Unicode.GetString(await File.ReadAllBytesAsync(trace)) + System.Text.Encoding.Unicode.GetString((await File.ReadAllBytesAsync(trace))[1..]);
        loaded.Should().Contain("PredictiveOrchestration, Version=").And.NotContain("ILGPU");
    }

    private Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) => RunAsync(arguments, Path.Combine(_folder, "state"));

    private Task<(int Status, string Output, string Error)> RunAsync(string[] arguments, string state) => EndAsync(Begin(arguments, state));

    private static async Task<(int Status, string Output, string Error)> EndAsync(Process begun)
    {
        using var process = begun;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    // What the first start on this machine has measured is there already.
    private Process Begin(string[] arguments, string state, Dictionary<string, string>? environment = null)
    {
        Directory.CreateDirectory(state);
        foreach (var file in first.Calibrations)
        {
            File.Copy(file, Path.Combine(state, Path.GetFileName(file)), overwrite: true);
        }

        return Start(arguments, state, environment);
    }

    private static Process Start(string[] arguments, string state, Dictionary<string, string>? environment = null)
    {
        // Built with these tests, in the same configuration.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var program = Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", "CircuitRunner", configuration, "CircuitRunner.dll");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments.Prepend(state).Prepend("--state-dir").Prepend(program))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>The first start, which calibrates. It is the only one of these tests that does.</summary>
    public sealed class FirstStart : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("circuit-runner-first-").FullName;

        /// <summary>Gets the files that it kept.</summary>
        public IReadOnlyList<string> Calibrations => Directory.GetFiles(_folder, "calibration*.json");

        public async Task InitializeAsync()
        {
            var file = Path.Combine(_folder, "bell.qasm");
            await File.WriteAllTextAsync(file, Bell);
            var run = await EndAsync(Start([file, "--recommend-only", "--no-learning"], _folder));
            run.Status.Should().Be(0, run.Error);
            Calibrations.Should().NotBeEmpty("the next start does not measure again");
        }

        public Task DisposeAsync()
        {
            Directory.Delete(_folder, true);
            return Task.CompletedTask;
        }
    }
}

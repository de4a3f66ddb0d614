using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Silos as processes of their own, killed without a word.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterProcessTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Layers = 2000;
    private const string Variable = "PREDICTIVE_ORCHESTRATION_POSTGRES";
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-").FullName;
    private readonly List<Process> _silos = [];

    [SkippableFact]
    public async Task Kill_TwoOfThreeSilosAndFreezeOne_AThousandJobsEndOnceAndRight()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Processes are stopped by Linux' signals.");
        const int Jobs = 1000;
        var file = Path.Combine(_folder, "job.qasm");
        var circuit = RandomCircuits.Create(3, new RandomCircuitOptions { Qubits = 6, Clbits = 6, Operations = 60, MidCircuit = true, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates });
        await File.WriteAllTextAsync(file, OpenQasmWriter.Write(circuit));
        string[] meeting = ["--db", Path.Combine(_folder, "cluster.db")];
        for (var i = 0; i < 4; i++)
        {
            await StartSiloAsync($"silo-{i}", meeting);
        }

        var submitting = RunAsync(["submit", file, "--copies", $"{Jobs}", "--shots", "100", "--backend", "local-dense", "--json", "--key", "all", .. meeting]);
        await UntilAsync(async () => (await EndedAsync(meeting)) >= 100, submitting);

        // One is cut off from the others, two die.
        Signal(_silos[3], "STOP");
        _silos[2].Kill();
        await UntilAsync(async () => (await EndedAsync(meeting)) >= 300, submitting);
        _silos[1].Kill();
        var (status, lines) = await submitting;
        Signal(_silos[3], "CONT");

        status.Should().Be(0, string.Join('\n', lines.Split('\n').Where(l => !l.Contains("Succeeded", StringComparison.Ordinal)).Take(5)));
        var ended = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        ended.Should().HaveCount(Jobs).And.OnlyContain(e => e.GetProperty("state").GetString() == "Succeeded");
        ended.Select(e => e.GetProperty("id").GetString()).Distinct().Should().HaveCount(Jobs);
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning) = (string.Empty, TimeSpan.Zero, false)).Build();
        await orchestrator.StartAsync();
        foreach (var job in ended)
        {
            var direct = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 100, Seed = job.GetProperty("seed").GetUInt64(), Backend = "local-dense" });
            job.GetProperty("counts").EnumerateObject().ToDictionary(c => BitString.Parse(c.Name), c => c.Value.GetInt64()).Should().BeEquivalentTo(direct.Counts);
        }

        output.WriteLine($"{ended.Count(e => e.GetProperty("restarts").GetInt32() > 0)} jobs were begun again");

        // The same submission once more gives the same ends, at once.
        var (again, repeated) = await RunAsync(["submit", file, "--copies", $"{Jobs}", "--shots", "100", "--backend", "local-dense", "--json", "--key", "all", .. meeting]);
        again.Should().Be(0);
        (repeated == lines).Should().BeTrue("each key is the job that it was");
    }

    [SkippableFact]
    public async Task Kill_SiloInALongRun_GoesOnElsewhereFromItsLastCheckpoint()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Processes are stopped by Linux' signals.");

        // A state of 16 MB, so that a file is a small part of the seconds that the run takes.
        var file = Path.Combine(_folder, "long.qasm");
        var circuit = RandomCircuits.Pairs(2, 20, Layers);
        await File.WriteAllTextAsync(file, OpenQasmWriter.Write(circuit));
        var checkpoints = Directory.CreateDirectory(Path.Combine(_folder, "checkpoints")).FullName;
        string[] meeting = ["--db", Path.Combine(_folder, "cluster.db"), "--checkpoints", checkpoints];
        await StartSiloAsync("silo-0", meeting);
        await StartSiloAsync("silo-1", meeting);
        var submitting = RunAsync(["submit", file, "--shots", "200", "--seed", "5", "--backend", "local-dense", "--json", .. meeting[..2]]);
        await UntilAsync(() => Task.FromResult(Directory.EnumerateFiles(checkpoints, "*.checkpoint").Any()), submitting);

        // A claim names no process: the silo that has the run is the one that works.
        var before = _silos.ToDictionary(s => s, Cpu);
        await Task.Delay(300);
        _silos.MaxBy(s => Cpu(s) - before[s])!.Kill();
        var (status, lines) = await submitting;

        status.Should().Be(0, lines);
        var job = JsonDocument.Parse(lines).RootElement;
        job.GetProperty("restarts").GetInt32().Should().BeGreaterThan(0);
        job.GetProperty("resumedAt").GetInt32().Should().BeGreaterThan(0);
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning) = (string.Empty, TimeSpan.Zero, false)).Build();
        await orchestrator.StartAsync();
        var direct = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 200, Seed = 5, Backend = "local-dense" });
        job.GetProperty("counts").EnumerateObject().ToDictionary(c => BitString.Parse(c.Name), c => c.Value.GetInt64()).Should().BeEquivalentTo(direct.Counts);
    }

    [SkippableFact]
    public async Task PostgreSql_TwoSilosOneKilled_EveryJobEnds()
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(server))
        {
            output.WriteLine($"Skipped: {Variable} has no connection string (.ci/run starts a server).");
        }

        Skip.If(string.IsNullOrEmpty(server), $"No PostgreSQL server: {Variable} has no connection string (.ci/run starts one).");
        var schema = $"c{Guid.NewGuid():N}";
        await using var source = NpgsqlDataSource.Create(server!);
        await source.CreateCommand($"CREATE SCHEMA {schema}").ExecuteNonQueryAsync();
        try
        {
            string[] meeting = ["--postgres", new NpgsqlConnectionStringBuilder(server) { SearchPath = schema, MaxPoolSize = 20 }.ConnectionString];
            var file = Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits", "teleport.qasm");
            await StartSiloAsync("silo-0", meeting);
            await StartSiloAsync("silo-1", meeting);
            var submitting = RunAsync(["submit", file, "--copies", "100", "--json", .. meeting]);
            await UntilAsync(async () => (await EndedAsync(meeting)) >= 10, submitting);
            _silos[1].Kill();
            var (status, lines) = await submitting;

            status.Should().Be(0, lines);
            lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(100).And.OnlyContain(l => l.Contains("Succeeded"));
            (await RunAsync(["prune", "--hours", "0", .. meeting])).Status.Should().Be(0);
            ((long)(await source.CreateCommand($"SELECT COUNT(*) FROM {schema}.OrleansStorage WHERE GrainTypeString LIKE '%ended'").ExecuteScalarAsync())!).Should().Be(0);
        }
        finally
        {
            _silos.ForEach(s => s.Kill());
            await source.CreateCommand($"DROP SCHEMA {schema} CASCADE").ExecuteNonQueryAsync();
        }
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            silo.Kill();
            await silo.WaitForExitAsync();
            silo.Dispose();
        }

        Directory.Delete(_folder, true);
    }

    private async Task StartSiloAsync(string name, string[] options)
    {
        var silo = Start(["silo", "--name", name, "--no-calibration", "--concurrency", "2", "--state", Path.Combine(_folder, name), .. options]);
        _silos.Add(silo);
        var ready = new TaskCompletionSource();
        silo.OutputDataReceived += (_, e) =>
        {
            if (e.Data?.EndsWith("is there", StringComparison.Ordinal) == true || e.Data is null)
            {
                ready.TrySetResult();
            }
        };
        silo.ErrorDataReceived += (_, _) => { };
        silo.BeginOutputReadLine();
        silo.BeginErrorReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(90));
        silo.HasExited.Should().BeFalse($"{name} has started");
    }

    // Runs ended by the silos that are there.
    private async Task<long> EndedAsync(string[] meeting)
    {
        var (_, text) = await RunAsync(["load", .. meeting]);
        return text.Split("Ended = ") is [_, var rest] ? long.Parse(rest.Split([',', ' '])[0], CultureInfo.InvariantCulture) : 0;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, Task<(int Status, string Output)> unless)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (!unless.IsCompleted && !await condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private static TimeSpan Cpu(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private static void Signal(Process process, string signal) => Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();

    private async Task<(int Status, string Output)> RunAsync(string[] arguments)
    {
        using var process = Start(arguments);
        var (text, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(4));
        // What was not done, and why, first.
        return (process.ExitCode, process.ExitCode == 0 ? await text : await error + await text);
    }

    private Process Start(string[] arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var program = Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", "Cluster", configuration, "Cluster.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        return Process.Start(start)!;
    }

    private static TimeSpan Worked(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }
}

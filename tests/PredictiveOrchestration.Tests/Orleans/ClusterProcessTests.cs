using System.Text.Json;
using Npgsql;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Silos as processes of their own, killed without a word.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterProcessTests(ITestOutputHelper output)
{
    private const int Layers = 1600;
    private const string Variable = "PREDICTIVE_ORCHESTRATION_POSTGRES";

    [SkippableFact]
    public async Task Kill_TwoOfThreeSilosAndFreezeOne_AThousandJobsEndOnceAndRight()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Processes are stopped by Linux' signals.");
        const int Jobs = 1000;
        await using var cluster = new ClusterProcesses();
        var file = Path.Combine(cluster.Folder, "job.qasm");
        var circuit = RandomCircuits.Create(3, new RandomCircuitOptions { Qubits = 6, Clbits = 6, Operations = 60, MidCircuit = true, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates });
        await File.WriteAllTextAsync(file, OpenQasmWriter.Write(circuit));
        string[] submission = ["submit", file, "--copies", $"{Jobs}", "--shots", "100", "--backend", "local-dense", "--json", "--key", "all"];
        await cluster.StartSilosAsync(4);
        var (status, load) = await cluster.RunAsync("load");
        status.Should().Be(0, "{0}", load);
        load.Should().Contain("Places = ");

        var submitting = cluster.RunAsync(submission);
        await cluster.UntilEndedAsync(100, submitting);

        // One is cut off from the others, two die.
        await ClusterProcesses.FreezeAsync(cluster.Silos[3]);
        cluster.Silos[2].Kill();
        await cluster.UntilEndedAsync(300, submitting);
        if (!cluster.Silos[0].HasExited)
        {
            // On a machine that is too busy for them, silos take each other for dead: that was the second one then.
            cluster.Silos[1].Kill();
        }

        (status, var lines) = await submitting;
        ClusterProcesses.Signal(cluster.Silos[3], "CONT");
        foreach (var complaint in status == 0 ? [] : cluster.Complaints.AsEnumerable())
        {
            output.WriteLine(complaint);
        }

        status.Should().Be(0, "{0}", string.Join('\n', lines.Split('\n').Where(l => !l.Contains("\"failure\":null", StringComparison.Ordinal)).Take(5)));
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
        var (again, repeated) = await cluster.RunAsync(submission);
        again.Should().Be(0);
        (repeated == lines).Should().BeTrue("each key is the job that it was");
    }

    [SkippableFact]
    public async Task Kill_SiloInALongRun_GoesOnElsewhereFromItsLastCheckpoint()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Processes are stopped by Linux' signals.");

        // A state of 8 MB, of which a file is a small part of the seconds that the run takes.
        await using var cluster = new ClusterProcesses();
        var file = Path.Combine(cluster.Folder, "long.qasm");
        var circuit = RandomCircuits.Pairs(2, 19, Layers);
        await File.WriteAllTextAsync(file, OpenQasmWriter.Write(circuit));
        var checkpoints = Directory.CreateDirectory(Path.Combine(cluster.Folder, "checkpoints")).FullName;
        await cluster.StartSilosAsync(2, "--checkpoints", checkpoints);
        var submitting = cluster.RunAsync("submit", file, "--shots", "200", "--seed", "5", "--backend", "local-dense", "--json");
        await ClusterProcesses.UntilAsync(() => Task.FromResult(Directory.EnumerateFiles(checkpoints, "*.checkpoint").Any()), submitting);

        // A claim names no process: the silo that has the run is the one that works.
        var before = cluster.Silos.ToDictionary(s => s, ClusterProcesses.Worked);
        await Task.Delay(300);
        cluster.Silos.MaxBy(s => ClusterProcesses.Worked(s) - before[s])!.Kill();
        var (status, lines) = await submitting;

        status.Should().Be(0, "{0}", lines);
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
            await using var cluster = new ClusterProcesses(new NpgsqlConnectionStringBuilder(server) { SearchPath = schema, MaxPoolSize = 20 }.ConnectionString);
            var file = Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits", "teleport.qasm");
            await cluster.StartSilosAsync(2);
            var submitting = cluster.RunAsync("submit", file, "--copies", "100", "--json");
            await cluster.UntilEndedAsync(10, submitting);
            cluster.Silos[1].Kill();
            var (status, lines) = await submitting;

            status.Should().Be(0, "{0}", lines);
            lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(100).And.OnlyContain(l => l.Contains("Succeeded"));
            (await cluster.RunAsync("prune", "--hours", "0")).Status.Should().Be(0);
            ((long)(await source.CreateCommand($"SELECT COUNT(*) FROM {schema}.OrleansStorage WHERE GrainTypeString LIKE '%ended'").ExecuteScalarAsync())!).Should().Be(0);
        }
        finally
        {
            await source.CreateCommand($"DROP SCHEMA {schema} CASCADE").ExecuteNonQueryAsync();
        }
    }
}

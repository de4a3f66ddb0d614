using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Storage;
using PredictiveOrchestration.Benchmarks.Reliability;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Storage;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Benchmarks.Cluster;

/// <summary>What a cluster takes besides the runs, and what a second silo gives.</summary>
internal static class ClusterBenchmark
{
    // The runtime compiles anew what is called often, in steps and beside the program. It is all but done when it compiles so few of its 30,000 methods in so many jobs.
    private const int Round = 1000;
    private const int FewMethods = 100;
    private const int MostWarmUp = 30_000;

    /// <summary>Runs it.</summary>
    /// <param name="args">overhead [--jobs N=2000] [--distinct: a circuit of its own for each job] [--learning] | throughput [--jobs N=10000] [--milliseconds M=20] [--per-job K=100: runs in one job] [--postgres CONNECTION].</param>
    public static async Task<int> RunAsync(string[] args) => args switch
    {
        ["overhead", ..] => await OverheadAsync(args),
        ["throughput", ..] => await ThroughputAsync(args),
        _ => Fail("cluster overhead | throughput"),
    };

    /// <summary>A silo of the benchmark, as a process of its own.</summary>
    public static async Task<int> SiloAsync(string[] args)
    {
        using var host = Silo(Database(args), int.Parse(Value(args, "--port", "0"), CultureInfo.InvariantCulture), 1);
        await host.StartAsync();
        Console.WriteLine("ready");
        await host.WaitForShutdownAsync();
        return 0;
    }

    // Each circuit directly and by the cluster in turn, one at a time: what is above the run itself.
    private static async Task<int> OverheadAsync(string[] args)
    {
        var count = int.Parse(Value(args, "--jobs", "2000"), CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("cluster-benchmark").FullName;
        var database = Value(args, "--postgres", string.Empty) is { Length: > 0 } ? Database(args) : ClusterDatabase.Sqlite(Path.Combine(folder, "cluster.db"));
        await database.PrepareAsync();
        var calls = new ConcurrentDictionary<string, int>();
        using var host = Silo(database, 0, 2, args.Contains("--learning"), call =>
        {
            calls.AddOrUpdate($"{call.InterfaceName.Split('.')[^1]}.{call.MethodName}", 1, (_, n) => n + 1);
            return call.Invoke();
        });
        await host.StartAsync();
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>(OrleansWorkerOptions.StorageName) as SqliteGrainStorage;
        var (jobs, orchestrator) = (host.Services.GetRequiredService<ClusterJobs>(), host.Services.GetRequiredService<PredictiveOrchestrator>());
        var isDistinct = args.Contains("--distinct");
        var circuits = Enumerable.Range(0, 50).Select(i => Qft(6 + (i % 7))).ToList();
        async Task<(double Direct, double Cluster, double Processor)> OneAsync(int i)
        {
            var (circuit, request) = (isDistinct ? Qft(6 + (i % 7), i + 1) : circuits[i % circuits.Count], new OrchestrationRequest { Shots = 100, Seed = (ulong)i, Backend = "local-dense" });
            var start = Stopwatch.GetTimestamp();
            var run = await orchestrator.ExecuteAsync(circuit, request);
            var alone = Stopwatch.GetElapsedTime(start) - run.Timings.Service;
            var job = ClusterJobRequest.Of(circuit, request);
            (start, var processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var ended = await jobs.WaitAsync((await jobs.SubmitAsync(job)).Id);
            var far = Stopwatch.GetElapsedTime(start) - ended.Runs[0].Result!.Timings.Service;
            return (alone.TotalMilliseconds, far.TotalMilliseconds, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds);
        }

        async Task<List<(double Direct, double Cluster, double Processor)>> ManyAsync(int first, int many)
        {
            var times = new List<(double, double, double)>(many);
            for (var i = first; i < first + many; i++)
            {
                times.Add(await OneAsync(i));
            }

            return times;
        }

        var cold = new List<(double Direct, double Cluster, double Processor)>();
        for (var (done, compiled) = (0, 0L); done < MostWarmUp && JitInfo.GetCompiledMethodCount() - compiled > FewMethods; done += Round)
        {
            compiled = JitInfo.GetCompiledMethodCount();
            cold.AddRange(await ManyAsync(done, Round));
        }

        var (writes, commits, methods, collections, pause) = (storage?.Writes ?? 0, storage?.Commits ?? 0, JitInfo.GetCompiledMethodCount(), GC.CollectionCount(0), GC.GetTotalPauseDuration());
        calls.Clear();
        var times = await ManyAsync(cold.Count, count);
        (methods, collections, pause) = (JitInfo.GetCompiledMethodCount() - methods, GC.CollectionCount(0) - collections, GC.GetTotalPauseDuration() - pause);
        Print("while compiling", [.. cold.Select(t => t.Cluster - t.Direct)]);
        Print("in process", [.. times.Select(t => t.Direct)]);
        Print("by the cluster", [.. times.Select(t => t.Cluster)]);
        Print("difference", [.. times.Select(t => t.Cluster - t.Direct)]);

        // With the run and all that the process did beside: the same on a machine that does much else.
        Print("processor time", [.. times.Select(t => t.Processor)]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"meanwhile the runtime compiled {methods} methods and collected {collections} times, {pause.TotalMilliseconds:F1} ms in all"));
        if (storage is not null)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"for each job {(double)(storage.Writes - writes) / count:F2} states written in {(double)(storage.Commits - commits) / count:F2} transactions"));
        }

        foreach (var (call, made) in calls.OrderByDescending(c => c.Value))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {(double)made / count,6:F2} {call}"));
        }

        await host.StopAsync();
        Directory.Delete(folder, true);
        return 0;
    }

    // The same jobs on one silo and on two, each pinned to a core of its own; this process only submits and waits.
    private static async Task<int> ThroughputAsync(string[] args)
    {
        var (count, milliseconds, perJob) = (int.Parse(Value(args, "--jobs", "10000"), CultureInfo.InvariantCulture), double.Parse(Value(args, "--milliseconds", "20"), CultureInfo.InvariantCulture), int.Parse(Value(args, "--per-job", "10"), CultureInfo.InvariantCulture));
        var (circuit, shots) = await SizedAsync(milliseconds);
        await CeilingAsync(circuit, shots, Math.Min(count, 500));
        Console.WriteLine($"{count} runs of about {milliseconds} ms ({circuit.NumQubits} qubits, {circuit.Operations.Length} operations), {perJob} in a job");
        var seconds = new List<double>();
        foreach (var silos in new[] { 1, 2 })
        {
            var folder = Directory.CreateTempSubdirectory("cluster-benchmark").FullName;
            var database = ClusterDatabase.Sqlite(Path.Combine(folder, "cluster.db"));
            await database.PrepareAsync();
            var processes = Enumerable.Range(0, silos).Select(i => Start(["cluster-silo", "--db", Path.Combine(folder, "cluster.db")], i)).ToList();
            foreach (var process in processes)
            {
                while (await process.StandardOutput.ReadLineAsync() is { } line && line != "ready")
                {
                }
            }

            using var client = Host.CreateDefaultBuilder().ConfigureLogging(l => l.ClearProviders()).UseOrleansClient(c => c.UseClusterDatabase(database)).Build();
            await client.StartAsync();
            var jobs = new ClusterJobs(client.Services.GetRequiredService<IClusterClient>());
            var program = ClusterJobRequest.Of(circuit).Programs[0];
            async Task RunAsync(int jobCount)
            {
                var accepted = await Task.WhenAll(Enumerable.Range(0, (jobCount + perJob - 1) / perJob).Select(j => jobs.SubmitAsync(new ClusterJobRequest
                {
                    Programs = [.. Enumerable.Repeat(program, Math.Min(perJob, jobCount - (j * perJob)))], Request = new OrchestrationRequest { Shots = shots, Backend = "local-dense", Seed = (ulong)j }, AllowSplit = false,
                })));
                foreach (var job in accepted)
                {
                    var result = await jobs.WaitAsync(job.Id);
                    if (result.Status.State != ClusterJobState.Succeeded)
                    {
                        throw new InvalidOperationException($"Job {job.Id}: {result.Status.State}");
                    }
                }
            }

            await RunAsync(Math.Min(count, 20 * perJob) / 10);
            var (start, own, their) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, processes.ConvertAll(Cpu));
            await RunAsync(count);
            var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
            seconds.Add(took);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{silos} silo(s): {took:F1} s, {count / took:F1} runs/s; the silos worked {string.Join(" and ", processes.Select((p, i) => string.Create(CultureInfo.InvariantCulture, $"{Cpu(p) - their[i]:F1} s")))}, the driver {(Environment.CpuUsage.TotalTime - own).TotalSeconds:F1} s ({(Environment.CpuUsage.TotalTime - own).TotalSeconds / took:P1} of one core)"));
            await client.StopAsync();
            processes.ForEach(p => p.Kill());
            processes.ForEach(p => p.WaitForExit());
            Directory.Delete(folder, true);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"two silos to one: {seconds[0] / seconds[1]:F2}"));
        return 0;
    }

    // What the machine gives to two processes that have nothing to do with each other, against one: no cluster can give more.
    private static async Task CeilingAsync(Circuit circuit, int shots, int runs)
    {
        var seconds = new List<double>();
        foreach (var processes in new[] { 1, 2 })
        {
            var all = Enumerable.Range(0, processes).Select(i => Start(["cluster-plain", "--operations", $"{circuit.Operations.Length}", "--shots", $"{shots}", "--jobs", $"{runs}"], i)).ToList();
            var took = await Task.WhenAll(all.Select(async p => double.Parse((await p.StandardOutput.ReadToEndAsync()).Trim(), CultureInfo.InvariantCulture)));
            seconds.Add(took.Max() / processes);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"without a cluster: {runs} runs in {seconds[0]:F1} s by a process on a core of its own; two such processes do {seconds[0] / seconds[1]:F2} times as many"));
    }

    /// <summary>Runs a circuit again and again and tells what that took, as a process of its own.</summary>
    public static async Task<int> PlainAsync(string[] args)
    {
        int Number(string name) => int.Parse(Value(args, name, "0"), CultureInfo.InvariantCulture);
        var (engine, circuit) = (new PredictiveOrchestration.Simulation.StateVector.StateVectorSimulator(), Sized(Number("--operations")));
        var request = new Backends.ExecutionRequest { Circuit = circuit, Shots = Number("--shots"), Limits = new Backends.ExecutionLimits { Threads = 1 } };
        for (var i = 0; i < 50; i++)
        {
            await engine.ExecuteAsync(request);
        }

        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Number("--jobs"); i++)
        {
            await engine.ExecuteAsync(request with { Seed = (ulong)i });
        }

        Console.WriteLine(Stopwatch.GetElapsedTime(start).TotalSeconds.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static IHost Silo(ClusterDatabase database, int port, int concurrency, bool learning = false, Func<IIncomingGrainCallContext, Task>? filter = null)
    {
        var (silo, gateway) = port > 0 ? (port, port + 1) : (Free(), Free());
        return Host.CreateDefaultBuilder().ConfigureLogging(l => l.ClearProviders()).UseOrleans(s =>
        {
            s.UseClusterDatabase(database);
            if (filter is not null)
            {
                s.AddIncomingGrainCallFilter(c => filter(c));
            }

            s.Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, silo, gateway));
            s.AddPredictiveOrchestrationWorkers(o => (o.Concurrency, o.MaxBacklog, o.MaxTenantShare) = (concurrency, TimeSpan.FromHours(10), 1), b => b.Configure(c => (c.StateDirectory, c.Learning) = (string.Empty, learning)));
        }).Build();
    }

    // A circuit that takes about so long on one thread.
    private static async Task<(Circuit Circuit, int Shots)> SizedAsync(double milliseconds)
    {
        var engine = new PredictiveOrchestration.Simulation.StateVector.StateVectorSimulator();
        for (var depth = 1; ; depth += Math.Max(1, depth / 4))
        {
            var circuit = OfDepth(depth);
            var times = new List<double>();
            for (var i = 0; i < 5; i++)
            {
                times.Add((await engine.ExecuteAsync(new Backends.ExecutionRequest { Circuit = circuit, Shots = 100, Limits = new Backends.ExecutionLimits { Threads = 1 } })).Timings.Service.TotalMilliseconds);
            }

            if (times.Min() >= milliseconds)
            {
                return (circuit, 100);
            }
        }
    }

    private static Circuit OfDepth(int depth) => RandomCircuits.Pairs(1, 18, depth);

    private static Circuit Sized(int operations)
    {
        for (var depth = 1; ; depth++)
        {
            if (OfDepth(depth) is { } circuit && circuit.Operations.Length >= operations)
            {
                return circuit;
            }
        }
    }

    private static Circuit Qft(int qubits, int angle = 0)
    {
        var builder = new CircuitBuilder(qubits, qubits).RZ(0.001 * angle, 0);
        for (var i = 0; i < qubits; i++)
        {
            builder.H(i);
            for (var j = i + 1; j < qubits; j++)
            {
                builder.CP(Math.PI / (1 << (j - i)), j, i);
            }
        }

        for (var q = 0; q < qubits; q++)
        {
            builder.Measure(q, q);
        }

        return builder.Build();
    }

    private static double Cpu(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private static Process Start(string[] arguments, int core)
    {
        string[] pinned = OperatingSystem.IsLinux() ? ["taskset", "-c", $"{core}"] : [];
        var self = ChildProcess.With(arguments);
        string[] line = [.. pinned, self.FileName, .. self.ArgumentList];
        return Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true })!;
    }

    private static int Free()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static ClusterDatabase Database(string[] args) =>
        Value(args, "--postgres", string.Empty) is { Length: > 0 } connection ? ClusterDatabase.PostgreSql(connection) : ClusterDatabase.Sqlite(Value(args, "--db", "cluster.db"));

    private static void Print(string what, List<double> milliseconds)
    {
        milliseconds.Sort();
        double At(double share) => milliseconds[(int)(share * (milliseconds.Count - 1))];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-16} p50 {At(0.5),8:F3} ms   p90 {At(0.9),8:F3} ms   p99 {At(0.99),8:F3} ms   greatest {At(1),8:F3} ms   ({milliseconds.Count} jobs)"));
    }

    private static string Value(string[] args, string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;

    private static int Fail(string usage)
    {
        Console.Error.WriteLine(usage);
        return 2;
    }
}

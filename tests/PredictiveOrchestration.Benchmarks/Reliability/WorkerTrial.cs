using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.DependencyInjection;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>
/// A worker under many clients: each submits a job with an idempotency key, waits for it by long poll and fetches the result, at its own pace. In the middle the
/// server is killed and started again. Afterwards every accepted job must have its result, and the books must hold each of them once.
/// </summary>
internal static class WorkerTrial
{
    private const decimal Price = 0.01m;
    private const string Key = "trial-0123456789abcdef";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);

    /// <summary>Runs the trial.</summary>
    /// <param name="args">[--clients N=200] [--seconds S=60] [--rate JOBS_PER_SECOND=100] [--kills K=1] [--no-learning].</param>
    /// <returns>0 if every rule held.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var (clients, seconds, rate, kills) = (Number(args, "--clients", 200), Number(args, "--seconds", 60), Number(args, "--rate", 100), Number(args, "--kills", 1));
        var folder = Directory.CreateTempSubdirectory("worker-trial").FullName;
        var port = FreePort();
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2 * clients }) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(40) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        var trial = new Trial(http);
        var server = await StartAsync(folder, port, http, args.Contains("--no-learning"));
        trial.CalmFrom = Stopwatch.GetTimestamp() + (long)(WarmUp.TotalSeconds * Stopwatch.Frequency);
        try
        {
            using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
            var work = Enumerable.Range(0, clients).Select(i => Task.Run(() => ClientAsync(trial, i, clients / (double)rate, i / (double)rate, end.Token))).ToList();
            for (var k = 0; k < kills; k++)
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds / (double)(kills + 1)));
                trial.CalmFrom = long.MaxValue;
                server.Kill();
                await server.WaitForExitAsync();
                server = await StartAsync(folder, port, http, args.Contains("--no-learning"));
                trial.CalmFrom = Stopwatch.GetTimestamp() + (long)(WarmUp.TotalSeconds * Stopwatch.Frequency);
            }

            var calmAt = trial.CalmFrom - Stopwatch.GetTimestamp();
            await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, calmAt / (double)Stopwatch.Frequency)), end.Token).ContinueWith(_ => { }, CancellationToken.None);
            var (cpu, own, served) = (server.TotalProcessorTime, Environment.CpuUsage.TotalTime, trial.Accepted.Count);
            await Task.WhenAll(work);
            server.Refresh();

            // Where the server was not calm before the end there are none, and no figure.
            var calmJobs = trial.Accepted.Count > served ? trial.Accepted.Count - served : double.NaN;
            trial.ServerCpuMs = (server.TotalProcessorTime - cpu).TotalMilliseconds / calmJobs;
            trial.ClientCpuMs = (Environment.CpuUsage.TotalTime - own).TotalMilliseconds / calmJobs;
            var lost = 0;
            foreach (var id in trial.Accepted.Keys)
            {
                lost += await trial.EndedAsync(id) == "succeeded" ? 0 : 1;
            }

            server.Kill();
            await server.WaitForExitAsync();
            return Report(trial, folder, lost, clients, rate, kills);
        }
        finally
        {
            if (!server.HasExited)
            {
                server.Kill();
            }

            server.Dispose();
            Directory.Delete(folder, true);
        }
    }

    /// <summary>The process that serves.</summary>
    public static async Task<int> ChildAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{args[1]}");
        builder.Logging.ClearProviders();
        builder.Services.AddPredictiveOrchestration(o => o.Configure(c =>
        {
            (c.StateDirectory, c.Learning) = (Path.Combine(args[0], "state"), args[2] == "learning");
            foreach (var id in (string[])["local-dense", "local-sparse", "local-mps", "local-stabilizer"])
            {
                c.Prices[id] = new PriceModel { PerRun = Price };
            }
        }));
        builder.Services.AddPredictiveOrchestrationWorker(o =>
        {
            o.DatabasePath = Path.Combine(args[0], "jobs.db");
            o.ApiKeys.Add(WorkerApiKey.FromText("trial", Key));
        });
        await using var app = builder.Build();
        app.Use(WorkerPhases.StampAsync);
        app.MapPredictiveOrchestrationWorker();
        await app.RunAsync();
        return 0;
    }

    private static async Task ClientAsync(Trial trial, int client, double period, double offset, CancellationToken end)
    {
        var start = Stopwatch.GetTimestamp();
        for (var job = 0; !end.IsCancellationRequested; job++)
        {
            var due = TimeSpan.FromSeconds(offset + period * job) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, end).ContinueWith(_ => { }, CancellationToken.None);
                if (end.IsCancellationRequested)
                {
                    return;
                }
            }

            await trial.RunAsync($"{client}-{job}", Body(client, job));
        }
    }

    // A layered circuit of eight qubits, different for each job.
    private static string Body(int client, int job)
    {
        var random = new SeededRandom((ulong)client, (ulong)job);
        var source = new StringBuilder("OPENQASM 3.0; include \"stdgates.inc\"; qubit[8] q; bit[8] c; ");
        for (var layer = 0; layer < 4; layer++)
        {
            for (var q = 0; q < 8; q++)
            {
                source.Append(CultureInfo.InvariantCulture, $"ry({random.NextDouble():R}) q[{q}]; cx q[{q}], q[{(q + 1 + layer) % 8}]; ");
            }
        }

        return JsonSerializer.Serialize(new { program = new { format = "openqasm3", data = source.Append("c = measure q;").ToString() }, shots = 100, seed = job });
    }

    private static int Report(Trial trial, string folder, int lost, int clients, int rate, int kills)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "jobs.db")};Pooling=False");
        connection.Open();
        string Scalar(string text)
        {
            using var command = connection.CreateCommand();
            command.CommandText = text;
            return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
        }

        var (jobs, distinct, spent) = (long.Parse(Scalar("SELECT COUNT(*) FROM jobs")), long.Parse(Scalar("SELECT COUNT(DISTINCT idem) FROM jobs")), decimal.Parse(Scalar("SELECT spent FROM accounts"), CultureInfo.InvariantCulture));
        var again = trial.Accepted.Count - jobs;
        var overhead = trial.Overheads.Order().ToArray();
        var bare = trial.Overheads.Zip(trial.Latencies, (o, l) => l - o).Order().ToArray();
        var latency = trial.Latencies.Order().ToArray();
        double At(double[] values, double share) => values.Length == 0 ? double.NaN : values[Math.Min(values.Length - 1, (int)(share * values.Length))];
        Console.WriteLine($"{clients} clients at {rate} jobs/s together, {kills} kill(s): {trial.Accepted.Count} jobs accepted, {trial.Retries} submissions sent again, {trial.Wrong} results wrong");
        Console.WriteLine($"accepted and lost: {lost}; in the store {jobs}, of different keys {distinct}; booked {spent} for {jobs} jobs at {Price}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"calm jobs: {overhead.Length}; end to end p50 {At(latency, 0.5):F2} ms, p99 {At(latency, 0.99):F2} ms; over the bare simulation p50 {At(overhead, 0.5):F2} ms, p90 {At(overhead, 0.9):F2} ms, p99 {At(overhead, 0.99):F2} ms; simulation p50 {At(bare, 0.5):F2} ms; server {trial.ServerCpuMs:F2} ms of processor time a job"));
        WorkerPhases.Report(trial.Phases);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"clients {trial.ClientCpuMs:F2} ms of processor time a job"));
        var (typical, rare) = DiskTrial.Synchronise(folder);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"synchronising 4 KiB to this disk by itself, afterwards: p50 {typical:F2} ms, p99 {rare:F2} ms"));
        return lost == 0 && again == 0 && trial.Wrong == 0 && jobs == distinct && spent == jobs * Price ? 0 : 1;
    }

    private static async Task<Process> StartAsync(string folder, int port, HttpClient http, bool withoutLearning)
    {
        // What the project file of samples/RemoteWorker says, unless this process was started with other settings.
        var info = ChildProcess.With("worker-child", folder, $"{port}", withoutLearning ? "no-learning" : "learning");
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("DOTNET_TC_QuickJit", "0"), ("DOTNET_TieredPGO", "0"), ("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0")])
        {
            info.Environment.TryAdd(name, value);
        }

        var process = Process.Start(info)!;
        while (true)
        {
            try
            {
                if ((await http.GetAsync("/health/ready")).IsSuccessStatusCode)
                {
                    return process;
                }
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(20);
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static int Number(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? int.Parse(args[i + 1], CultureInfo.InvariantCulture) : otherwise;

    /// <summary>What the clients saw.</summary>
    private sealed class Trial(HttpClient http)
    {
        private int _retries;
        private int _wrong;

        public ConcurrentDictionary<string, string> Accepted { get; } = new();

        public ConcurrentBag<double> Overheads { get; } = [];

        public ConcurrentBag<double> Latencies { get; } = [];

        /// <summary>Processor time of the server for each job, simulation included.</summary>
        public double ServerCpuMs { get; set; }

        /// <summary>Processor time of the clients for each job.</summary>
        public double ClientCpuMs { get; set; }

        public ConcurrentBag<WorkerPhases> Phases { get; } = [];

        public int Retries => _retries;

        public int Wrong => _wrong;

        /// <summary>From when on times count: some seconds after a start, while the compiler is busy, they do not.</summary>
        public long CalmFrom { get; set; }

        public async Task RunAsync(string key, string body)
        {
            var (start, pauses) = (Stopwatch.GetTimestamp(), GC.GetTotalPauseDuration());
            var sent = DateTimeOffset.UtcNow;
            var phases = new WorkerPhases { Sent = sent };
            var (id, status) = await SubmitAsync(key, body, phases);
            var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            phases.Read = sent + TimeSpan.FromMilliseconds(elapsed);
            phases.ClientPauseMs = (GC.GetTotalPauseDuration() - pauses).TotalMilliseconds;
            var calm = status == "succeeded" && start > CalmFrom;
            Accepted[id] = key;
            if (await EndedAsync(id) != "succeeded")
            {
                return;
            }

            using var result = JsonDocument.Parse(await AskAsync(() => new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}/result")));
            if (result.RootElement.GetProperty("counts").EnumerateObject().Sum(c => c.Value.GetInt64()) != 100)
            {
                Interlocked.Increment(ref _wrong);
            }

            if (calm)
            {
                var timings = result.RootElement.GetProperty("timings");
                phases.EngineMs = timings.GetProperty("prepareMs").GetDouble() + timings.GetProperty("runMs").GetDouble() + timings.GetProperty("sampleMs").GetDouble();
                Phases.Add(phases);
                Latencies.Add(elapsed);
                Overheads.Add(elapsed - timings.GetProperty("prepareMs").GetDouble() - timings.GetProperty("runMs").GetDouble() - timings.GetProperty("sampleMs").GetDouble());
            }
        }

        public async Task<string> EndedAsync(string id)
        {
            while (true)
            {
                using var job = JsonDocument.Parse(await AskAsync(() =>
                {
                    var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}");
                    request.Headers.Add("Prefer", "wait=20");
                    return request;
                }));
                var status = job.RootElement.TryGetProperty("status", out var s) && s.ValueKind == JsonValueKind.String ? s.GetString()! : "lost";
                if (status is not ("queued" or "running"))
                {
                    return status;
                }
            }
        }

        private async Task<(string Id, string Status)> SubmitAsync(string key, string body, WorkerPhases phases)
        {
            using var job = JsonDocument.Parse(await AskAsync(() =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                request.Headers.Add("Idempotency-Key", key);
                request.Headers.Add("Prefer", "wait=20");
                return request;
            }, phases));
            phases.Take(job.RootElement);
            return (job.RootElement.GetProperty("id").GetString()!, job.RootElement.GetProperty("status").GetString()!);
        }

        // Asks until there is an answer that is not "later".
        private async Task<string> AskAsync(Func<HttpRequestMessage> make, WorkerPhases? phases = null)
        {
            while (true)
            {
                try
                {
                    using var request = make();
                    using var response = await http.SendAsync(request);
                    if (response.StatusCode is not (HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests))
                    {
                        phases?.Take(response);
                        return await response.Content.ReadAsStringAsync();
                    }
                }
                catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
                {
                    // The server is down: the same again, under the same key.
                }

                Interlocked.Increment(ref _retries);
                await Task.Delay(100);
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Processes of <c>samples/Cluster</c> that meet at one database, and a client in this process that watches them. None of them outlives it.</summary>
internal sealed class ClusterProcesses : IAsyncDisposable
{
    // Not what anything should take, but when a test that hangs is given up.
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(10);
    private readonly List<Process> _all = [];
    private readonly string[] _meeting;
    private readonly ClusterDatabase _database;
    private IHost? _client;

    /// <summary>Processes that meet at a PostgreSQL database, or at a file in <see cref="Folder"/>.</summary>
    public ClusterProcesses(string? postgres = null)
    {
        Folder = Directory.CreateTempSubdirectory("cluster-").FullName;
        var file = Path.Combine(Folder, "cluster.db");
        (_meeting, _database) = postgres is null ? (["--db", file], ClusterDatabase.Sqlite(file)) : (new[] { "--postgres", postgres }, ClusterDatabase.PostgreSql(postgres));
    }

    /// <summary>A folder of its own, removed at the end.</summary>
    public string Folder { get; }

    /// <summary>The silos in the order in which they were started, also those that were killed.</summary>
    public List<Process> Silos { get; } = [];

    /// <summary>What the silos have complained of, with their names.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>Starts silos at one time and waits until each is there.</summary>
    public async Task StartSilosAsync(int count, params string[] options)
    {
        var ready = Enumerable.Range(Silos.Count, count).Select(i => StartSilo($"silo-{i}", options)).ToList();
        await Task.WhenAll(ready).WaitAsync(Guard);
    }

    /// <summary>Runs a command to its end; its errors come first where it failed.</summary>
    public async Task<(int Status, string Output)> RunAsync(params string[] arguments)
    {
        var process = Start([.. arguments, .. _meeting]);
        var (text, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Guard);
        return (process.ExitCode, process.ExitCode == 0 ? await text : await error + await text);
    }

    /// <summary>Waits until the silos that are there have ended so many runs, or until something else is done.</summary>
    public async Task UntilEndedAsync(int runs, Task otherwise)
    {
        _client ??= await ConnectAsync();
        var jobs = new ClusterJobs(_client.Services.GetRequiredService<IClusterClient>());
        await UntilAsync(async () => (await jobs.GetLoadAsync()).Ended >= runs, otherwise);
    }

    /// <summary>Asks again and again until something is so, or something else is done.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, Task otherwise)
    {
        using var limit = new CancellationTokenSource(Guard);
        while (!otherwise.IsCompleted && !await condition())
        {
            await Task.Delay(200, limit.Token);
        }
    }

    /// <summary>The processor time that a process has used.</summary>
    public static TimeSpan Worked(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    /// <summary>Sends a signal of Linux.</summary>
    public static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>
    /// Stops a process where it does not hold the lock of a database: one that does stops all who share the file, on a single machine, which is no way to be cut off.
    /// </summary>
    public static async Task FreezeAsync(Process process)
    {
        var id = process.Id.ToString(CultureInfo.InvariantCulture);
        while (true)
        {
            Signal(process, "STOP");
            while (!process.HasExited && !(await File.ReadAllTextAsync($"/proc/{id}/stat")).Contains(") T ", StringComparison.Ordinal))
            {
                await Task.Delay(1);
            }

            var locks = await File.ReadAllLinesAsync("/proc/locks");
            if (!locks.Any(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "POSIX", _, "WRITE", var owner, ..] && owner == id))
            {
                return;
            }

            Signal(process, "CONT");
            await Task.Delay(20);
        }
    }

    /// <summary>Kills all that still runs, waits for its end, and removes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _all.ForEach(p => p.Kill());
        foreach (var process in _all)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }

        // Without a farewell: there is nobody any more.
        _client?.Dispose();
        Directory.Delete(Folder, true);
    }

    private Task StartSilo(string name, string[] options)
    {
        var silo = Start(["silo", "--name", name, "--no-calibration", "--concurrency", "2", "--state", Path.Combine(Folder, name), .. options, .. _meeting]);
        Silos.Add(silo);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        silo.OutputDataReceived += (_, e) =>
        {
            Complain(e.Data);
            if (e.Data is null)
            {
                ready.TrySetException(new InvalidOperationException($"'{name}' has ended."));
            }
            else if (e.Data.EndsWith("is there", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        };

        silo.ErrorDataReceived += (_, e) => Complain(e.Data);
        void Complain(string? line)
        {
            if (!string.IsNullOrEmpty(line) && Complaints.Count < 1000)
            {
                Complaints.Enqueue($"{name}: {line}");
            }
        }

        silo.BeginOutputReadLine();
        silo.BeginErrorReadLine();
        return ready.Task;
    }

    private Process Start(string[] arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var program = Path.Combine(SharedFiles.RepositoryRoot, ".artifacts", "bin", "Cluster", configuration, "Cluster.dll");
        var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder })!;
        _all.Add(process);
        return process;
    }

    private async Task<IHost> ConnectAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseClusterDatabase(_database);

            // A silo that is killed or frozen answers nothing: another one is asked then.
            client.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(2));
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using PredictiveOrchestration;
using PredictiveOrchestration.Orleans;

namespace Cluster;

/// <summary>Gives files to a cluster and waits for them.</summary>
internal static class SubmitCommand
{
    // Submissions under way.
    private const int AtOnce = 64;

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        if (arguments.Rest.Count == 0)
        {
            throw new UsageException("No file is named.");
        }

        using var host = await ConnectAsync(arguments, cancellationToken);
        var jobs = new ClusterJobs(host.Services.GetRequiredService<IClusterClient>());
        var (tenant, key, copies) = (arguments.Value("--tenant") ?? "default", arguments.Value("--key") ?? Guid.NewGuid().ToString("N"), arguments.Integer("--copies", 1, 1, 1_000_000));
        var waiting = new List<(string File, Task<ClusterJobResult?> Result)>();
        using var places = new SemaphoreSlim(AtOnce);
        for (var copy = 0; copy < copies; copy++)
        {
            foreach (var file in arguments.Rest)
            {
                var request = new ClusterJobRequest
                {
                    Programs = [await File.ReadAllTextAsync(file, cancellationToken)], Name = Path.GetFileName(file), Tenant = tenant,
                    Request = new OrchestrationRequest { Shots = arguments.Integer("--shots", 1000, 0, int.MaxValue), Seed = (ulong)arguments.Integer("--seed", 0, 0, int.MaxValue) + (ulong)copy, Backend = arguments.Value("--backend") },
                };
                await places.WaitAsync(cancellationToken);
                waiting.Add((file, OneAsync(jobs, request, $"{key}-{waiting.Count}", places, cancellationToken)));
            }
        }

        var failed = 0;
        foreach (var (file, result) in waiting)
        {
            failed += await result is { } ended && Print(file, ended, arguments) ? 0 : 1;
        }

        await host.StopAsync(CancellationToken.None);
        return failed == 0 ? 0 : 1;
    }

    public static async Task<int> LoadAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        using var host = await ConnectAsync(arguments, cancellationToken);
        Console.WriteLine(await new ClusterJobs(host.Services.GetRequiredService<IClusterClient>()).GetLoadAsync(cancellationToken));
        await host.StopAsync(CancellationToken.None);
        return 0;
    }

    private static async Task<ClusterJobResult?> OneAsync(ClusterJobs jobs, ClusterJobRequest request, string key, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        ClusterJobStatus status;
        try
        {
            status = await SubmitAsync(jobs, request, key, cancellationToken);
        }
        catch (ArgumentException exception)
        {
            await Console.Error.WriteLineAsync($"{request.Name}: {exception.Message}");
            return null;
        }
        finally
        {
            places.Release();
        }

        return await jobs.WaitAsync(status.Id, null, cancellationToken);
    }

    // Where there is too much work the cluster says when to come again.
    private static async Task<ClusterJobStatus> SubmitAsync(ClusterJobs jobs, ClusterJobRequest request, string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await jobs.SubmitAsync(request, key, cancellationToken);
            }
            catch (ClusterOverloadedException exception)
            {
                await Console.Error.WriteLineAsync($"{exception.Message} Again in {exception.RetryAfter.TotalSeconds:F0} s.");
                await Task.Delay(exception.RetryAfter, cancellationToken);
            }
        }
    }

    private static bool Print(string file, ClusterJobResult result, Arguments arguments)
    {
        var run = result.Runs.Count > 0 ? result.Runs[0] : new ClusterRun(null, "unknown", "the job is not known");
        var status = result.Status;
        if (arguments.Has("--json"))
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                file, id = status.Id, state = status.State.ToString(), seed = run.Result?.Seed, backend = run.Result?.BackendId, silos = status.Silos, parts = status.Parts, restarts = status.Restarts, resumedAt = status.ResumedAtOperation,
                seconds = run.Result?.Timings.Service.TotalSeconds, failure = run.FailureMessage, counts = run.Result?.Counts.OrderBy(c => c.Key).ToDictionary(c => c.Key.ToString(), c => c.Value),
            }));
            return run.Result is not null;
        }

        if (run.Result is not { } found)
        {
            Console.WriteLine($"{file}: {status.State}: {run.FailureMessage}");
            return false;
        }

        var resumed = status.ResumedAtOperation is { } at ? $", taken up at operation {at}" : string.Empty;
        Console.WriteLine($"{file}: {found.BackendId} on {string.Join(", ", status.Silos)}, {status.Parts} part(s), {found.Timings.Service.TotalSeconds:G3} s{resumed}");
        foreach (var (outcome, count) in found.Counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key).Take(arguments.Integer("--top", 5, 0, 1_000_000)))
        {
            Console.WriteLine($"    {outcome}  {count}");
        }

        return true;
    }

    private static async Task<IHost> ConnectAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var database = arguments.Database();
        await database.PrepareAsync(cancellationToken);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleansClient(client =>
        {
            client.UseClusterDatabase(database);

            // Silos may not be there yet.
            client.UseConnectionRetryFilter(async (_, token) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), token);
                return true;
            });
        });
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return host;
    }
}

using System.Globalization;
using CircuitRunner;
using PredictiveOrchestration;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Routing;

namespace RemoteWorker;

/// <summary>Runs a file where it is predicted to be done first: here or on the worker.</summary>
internal static class RunCommand
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        if (arguments.Rest.Count != 1)
        {
            throw new UsageException("Give one file.");
        }

        var options = new WorkerBackendOptions { Endpoint = arguments.Url("--worker"), Id = "worker", Credential = Credential(arguments) };
        var (shots, seed) = (arguments.Integer("--shots", 1000, 0, int.MaxValue), arguments.Integer("--seed", 0, 0, int.MaxValue));
        try
        {
            await using var worker = await WorkerBackend.ConnectAsync(options);
            await using var orchestrator = new PredictiveOrchestratorBuilder().AddBackend(worker).Build();
            await orchestrator.StartAsync();
            var circuit = (await OpenQasmReader.ReadFileAsync(arguments.Rest[0])).GetCircuitOrThrow();
            using var bar = new ProgressBar(Path.GetFileName(arguments.Rest[0]), TimeProvider.System);
            var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = shots, Seed = (ulong)seed, Backend = arguments.Has("--remote") ? "worker" : null, Progress = bar });
            bar.Dispose();
            Console.Write(result.Decision.Explain());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ran on {result.ActualBackend}: queue {result.Timings.Queue.TotalMilliseconds:F1} ms, run {result.Timings.Service.TotalMilliseconds:F1} ms"));
            foreach (var (outcome, count) in result.Counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key).Take(16))
            {
                Console.WriteLine($"{outcome}  {count}");
            }

            return 0;
        }
        catch (Exception exception) when (exception is BackendException or OpenQasmException or NoFeasibleBackendException or IOException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    private static RemoteCredential? Credential(Arguments arguments) =>
        arguments.Value("--api-key") is { } key ? RemoteCredential.FromSecret(key)
        : Environment.GetEnvironmentVariable("WORKER_API_KEY") is { Length: > 0 } ? RemoteCredential.FromEnvironment("WORKER_API_KEY") : null;
}
